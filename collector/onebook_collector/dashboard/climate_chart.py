"""The geometry of a climate chart: two panels above each other, lines broken where nothing was measured. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from onebook_collector.metrics.rollup import HOUR_MS, Bucket

SPAN_MS = 24 * HOUR_MS
WIDTH_MS = 10 * 60_000  # Of a bucket: 144 in a day, some five pixels each on a desk.
LABEL_EVERY_MS = 4 * HOUR_MS
WIDTH, HEIGHT = 1440, 300  # Units of the drawing, which is stretched to its place.
TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One bucket, for whoever points at it."""

    x: float
    from_ms: int
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity. Paths are SVG path data; `ticks` stand from top to bottom at equal distances."""

    quantity: str
    line: str
    band: str
    ticks: tuple[float, ...]
    low: float
    high: float
    last: float
    points: tuple[ChartPoint, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The hours that a chart shows; it ends at the next full hour."""

    from_ms: int
    until_ms: int

    @classmethod
    def ending_at(cls, now_ms: int) -> Frame:
        until_ms = -(-now_ms // HOUR_MS) * HOUR_MS
        return cls(until_ms - SPAN_MS, until_ms)

    def x(self, at_ms: int) -> float:
        return round((at_ms - self.from_ms) / (self.until_ms - self.from_ms) * WIDTH, 1)

    @property
    def labels_ms(self) -> list[int]:
        return list(range(self.from_ms, self.until_ms + 1, LABEL_EVERY_MS))


def draw(frame: Frame, quantity: str, buckets: Sequence[Bucket], *, span_min: float) -> Panel:
    """The panel of one quantity that was measured. The scale covers `span_min` or more, or noise would look like weather."""
    low, high = min(one.low for one in buckets), max(one.high for one in buckets)
    ticks = scale(low, high, span_min)
    bottom, top = ticks[-1], ticks[0]

    def y(value: float) -> float:
        return round((top - value) / (top - bottom) * HEIGHT, 1)

    def x(one: Bucket) -> float:
        return frame.x(one.from_ms + WIDTH_MS // 2)

    line, band = [], []
    for run in _runs(buckets):
        line.append(_path((x(one), y(one.mean)) for one in run))
        edge = [(x(one), y(one.high)) for one in run] + [(x(one), y(one.low)) for one in reversed(run)]
        band.append(_path(edge) + "Z")
    points = tuple(ChartPoint(x(one), one.from_ms, one.low, one.mean, one.high) for one in buckets)
    return Panel(quantity, "".join(line), "".join(band), ticks, low, high, buckets[-1].last, points)


def gaps(frame: Frame, ranges: Iterable[tuple[int, int]]) -> list[Gap]:
    """Where an edge gave up samples, cut to what the chart shows."""
    found = []
    for from_ms, until_ms in ranges:
        left, right = max(from_ms, frame.from_ms), min(until_ms, frame.until_ms)
        if left < right:
            found.append(Gap(frame.x(left), max(frame.x(right) - frame.x(left), 2.0)))
    return found


def scale(low: float, high: float, span_min: float) -> tuple[float, ...]:
    """Round numbers at equal distances, the first above everything and the last below."""
    centre, span = (low + high) / 2, max(high - low, span_min)
    magnitude = 10.0 ** math.floor(math.log10(span / (TICKS - 1)))
    for step in (one * magnitude * factor for factor in (1, 10) for one in _STEPS):
        bottom = math.floor(min(centre - span / 2, low) / step) * step
        top = bottom + step * (TICKS - 1)
        if bottom <= low + step * 1e-9 and top >= high - step * 1e-9:
            return tuple(round(top - n * step, 6) for n in range(TICKS))
    raise AssertionError(f"no scale for {low} to {high}")


def _runs(buckets: Sequence[Bucket]) -> Iterator[list[Bucket]]:
    """Stretches without a hole."""
    run = [buckets[0]]
    for before, after in pairwise(buckets):
        if after.from_ms - before.from_ms > 2 * WIDTH_MS:
            yield run
            run = []
        run.append(after)
    yield run


def _path(points: Iterable[tuple[float, float]]) -> str:
    """A line through points. A lone one becomes a dot: a line of no length with round ends."""
    found = list(points)
    first, *rest = found if len(found) > 1 else found * 2
    return f"M{first[0]:g} {first[1]:g}" + "".join(f"L{x:g} {y:g}" for x, y in rest)
