"""Facts of one warehouse that pass, for tests that break one of them."""

from __future__ import annotations

from onebook_collector.coverage.evidence import (
    HOUR_MS,
    Alive,
    Captured,
    Counted,
    Enrolled,
    Evidence,
    Key,
    Lines,
    Measured,
    Reconciled,
    Verdict,
    ZoneReadings,
)
from onebook_collector.coverage.rule import CoverageRule

RULE = CoverageRule()
MONTH_MS = 30 * 24 * HOUR_MS
ENROLLED = Enrolled(edges=1, edges_certified=1, devices_tested=1, keepers=1, stock_lines=100, unmapped=0)
ALIVE = Alive(True, 0, MONTH_MS, 2 * MONTH_MS, MONTH_MS, MONTH_MS, 0)
CAPTURED = Captured(Lines(100), Lines(400))
COUNTED = Counted(10, 366, 100, 100, 100, 100, 0, 1_000_000)
MEASURED = Measured((ZoneReadings("COLD", 1_000, 1_000),))
RECONCILED = Reconciled(edges=1, book_holds=True, days_before=29, days_held=29)


def verdicts(**other: Verdict) -> list[Evidence]:
    """All six pass, but for those that are named: e3=Verdict.FAIL."""
    return [Evidence(key, other.get(key.value[:2], Verdict.PASS), ()) for key in Key]
