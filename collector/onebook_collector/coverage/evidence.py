"""The six pieces of evidence that a warehouse is informatized: its figures -> a verdict with its reasons. Pure.

What nobody has recorded yet is `unknown`, which counts as little as `fail`: a share that anyone can tick would be worthless.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from onebook_collector.coverage.rule import CoverageRule, percent, reaches

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


class Key(enum.StrEnum):
    E1_ENROLLED = "e1_enrolled"
    E2_ALIVE = "e2_alive"
    E3_CAPTURED = "e3_captured"
    E4_COUNTED = "e4_counted"
    E5_TELEMETRY = "e5_telemetry"
    E6_RECONCILED = "e6_reconciled"


class Verdict(enum.StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    UNKNOWN = "unknown"  # Nothing is known yet, or not for long enough.


class Reason(NamedTuple):
    """`text` names one of `texts.py`; `values` go into it."""

    text: str
    values: Mapping[str, int | str] = {}


@dataclass(frozen=True, slots=True)
class Evidence:
    """`measured` and `needed` are percent, for a bar; None: nothing to measure."""

    key: Key
    verdict: Verdict
    reasons: tuple[Reason, ...]
    measured: Decimal | None = None
    needed: Decimal | None = None
    figures: Mapping[str, int | str | None] = field(default_factory=dict)

    @property
    def holds(self) -> bool:
        return self.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE)


# e1 ---------------------------------------------------------------------------------------------------------------


class Enrolled(NamedTuple):
    """What stands at a warehouse now. `stock_lines`: of the book; `unmapped`: things that wait because no item is known."""

    edges: int = 0
    edges_certified: int = 0
    devices_tested: int = 0
    keepers: int = 0
    stock_lines: int = 0
    unmapped: int = 0


def judge_enrolled(facts: Enrolled, rule: CoverageRule) -> Evidence:
    lines = facts.stock_lines + facts.unmapped
    reasons = []
    if not facts.edges:
        reasons.append(Reason("e1_no_edge"))
    elif not facts.edges_certified:
        reasons.append(Reason("e1_no_certificate"))
    if not facts.devices_tested:
        reasons.append(Reason("e1_no_device"))
    if not facts.keepers:
        reasons.append(Reason("e1_no_keeper"))
    if not reaches(facts.stock_lines, lines, rule.mapped_pct_min):
        reasons.append(Reason("e1_unmapped", {"unmapped": facts.unmapped}))
    if not lines:
        reasons.append(Reason("e1_no_stock"))
    return _judged(
        Key.E1_ENROLLED,
        reasons,
        Reason("e1_pass", {"devices": facts.devices_tested, "lines": facts.stock_lines}),
        percent(facts.stock_lines, lines),
        rule.mapped_pct_min,
        facts._asdict(),
    )


# e2 ---------------------------------------------------------------------------------------------------------------


class Alive(NamedTuple):
    """The edge of a warehouse that was heard least. Time that the centre did not listen, or that was declared, is not due."""

    has_edge: bool = False
    recorded_from_ms: int | None = None  # Since when heartbeats are kept; None: not at all.
    window_from_ms: int = 0
    window_until_ms: int = 0
    due_ms: int = 0
    heard_ms: int = 0
    longest_silence_ms: int = 0


def judge_alive(facts: Alive, rule: CoverageRule) -> Evidence:
    measured = percent(facts.heard_ms, facts.due_ms)
    figures = {
        "due_minutes": facts.due_ms // MINUTE_MS,
        "heard_minutes": facts.heard_ms // MINUTE_MS,
        "longest_silence_minutes": facts.longest_silence_ms // MINUTE_MS,
    }
    if not facts.has_edge:
        return Evidence(Key.E2_ALIVE, Verdict.FAIL, (Reason("e2_no_edge"),), None, rule.alive_pct_min, figures)
    since = facts.recorded_from_ms
    # What the centre did not hear because it was down itself proves nothing, either way.
    listened = facts.due_ms * 2 >= facts.window_until_ms - facts.window_from_ms
    if since is None or since > facts.window_from_ms or not listened:
        reason = (
            Reason("e2_unknown", {"since_at": since, "days": rule.alive_days})
            if since is not None
            else Reason("e2_unrecorded", {"days": rule.alive_days})
        )
        return Evidence(Key.E2_ALIVE, Verdict.UNKNOWN, (reason,), measured, rule.alive_pct_min, figures)
    reasons = []
    if not reaches(facts.heard_ms, facts.due_ms, rule.alive_pct_min):
        reasons.append(Reason("e2_low", {"percent": str(measured), "needed": plain(rule.alive_pct_min)}))
    if facts.longest_silence_ms > rule.silent_gap_hours_max * HOUR_MS:
        reasons.append(Reason("e2_gap", {"hours": facts.longest_silence_ms // HOUR_MS}))
    fine = Reason("e2_pass", {"percent": str(measured), "days": rule.alive_days})
    return _judged(Key.E2_ALIVE, reasons, fine, measured, rule.alive_pct_min, figures)


# e3 ---------------------------------------------------------------------------------------------------------------


class Lines(NamedTuple):
    """Lines of movements in a window. `by_hand`: no device wrote them; `late`: one did, and they came too late."""

    all: int = 0
    by_hand: int = 0
    late: int = 0

    @property
    def captured(self) -> int:
        return self.all - self.by_hand - self.late


class Captured(NamedTuple):
    lines: Lines = Lines()
    quiet_lines: Lines = Lines()  # In the longer window.
    scan_checked: int = 0  # Lines counted by a device.


def judge_captured(facts: Captured, rule: CoverageRule) -> Evidence:
    """A quiet warehouse is judged by its year; one that is quieter still by a scan check, which proves that devices work."""
    lines, days = facts.lines, rule.captured_days
    if lines.all < rule.quiet_lines:
        lines, days = facts.quiet_lines, rule.quiet_days
    figures = {
        "days": days,
        "lines": lines.all,
        "captured": lines.captured,
        "by_hand": lines.by_hand,
        "late": lines.late,
        "scan_checked": facts.scan_checked,
    }
    if lines.all < rule.quiet_lines:
        return _judge_scan_check(facts.scan_checked, rule, figures)
    reasons = []
    if not reaches(lines.captured, lines.all, rule.captured_pct_min):
        if lines.by_hand:
            reasons.append(Reason("e3_by_hand", {"days": days, "by_hand": lines.by_hand, "lines": lines.all}))
        if lines.late:
            reasons.append(Reason("e3_late", {"days": days, "late": lines.late, "lines": lines.all}))
    measured = percent(lines.captured, lines.all)
    fine = Reason("e3_pass", {"days": days, "captured": lines.captured, "lines": lines.all})
    return _judged(Key.E3_CAPTURED, reasons, fine, measured, rule.captured_pct_min, figures)


def _judge_scan_check(checked: int, rule: CoverageRule, figures: Mapping[str, int | str | None]) -> Evidence:
    needed = rule.scan_check_lines_min
    values: dict[str, int | str] = {"checked": checked, "needed": needed, "days": rule.scan_check_days}
    reasons = [] if checked >= needed else [Reason("e3_no_scan_check", values)]
    measured = min(percent(checked, needed) or Decimal(0), Decimal(100))
    return _judged(Key.E3_CAPTURED, reasons, Reason("e3_quiet", values), measured, Decimal(100), figures)


# e4 ---------------------------------------------------------------------------------------------------------------


class Counted(NamedTuple):
    """The last full stocktake. Value in fen (1/100 CNY); `unpriced`: lines that differ and of whose item no price is known."""

    age_days: int | None = None  # None: there is none, as far as was looked back.
    looked_back_days: int = 0
    lines_then: int = 0
    lines_counted: int = 0
    compared: int = 0  # Counts of that stocktake: each line's first one.
    agreeing: int = 0
    difference_fen: int = 0
    value_fen: int = 0
    unpriced: int = 0


def judge_counted(facts: Counted, rule: CoverageRule) -> Evidence:
    figures = facts._asdict()
    if facts.age_days is None:
        reason = Reason("e4_never", {"days": facts.looked_back_days, "needed": plain(rule.counted_pct_min)})
        return Evidence(Key.E4_COUNTED, Verdict.FAIL, (reason,), None, rule.agreement_pct_min, figures)
    reasons = []
    if facts.age_days > rule.counted_days_max:
        reasons.append(Reason("e4_old", {"days": facts.age_days, "max": rule.counted_days_max}))
    differing = facts.compared - facts.agreeing
    if not reaches(facts.agreeing, facts.compared, rule.agreement_pct_min):
        reasons.append(Reason("e4_differs", {"differing": differing, "lines": facts.compared}))
    # Unpriced differences only add to those that have a price.
    too_much = facts.difference_fen * 100 > rule.value_difference_pct_max * facts.value_fen
    if facts.difference_fen and too_much:
        values: dict[str, int | str] = {"max": plain(rule.value_difference_pct_max)}
        reasons.append(Reason("e4_value", values | {"difference": yuan(facts.difference_fen)}))
    measured = percent(facts.agreeing, facts.compared)
    if not reasons and facts.unpriced:
        unknown = Reason("e4_unpriced", {"lines": facts.unpriced})
        return Evidence(Key.E4_COUNTED, Verdict.UNKNOWN, (unknown,), measured, rule.agreement_pct_min, figures)
    fine = Reason("e4_pass", {"days": facts.age_days, "agreeing": facts.agreeing, "lines": facts.compared})
    return _judged(Key.E4_COUNTED, reasons, fine, measured, rule.agreement_pct_min, figures)


# e5 ---------------------------------------------------------------------------------------------------------------


class ZoneReadings(NamedTuple):
    """Of one zone that holds goods with limits."""

    zone: str
    due: int
    received: int


class Measured(NamedTuple):
    zones: tuple[ZoneReadings, ...] = ()
    lines_outside: int = 0  # Stock lines with limits that lie in no zone.


def judge_measured(facts: Measured, rule: CoverageRule) -> Evidence:
    """The worst zone decides."""
    figures: dict[str, int | str | None] = {
        "due": sum(one.due for one in facts.zones),
        "received": sum(one.received for one in facts.zones),
        "zones": len(facts.zones),
        "lines_outside": facts.lines_outside,
    }
    if not facts.zones and not facts.lines_outside:
        nothing = Reason("e5_not_applicable")
        return Evidence(Key.E5_TELEMETRY, Verdict.NOT_APPLICABLE, (nothing,), figures=figures)
    reasons = [
        Reason("e5_low", {"zone": one.zone, "percent": str(percent(one.received, one.due))})
        for one in facts.zones
        if not reaches(one.received, one.due, rule.telemetry_pct_min)
    ]
    if facts.lines_outside:
        reasons.append(Reason("e5_outside", {"lines": facts.lines_outside}))
    worst = min((percent(one.received, one.due) or Decimal(0) for one in facts.zones), default=Decimal(0))
    fine = Reason("e5_pass", {"percent": str(worst), "days": rule.telemetry_days, "zones": len(facts.zones)})
    return _judged(Key.E5_TELEMETRY, reasons, fine, worst, rule.telemetry_pct_min, figures)


# e6 ---------------------------------------------------------------------------------------------------------------


class Reconciled(NamedTuple):
    """How the book and the edges of a warehouse stand to each other today, and how many of the days before held.

    None: not known. `not_passed`: edges with records older than allowed that the book may lack; `broken`: edges whose chain does
    not verify; `quarantined`: what waits for too long; `book_holds`: the book's own check, balances among it, found nothing.
    """

    edges: int = 0
    not_passed: int = 0
    broken: int = 0
    quarantined: int = 0
    book_holds: bool | None = None
    days_before: int = 0  # Days of the window that are known, without today.
    days_held: int = 0

    @property
    def holds_today(self) -> bool | None:
        if self.not_passed or self.broken or self.quarantined or not self.edges or self.book_holds is False:
            return False
        return self.book_holds


def judge_reconciled(facts: Reconciled, rule: CoverageRule) -> Evidence:
    held = facts.days_held + (facts.holds_today is True)
    known = facts.days_before + (facts.holds_today is not None)
    reasons = [reason for is_so, reason in (
        (not facts.edges, Reason("e6_no_edge")),
        (facts.not_passed, Reason("e6_not_passed", {"hours": rule.passed_hours_max})),
        (facts.broken, Reason("e6_broken")),
        (facts.quarantined, Reason("e6_quarantined", {"events": facts.quarantined, "days": rule.quarantine_days_max})),
        (facts.book_holds is False, Reason("e6_book_broken")),
    ) if is_so]  # fmt: skip
    if not reasons and held < known:
        reasons.append(Reason("e6_not_always", {"failed": known - held, "days": rule.reconciled_days}))
    measured = percent(held, known)
    figures = {name: value for name, value in facts._asdict().items() if name != "book_holds"}
    if not reasons and (
        facts.holds_today is None or not reaches(known, rule.reconciled_days, rule.reconciled_known_pct_min)
    ):
        unknown = Reason("e6_unknown", {"known": known, "days": rule.reconciled_days})
        return Evidence(Key.E6_RECONCILED, Verdict.UNKNOWN, (unknown,), measured, Decimal(100), figures)
    return _judged(Key.E6_RECONCILED, reasons, Reason("e6_pass", {"days": known}), measured, Decimal(100), figures)


def plain(value: Decimal) -> str:
    """95, 0.5: without idle zeros."""
    return format(value.normalize(), "f")


def yuan(fen: int) -> str:
    return f"{Decimal(fen) / 100:,.2f}"


def _judged(
    key: Key,
    reasons: list[Reason],
    fine: Reason,
    measured: Decimal | None,
    needed: Decimal,
    figures: Mapping[str, int | str | None],
) -> Evidence:
    verdict = Verdict.FAIL if reasons else Verdict.PASS
    return Evidence(key, verdict, tuple(reasons) or (fine,), measured, needed, figures)
