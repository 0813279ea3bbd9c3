"""What is missing until this warehouse counts as informatized, as far as the box itself can judge. Pure.

The centre computes six pieces of evidence (e1 to e6). A box sees its own part of them; of what only the centre knows it says so.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 86_400_000
CAPTURED_MIN_PERCENT: Final = 95
LINES_FEW: Final = 5  # With fewer movement lines a share says nothing.
COUNTED_WITHIN_DAYS: Final = 183
WAITS_DAYS_MAX: Final = 1


class Verdict(enum.StrEnum):
    FINE = "fine"  # As far as the box can see.
    MISSING = "missing"
    UNKNOWN = "unknown"  # Only the centre knows, or nothing has happened yet.


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """`None`: not known here."""

    is_enrolled: bool
    devices_heard: int
    people: int | None
    is_connected: bool
    lines_captured: int  # Of movement lines in the last 90 days.
    lines_by_hand: int
    counted_days_ago: int | None
    zones_with_limits: int | None
    zones_measured: int
    waits_ms: int  # Age of the oldest record that waits.


@dataclass(frozen=True, slots=True)
class Evidence:
    """`key` and `reason` name texts of the locales; `values` go into them."""

    key: str
    verdict: Verdict
    reason: str
    values: tuple[tuple[str, object], ...] = ()


def judge(facts: OwnFacts) -> Iterator[Evidence]:
    yield _enrolled(facts)
    yield Evidence("e2", *((Verdict.UNKNOWN, "e2_connected") if facts.is_connected else (Verdict.MISSING, "e2_away")))
    yield _captured(facts)
    yield _counted(facts)
    yield _measured(facts)
    yield _delivered(facts)


def _enrolled(facts: OwnFacts) -> Evidence:
    if not facts.is_enrolled:
        return Evidence("e1", Verdict.MISSING, "e1_not_enrolled")
    if not facts.devices_heard:
        return Evidence("e1", Verdict.MISSING, "e1_no_device")
    if not facts.people:
        return Evidence("e1", Verdict.MISSING, "e1_nobody")
    return Evidence("e1", Verdict.FINE, "e1_fine")


def _captured(facts: OwnFacts) -> Evidence:
    lines = facts.lines_captured + facts.lines_by_hand
    if lines < LINES_FEW:
        return Evidence("e3", Verdict.UNKNOWN, "e3_few", (("lines", lines),))
    percent = facts.lines_captured * 100 // lines  # Rounded down: 95 means 95.
    values = (("percent", percent), ("by_hand", facts.lines_by_hand))
    return Evidence(
        "e3", *((Verdict.FINE, "e3_fine") if percent >= CAPTURED_MIN_PERCENT else (Verdict.MISSING, "e3_low")), values
    )


def _counted(facts: OwnFacts) -> Evidence:
    days = facts.counted_days_ago
    if days is None:
        return Evidence("e4", Verdict.MISSING, "e4_never")
    verdict, reason = (Verdict.UNKNOWN, "e4_partly") if days <= COUNTED_WITHIN_DAYS else (Verdict.MISSING, "e4_old")
    return Evidence("e4", verdict, reason, (("days", days),))


def _measured(facts: OwnFacts) -> Evidence:
    if facts.zones_with_limits is None:
        return Evidence("e5", Verdict.UNKNOWN, "e5_no_site")
    if not facts.zones_with_limits:
        return Evidence("e5", Verdict.FINE, "e5_none")
    missing = facts.zones_with_limits - facts.zones_measured
    return (
        Evidence("e5", Verdict.MISSING, "e5_silent", (("zones", missing),))
        if missing
        else Evidence("e5", Verdict.FINE, "e5_fine")
    )


def _delivered(facts: OwnFacts) -> Evidence:
    days = facts.waits_ms // DAY_MS
    if days >= WAITS_DAYS_MAX:
        return Evidence("e6", Verdict.MISSING, "e6_waits", (("days", days),))
    return Evidence("e6", Verdict.UNKNOWN, "e6_fine")
