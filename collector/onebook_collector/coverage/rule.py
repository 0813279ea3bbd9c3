"""Every threshold and window of the informatization coverage (储备库信息化覆盖率), as one versioned value.

The plan names the target and no definition; what stands here is a proposal that a province may change. A snapshot keeps the rule
that it was made with, so a changed rule changes no figure of the past.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Pct = Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]
_Days = Annotated[int, Field(ge=1, le=3_650)]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]


class CoverageRule(BaseModel):
    """When a reserve warehouse counts as informatized. Whoever changes a value gives `version` a new name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(
        default="1", min_length=1, max_length=40, description="name of this rule; new with each change"
    )
    target_pct: Pct = Field(default=Decimal(95), description="share of warehouses that is aimed at")
    active_days_min: _Days = Field(default=30, description="a warehouse is in scope once it was active for so long")
    removed_listed_days: _Days = Field(default=365, description="what was taken out of scope stays listed for so long")
    steady_days: int = Field(default=7, ge=1, le=60, description="a grade rises and falls after so many days in a row")
    silent_hours_max: int = Field(default=72, ge=1, le=10_000, description="a grade falls at once beyond this silence")
    partial_others_min: int = Field(default=2, ge=0, le=4, description="partial: e1, e2 and at least so many others")

    mapped_pct_min: Pct = Field(default=Decimal(98), description="e1: stock lines that the provincial catalogue knows")

    alive_days: _Days = Field(default=30, description="e2: window")
    alive_pct_min: Pct = Field(default=Decimal(95), description="e2: share of time covered by heartbeats")
    heartbeat_minutes: int = Field(default=5, ge=1, le=1_440, description="e2: time that one heartbeat covers")
    silent_gap_hours_max: int = Field(default=24, ge=1, le=10_000, description="e2: longest silence within the window")

    captured_days: _Days = Field(default=90, description="e3: window")
    captured_pct_min: Pct = Field(
        default=Decimal(95), description="e3: lines captured by a device and recorded in time"
    )
    recorded_minutes_max: int = Field(default=30, ge=1, le=100_000, description="e3: recorded so soon is in time")
    quiet_lines: _Count = Field(default=5, description="e3: a warehouse with fewer lines is quiet")
    quiet_days: _Days = Field(default=365, description="e3: window of a quiet warehouse")
    scan_check_lines_min: _Count = Field(default=10, description="e3: lines of a scan check, if it is still quiet")
    scan_check_days: _Days = Field(default=180, description="e3: window of the scan check")

    counted_days_max: _Days = Field(default=183, description="e4: age of the last full stocktake")
    counted_pct_min: Pct = Field(default=Decimal(95), description="e4: stock lines that make a stocktake a full one")
    agreement_pct_min: Pct = Field(default=Decimal(98), description="e4: counted lines that agree with the book")
    value_difference_pct_max: Pct = Field(default=Decimal(1), description="e4: sum of all differences, by value")
    weighed_tolerance_pct: Pct = Field(default=Decimal("0.5"), description="e4: weighed bulk agrees within this")
    grain_tolerance_pct: Pct = Field(default=Decimal(2), description="e4: grain by measurement agrees within this")

    telemetry_days: _Days = Field(default=30, description="e5: window")
    telemetry_pct_min: Pct = Field(default=Decimal(95), description="e5: readings received over readings due, by zone")
    reading_minutes: int = Field(default=30, ge=1, le=1_440, description="e5: a reading is due in each such span")

    reconciled_days: _Days = Field(default=30, description="e6: window")
    reconciled_known_pct_min: Pct = Field(default=Decimal(90), description="e6: days of the window that must be known")
    passed_hours_max: int = Field(default=24, ge=1, le=10_000, description="e6: records older than this are booked")
    book_checked_days_max: _Days = Field(default=7, description="e6: age of the last full check of the book")
    quarantine_days_max: _Days = Field(default=7, description="e6: nothing waits in quarantine for longer")


def reaches(part: int, whole: int, pct: Decimal) -> bool:
    """Whether `part` of `whole` is at least so many percent, exactly. Of nothing, everything is there."""
    return part * 100 >= pct * whole


def percent(part: int, whole: int) -> Decimal | None:
    """Rounded down to a tenth, so that 95.0 means that 95 is reached; None: of nothing there is no share."""
    return Decimal(part * 1_000 // whole) / 10 if whole else None
