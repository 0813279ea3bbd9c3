"""Grades of a day, and the one that stands."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.coverage.evidence import Verdict
from onebook_collector.coverage.grade import Grade, grade_of, standing
from onebook_collector.coverage.rule import CoverageRule
from tests.unit.collector.coverage.made import RULE, verdicts

NONE, CONNECTED, PARTIAL, INFORMATIZED = Grade
PASS, FAIL, UNKNOWN, NOT_APPLICABLE = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, INFORMATIZED),
        ({"e5": NOT_APPLICABLE}, INFORMATIZED),
        ({"e4": FAIL}, PARTIAL),
        ({"e6": UNKNOWN}, PARTIAL),
        ({"e4": FAIL, "e6": FAIL}, PARTIAL),
        ({"e3": FAIL, "e4": FAIL, "e6": FAIL}, CONNECTED),
        ({"e4": FAIL, "e5": NOT_APPLICABLE, "e6": FAIL}, CONNECTED),  # One other passes; n/a is no proof.
        ({"e2": FAIL}, CONNECTED),
        ({"e2": UNKNOWN}, CONNECTED),
        ({"e1": FAIL}, NONE),
    ],
)
def test_the_grade_of_one_day(other: Mapping[str, Verdict], expected: Grade) -> None:
    assert grade_of(verdicts(**other), RULE) is expected


def test_all_six_are_given() -> None:
    with pytest.raises(AssertionError):
        grade_of(verdicts()[1:], RULE)


def stands(before: Grade, days: str, *, silent_hours: int = 0) -> Grade:
    """`days`: one letter a day, the last one today: n, c, p, i, and a blank for a day that is missing."""
    letters = dict(zip("ncpi", Grade, strict=True))
    grades = {day: letters[letter] for day, letter in enumerate(days) if letter != " "}
    return standing(before, grades, len(days) - 1, silent_hours=silent_hours, rule=RULE)


@pytest.mark.parametrize(
    ("before", "days", "expected"),
    [
        (NONE, "i", NONE),
        (NONE, "iiiiii", NONE),
        (NONE, "iiiiiii", INFORMATIZED),
        (NONE, "niiiiii", NONE),
        (NONE, "ciiiiii", CONNECTED),  # Connected at least, on all seven.
        (NONE, "iiipiii", PARTIAL),
        (NONE, "iii iiii", NONE),  # A day that is missing proves nothing.
        (NONE, "iii iiiiiii", INFORMATIZED),
        (INFORMATIZED, "nnnnnn", INFORMATIZED),
        (INFORMATIZED, "nnnnnnn", NONE),
        (INFORMATIZED, "pnnnnnn", PARTIAL),  # Partial at most, on all seven.
        (INFORMATIZED, "nnn nnnn", INFORMATIZED),
        (INFORMATIZED, "innnnnn", INFORMATIZED),
        (PARTIAL, "icicici", PARTIAL),
    ],
)
def test_it_rises_and_falls_after_seven_days_in_a_row(before: Grade, days: str, expected: Grade) -> None:
    assert stands(before, days) is expected


@pytest.mark.parametrize(("silent_hours", "expected"), [(71, INFORMATIZED), (72, CONNECTED)])
def test_it_falls_at_once_when_silent_for_72_hours(silent_hours: int, expected: Grade) -> None:
    assert stands(INFORMATIZED, "iiiiiic", silent_hours=silent_hours) is expected


def test_silence_raises_nothing() -> None:
    assert stands(NONE, "iiiiiii", silent_hours=72) is NONE


def naive(before: Grade, days: list[Grade | None], rule: CoverageRule) -> Grade:
    """By counting for each grade for how many days in a row it was reached, and for how many it was not exceeded."""
    reached, not_exceeded = dict.fromkeys(Grade, 0), dict.fromkeys(Grade, 0)
    stood = before
    for day in days:
        for grade in Grade:
            reached[grade] = reached[grade] + 1 if day is not None and day >= grade else 0
            not_exceeded[grade] = not_exceeded[grade] + 1 if day is not None and day <= grade else 0
        up = [grade for grade in Grade if grade > stood and reached[grade] >= rule.steady_days]
        down = [grade for grade in Grade if grade < stood and not_exceeded[grade] >= rule.steady_days]
        stood = max(up, default=min(down, default=stood))
    return stood


@given(
    st.sampled_from(Grade),
    st.lists(st.one_of(st.sampled_from(Grade), st.sampled_from(Grade), st.none()), max_size=60),
    st.integers(1, 9),
)
def test_it_agrees_with_counting(before: Grade, days: list[Grade | None], steady_days: int) -> None:
    rule = RULE.model_copy(update={"steady_days": steady_days})
    known: dict[int, Grade] = {}
    stood = before
    for day, grade in enumerate(days):
        if grade is not None:
            known[day] = grade
            stood = standing(stood, known, day, silent_hours=0, rule=rule)
    assert stood is naive(before, days, rule)
