"""When a warehouse was last counted in full. Pure.

People count bin by bin, over days, and goods come and go meanwhile; nobody says "this was the stocktake". So the last full one is
the newest day since which so much of what lay there on that day has been counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from onebook_collector.coverage.rule import reaches


class LineLife(NamedTuple):
    """So many stock lines came on one day, were gone on one (None: they lie there), were last counted on one (None: never)."""

    came: int
    gone: int | None
    counted: int | None
    lines: int = 1

    def lay_there(self, day: int) -> bool:
        """What came on the day itself and was not counted afterwards may have come after the counting."""
        if self.gone is not None and self.gone < day:
            return False
        return self.came < day or (self.came == day and self.was_counted_since(day))

    def was_counted_since(self, day: int) -> bool:
        return self.counted is not None and self.counted >= day


class FullCount(NamedTuple):
    day: int
    lines_then: int
    lines_counted: int


def last_full_count(lives: Sequence[LineLife], pct_min: Decimal) -> FullCount | None:
    """None: none, as far back as `lives` go."""
    for day in sorted({life.counted for life in lives if life.counted is not None}, reverse=True):
        then = [life for life in lives if life.lay_there(day)]
        lines, counted = _lines(then), _lines(life for life in then if life.was_counted_since(day))
        if counted and reaches(counted, lines, pct_min):
            return FullCount(day, lines, counted)
    return None


def _lines(lives: Iterable[LineLife]) -> int:
    return sum(life.lines for life in lives)
