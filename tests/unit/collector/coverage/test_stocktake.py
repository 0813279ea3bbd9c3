"""When a warehouse was last counted in full."""

from __future__ import annotations

from decimal import Decimal

import pytest

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
