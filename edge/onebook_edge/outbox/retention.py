"""What is kept, and what gives way when the disk budget is used up. Pure.

The order in which things give way: delivered telemetry; then telemetry that waits is thinned, oldest first, keeping extremes;
then new telemetry is not taken (and counted). The journal has a reserve of its own and is never thinned: delivered journal events
stay for `retain_days` (a collector restored from last night's backup is refilled from them) unless the reserve runs out, and
when even that is full, new work is refused before the person believes that it was booked.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

DAY_MS = 86_400_000
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DiskBudget:
    """How much of the disk each stream may take. `free_bytes_min` is left to the operating system whatever happens."""

    journal_bytes: int = 512 * MIB
    telemetry_bytes: int = 1536 * MIB
    free_bytes_min: int = 64 * MIB
    retain_days: int = 90
    thin_at: float = 0.9  # Share of a budget at which room is made, so that there is always some.


class Admission(enum.StrEnum):
    TAKE = "take"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class TelemetryRoom:
    """Whether telemetry may be taken, and down to how many bytes room is to be made: delivered events go, then thinning."""

    admission: Admission
    keep_bytes: int


def journal_admission(budget: DiskBudget, used_bytes: int, free_bytes: int) -> Admission:
    """Whether a journal event may be taken: its reserve is its own, the disk's last bytes are not."""
    if used_bytes >= budget.journal_bytes or free_bytes <= 0:
        return Admission.REFUSE
    return Admission.TAKE


def telemetry_room(budget: DiskBudget, used_bytes: int, free_bytes: int) -> TelemetryRoom:
    """How to make room for telemetry. A disk that others fill counts like a budget that is used up."""
    allowed = min(budget.telemetry_bytes, used_bytes + free_bytes - budget.free_bytes_min)
    target = int(allowed * budget.thin_at)
    admission = Admission.TAKE if used_bytes < allowed else Admission.REFUSE
    return TelemetryRoom(admission, keep_bytes=max(target, 0))


def delivered_before_ms(budget: DiskBudget, now_wall_ms: int) -> int:
    """Delivered journal events older than this may go."""
    return now_wall_ms - budget.retain_days * DAY_MS
