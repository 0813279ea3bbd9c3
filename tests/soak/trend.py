"""Does a series of samples grow? A straight line with its uncertainty, and the last third of the time against the first. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression, median
from typing import TypeAlias

Series: TypeAlias = Sequence[tuple[float, float]]  # Seconds since the start, value; in order.

WARMING = 0.1  # The share of the time at the start that does not count: caches fill, modules are imported at first use.
RATIO_MAX = 1.10
_BLOCKS = 60
_MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Trend:
    """`slope` and `uncertainty` (one standard error) in the series' unit per hour; `ratio`: last third against first."""

    first: float
    last: float
    slope: float
    uncertainty: float

    @property
    def ratio(self) -> float:
        return self.last / self.first if self.first else 1.0

    @property
    def is_flat(self) -> bool:
        return self.ratio <= RATIO_MAX


def trend(series: Series) -> Trend:
    """Of what was sampled after warming. Medians of blocks, because neighbouring samples are not independent of one another."""
    begin = series[0][0] + WARMING * (series[-1][0] - series[0][0])
    warm = [sample for sample in series if sample[0] >= begin]
    third = (warm[-1][0] - warm[0][0]) / 3
    first = median(value for at, value in warm if at <= warm[0][0] + third)
    last = median(value for at, value in warm if at >= warm[-1][0] - third)
    return Trend(first, last, *_line(_blocks(warm)))


def _blocks(series: Series) -> list[tuple[float, float]]:
    """One median a minute, or a sixtieth of a shorter run."""
    length = min(_MINUTE_S, max((series[-1][0] - series[0][0]) / _BLOCKS, 1e-9))
    values: defaultdict[int, list[float]] = defaultdict(list)
    for at, value in series:
        values[int((at - series[0][0]) / length)].append(value)
    return [((number + 0.5) * length / 3600, median(found)) for number, found in values.items()]


def _line(points: Series) -> tuple[float, float]:
    """Least squares: slope and its standard error. Fewer than three points have no uncertainty that could be known."""
    if len(points) < 3:
        return 0.0, math.inf
    hours, values = zip(*points, strict=True)
    slope, intercept = linear_regression(hours, values)
    residual = sum((value - intercept - slope * hour) ** 2 for hour, value in points)
    middle = sum(hours) / len(hours)
    spread = sum((hour - middle) ** 2 for hour in hours)
    return slope, math.sqrt(residual / (len(points) - 2) / spread)
