"""When a warehouse was last counted in full. Pure.

People count bin by bin, over days, and goods come and go meanwhile; nobody says "this was the stocktake". So the last full one is
the newest day since which so much of what lay there on that day has been counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from onebook_collector.coverage.rule import reaches


class LineLife(NamedTuple):
    """So many stock lines came on one day, were gone on one (None: they lie there), were last counted on one (None: never)."""

    came: int
    gone: int | None
    counted: int | None
    lines: int = 1

    @property
    def first_day(self) -> int:
        """From which on they were there to be counted: what came on a day and was not counted since may have come after that."""
        return self.came if self.counted is not None and self.counted >= self.came else self.came + 1


class FullCount(NamedTuple):
    day: int
    lines_then: int
    lines_counted: int


def last_full_count(lives: Iterable[LineLife], pct_min: Decimal) -> FullCount | None:
    """None: none, as far back as `lives` go."""
    lines, counted = Counter[int](), Counter[int]()  # Day -> how many more there are than on the day before.
    days = set()
    for life in lives:
        _add(lines, life.first_day, life.gone, life.lines)
        if life.counted is not None:
            days.add(life.counted)
            until = life.counted if life.gone is None else min(life.gone, life.counted)
            _add(counted, life.first_day, until, life.lines)
    found, there, done = None, 0, 0
    for day in sorted(days | lines.keys() | counted.keys()):
        there, done = there + lines[day], done + counted[day]
        if day in days and done and reaches(done, there, pct_min):
            found = FullCount(day, there, done)
    return found


def _add(changes: Counter[int], from_day: int, until_day: int | None, lines: int) -> None:
    """`until_day`: the last one; None: for ever."""
    if until_day is None or until_day >= from_day:
        changes[from_day] += lines
        if until_day is not None:
            changes[until_day + 1] -= lines
