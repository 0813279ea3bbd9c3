"""Each piece of evidence at each of its boundaries."""

from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_collector.coverage.evidence import (
    HOUR_MS,
    Alive,
    Captured,
    Counted,
    Enrolled,
    Evidence,
    Lines,
    Measured,
    Reconciled,
    Verdict,
    ZoneReadings,
    judge_alive,
    judge_captured,
    judge_counted,
    judge_enrolled,
    judge_measured,
    judge_reconciled,
)
from onebook_collector.coverage.texts import NAMES, TEXTS, words
from tests.unit.collector.coverage.made import ALIVE, CAPTURED, COUNTED, ENROLLED, MEASURED, MONTH_MS, RECONCILED, RULE

PASS, FAIL, UNKNOWN, NOT_APPLICABLE = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE
DAY_MS = 24 * HOUR_MS


def said(evidence: Evidence) -> tuple[Verdict, list[str]]:
    """The verdict and the reasons, which can all be put into words."""
    for reason in evidence.reasons:
        zh, en = words(reason)
        assert "{" not in zh + en
    return evidence.verdict, [reason.text for reason in evidence.reasons]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ENROLLED, (PASS, ["e1_pass"])),
        (ENROLLED._replace(edges=0, edges_certified=0), (FAIL, ["e1_no_edge"])),
        (ENROLLED._replace(edges=2, edges_certified=0), (FAIL, ["e1_no_certificate"])),
        (ENROLLED._replace(edges=2, edges_certified=1), (PASS, ["e1_pass"])),
        (ENROLLED._replace(devices_tested=0), (FAIL, ["e1_no_device"])),
        (ENROLLED._replace(keepers=0), (FAIL, ["e1_no_keeper"])),
        (ENROLLED._replace(stock_lines=98, unmapped=2), (PASS, ["e1_pass"])),
        (ENROLLED._replace(stock_lines=97, unmapped=2), (FAIL, ["e1_unmapped"])),
        (ENROLLED._replace(stock_lines=0), (FAIL, ["e1_no_stock"])),
        (Enrolled(), (FAIL, ["e1_no_edge", "e1_no_device", "e1_no_keeper", "e1_no_stock"])),
    ],
)
def test_enrolled(facts: Enrolled, expected: tuple[Verdict, list[str]]) -> None:
    assert said(judge_enrolled(facts, RULE)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ALIVE, (PASS, ["e2_pass"])),
        (ALIVE._replace(heard_ms=MONTH_MS * 95 // 100), (PASS, ["e2_pass"])),
        (ALIVE._replace(heard_ms=MONTH_MS * 95 // 100 - 1), (FAIL, ["e2_low"])),
        (ALIVE._replace(longest_silence_ms=DAY_MS), (PASS, ["e2_pass"])),
        (ALIVE._replace(longest_silence_ms=DAY_MS + 1), (FAIL, ["e2_gap"])),
        (ALIVE._replace(heard_ms=0, longest_silence_ms=MONTH_MS), (FAIL, ["e2_low", "e2_gap"])),
        (ALIVE._replace(recorded_from_ms=MONTH_MS), (PASS, ["e2_pass"])),
        (ALIVE._replace(recorded_from_ms=MONTH_MS + 1), (UNKNOWN, ["e2_unknown"])),
        (ALIVE._replace(recorded_from_ms=None, due_ms=0, heard_ms=0), (UNKNOWN, ["e2_unrecorded"])),
        (ALIVE._replace(due_ms=MONTH_MS // 2, heard_ms=MONTH_MS // 2), (PASS, ["e2_pass"])),
        (ALIVE._replace(due_ms=MONTH_MS // 2 - 1, heard_ms=MONTH_MS // 2 - 1), (UNKNOWN, ["e2_unknown"])),
        (Alive(), (FAIL, ["e2_no_edge"])),
    ],
)
def test_alive(facts: Alive, expected: tuple[Verdict, list[str]]) -> None:
    assert said(judge_alive(facts, RULE)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (CAPTURED, (PASS, ["e3_pass"])),
        (Captured(Lines(100, by_hand=5)), (PASS, ["e3_pass"])),
        (Captured(Lines(100, by_hand=6)), (FAIL, ["e3_by_hand"])),
        (Captured(Lines(100, late=6)), (FAIL, ["e3_late"])),
        (Captured(Lines(100, by_hand=3, late=3)), (FAIL, ["e3_by_hand", "e3_late"])),
        # Quiet: below five lines the year speaks, below five again the scan check.
        (Captured(Lines(5), Lines(5, by_hand=1)), (PASS, ["e3_pass"])),
        (Captured(Lines(4, by_hand=4), Lines(80, by_hand=4)), (PASS, ["e3_pass"])),
        (Captured(Lines(4), Lines(80, by_hand=5)), (FAIL, ["e3_by_hand"])),
        (Captured(Lines(4), Lines(5)), (PASS, ["e3_pass"])),
        (Captured(Lines(4), Lines(4), scan_checked=9), (FAIL, ["e3_no_scan_check"])),
        (Captured(Lines(4, by_hand=4), Lines(4, by_hand=4), scan_checked=10), (PASS, ["e3_quiet"])),
        (Captured(), (FAIL, ["e3_no_scan_check"])),
    ],
)
def test_captured(facts: Captured, expected: tuple[Verdict, list[str]]) -> None:
    assert said(judge_captured(facts, RULE)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (COUNTED, (PASS, ["e4_pass"])),
        (Counted(looked_back_days=366), (FAIL, ["e4_never"])),
        (COUNTED._replace(age_days=183), (PASS, ["e4_pass"])),
        (COUNTED._replace(age_days=184), (FAIL, ["e4_old"])),
        (COUNTED._replace(agreeing=98), (PASS, ["e4_pass"])),
        (COUNTED._replace(agreeing=97), (FAIL, ["e4_differs"])),
        (COUNTED._replace(difference_fen=10_000), (PASS, ["e4_pass"])),
        (COUNTED._replace(difference_fen=10_001), (FAIL, ["e4_value"])),
        (COUNTED._replace(value_fen=0, difference_fen=1), (FAIL, ["e4_value"])),
        (COUNTED._replace(unpriced=1), (UNKNOWN, ["e4_unpriced"])),
        (COUNTED._replace(unpriced=1, age_days=200), (FAIL, ["e4_old"])),
        (COUNTED._replace(value_fen=0), (PASS, ["e4_pass"])),  # Nothing differs: no price is needed.
    ],
)
def test_counted(facts: Counted, expected: tuple[Verdict, list[str]]) -> None:
    assert said(judge_counted(facts, RULE)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (MEASURED, (PASS, ["e5_pass"])),
        (Measured(), (NOT_APPLICABLE, ["e5_not_applicable"])),
        (Measured((ZoneReadings("A", 1_000, 950),)), (PASS, ["e5_pass"])),
        (Measured((ZoneReadings("A", 1_000, 949),)), (FAIL, ["e5_low"])),
        (Measured((ZoneReadings("A", 1_000, 1_000), ZoneReadings("B", 1_000, 949))), (FAIL, ["e5_low"])),
        (Measured((ZoneReadings("A", 1_000, 1_000),), lines_outside=1), (FAIL, ["e5_outside"])),
    ],
)
def test_measured(facts: Measured, expected: tuple[Verdict, list[str]]) -> None:
    assert said(judge_measured(facts, RULE)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (RECONCILED, (PASS, ["e6_pass"])),
        (RECONCILED._replace(edges=0), (FAIL, ["e6_no_edge"])),
        (RECONCILED._replace(not_passed=1), (FAIL, ["e6_not_passed"])),
        (RECONCILED._replace(broken=1), (FAIL, ["e6_broken"])),
        (RECONCILED._replace(quarantined=1), (FAIL, ["e6_quarantined"])),
        (RECONCILED._replace(book_holds=False), (FAIL, ["e6_book_broken"])),
        (RECONCILED._replace(days_held=28), (FAIL, ["e6_not_always"])),
        (RECONCILED._replace(book_holds=None), (UNKNOWN, ["e6_unknown"])),
        (RECONCILED._replace(days_before=26, days_held=26), (PASS, ["e6_pass"])),
        (RECONCILED._replace(days_before=25, days_held=25), (UNKNOWN, ["e6_unknown"])),
        (RECONCILED._replace(days_before=5, days_held=5, not_passed=1), (FAIL, ["e6_not_passed"])),
    ],
)
def test_reconciled(facts: Reconciled, expected: tuple[Verdict, list[str]]) -> None:
    assert said(judge_reconciled(facts, RULE)) == expected


def test_a_bar_is_rounded_down_so_that_what_it_shows_is_reached() -> None:
    nearly = judge_captured(Captured(Lines(100_000, by_hand=5_001)), RULE)
    assert (nearly.verdict, nearly.measured, nearly.needed) == (FAIL, Decimal("94.9"), Decimal(95))


def test_reasons_say_how_old_and_how_many() -> None:
    assert "盘点已过 212 天" in words(judge_counted(COUNTED._replace(age_days=212), RULE).reasons[0]).zh
    assert "212 days old" in words(judge_counted(COUNTED._replace(age_days=212), RULE).reasons[0]).en
    assert "12 笔为手工" in words(judge_captured(Captured(Lines(100, by_hand=12)), RULE).reasons[0]).zh


def test_every_key_has_a_name_and_every_text_two_languages() -> None:
    assert len(NAMES) == 6
    assert all(zh and en and zh != en for zh, en in (*NAMES.values(), *TEXTS.values()))
