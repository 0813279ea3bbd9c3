"""The geometry of a day's curve with its limits. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from onebook_edge.console.climate_memory import BUCKET_MS, DAY_MS, Bucket

WIDTH, HEIGHT = 480, 96  # Units of the drawing, which is stretched to its place.


@dataclass(frozen=True, slots=True)
class Curve:
    """SVG path data, one line for each probe. `top` and `bottom`: what the scale shows."""

    lines: tuple[str, ...]
    limits: tuple[float, ...]  # Heights of the limits that the scale shows.
    top: str
    bottom: str


def draw(
    series: Sequence[Sequence[Bucket]], low: float | None, high: float | None, now_ms: int, *, span_min: float
) -> Curve | None:
    """None when nothing was measured. The scale shows the limits, and `span_min` at least: noise is no weather."""
    values = [value for one in series for bucket in one for value in (bucket.low, bucket.high)]
    if not values:
        return None
    known = [limit for limit in (low, high) if limit is not None]
    bottom, top = min(*values, *known, values[0]), max(*values, *known, values[0])
    spare = max((span_min - (top - bottom)) / 2, (top - bottom) * 0.08)
    bottom, top = bottom - spare, top + spare

    def y(value: float) -> float:
        return round((top - value) / (top - bottom) * HEIGHT, 1)

    def x(bucket: Bucket) -> float:
        return round((1 - (now_ms - bucket.from_ms - BUCKET_MS / 2) / DAY_MS) * WIDTH, 1)

    lines = tuple("".join(_path(run, x, y) for run in _runs(one)) for one in series if one)
    return Curve(lines, tuple(y(limit) for limit in known), f"{top:.0f}", f"{bottom:.0f}")


def _path(run: Sequence[Bucket], x: Callable[[Bucket], float], y: Callable[[float], float]) -> str:
    points = [f"{x(one)} {y(value)}" for one in run for value in sorted({one.low, one.high})]
    if len(points) == 1:
        points.append(f"{min(x(run[0]) + 1.5, WIDTH)} {y(run[0].last)}")  # Or it would not be seen.
    return "M" + "L".join(points)


def _runs(buckets: Sequence[Bucket]) -> Iterator[list[Bucket]]:
    """Stretches without a hole: where nothing was measured nothing is drawn."""
    run = [buckets[0]]
    for before, after in pairwise(buckets):
        if after.from_ms - before.from_ms > 2 * BUCKET_MS:
            yield run
            run = []
        run.append(after)
    yield run
