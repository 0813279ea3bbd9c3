"""When a warehouse was last counted in full."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.coverage.stocktake import FullCount, LineLife, last_full_count

LIMIT = Decimal(95)


@pytest.mark.parametrize(
    ("lives", "expected"),
    [
        ([], None),
        ([LineLife(0, None, None, 10)], None),
        ([LineLife(0, None, 50, 95), LineLife(0, None, None, 5)], FullCount(50, 100, 95)),
        ([LineLife(0, None, 50, 94), LineLife(0, None, None, 6)], None),
        # Bin by bin over days: the stocktake is as old as its first day.
        ([LineLife(0, None, 50, 40), LineLife(0, None, 53, 60)], FullCount(50, 100, 100)),
        # A few counts later on do not make it younger.
        ([LineLife(0, None, 50, 90), LineLife(0, None, 80, 10)], FullCount(50, 100, 100)),
        # What came afterwards was not there to be counted; what came on that day neither, unless it was counted.
        ([LineLife(0, None, 50, 10), LineLife(60, None, None, 90)], FullCount(50, 10, 10)),
        ([LineLife(50, None, 50, 10), LineLife(50, None, None, 90)], FullCount(50, 10, 10)),
        ([LineLife(49, None, None, 90), LineLife(0, None, 50, 10)], None),
        # What went afterwards was there.
        ([LineLife(0, 60, None, 90), LineLife(0, None, 50, 10)], None),
        ([LineLife(0, 49, None, 90), LineLife(0, None, 50, 10)], FullCount(50, 10, 10)),
    ],
)
def test_it_is_the_newest_day_since_which_enough_was_counted(lives: list[LineLife], expected: FullCount | None) -> None:
    assert last_full_count(lives, LIMIT) == expected


def naive(lives: list[LineLife], pct_min: Decimal) -> FullCount | None:
    """Day by day, line by line."""
    for day in sorted({life.counted for life in lives if life.counted is not None}, reverse=True):
        then = counted = 0
        for life in lives:
            is_counted = life.counted is not None and life.counted >= day
            was_there = life.came < day or (life.came == day and is_counted)
            if was_there and (life.gone is None or life.gone >= day):
                then += life.lines
                counted += life.lines * is_counted
        if counted and counted * 100 >= pct_min * then:
            return FullCount(day, then, counted)
    return None


days = st.integers(0, 12)
life = st.builds(
    lambda came, stays, counted, lines: LineLife(came, None if stays is None else came + stays, counted, lines),
    days,
    st.none() | days,
    st.none() | days,
    st.integers(1, 30),
)


@given(st.lists(life, max_size=12), st.integers(0, 100).map(Decimal))
def test_it_agrees_with_looking_day_by_day(lives: list[LineLife], pct_min: Decimal) -> None:
    assert last_full_count(lives, pct_min) == naive(lives, pct_min)
