"""Samples -> buckets of time. Pure: each bucket is the same however the samples came, early, late or in pieces.

Buckets are merged, never computed again from raw samples: a sample that arrives after its raw neighbours were deleted must
not take their place. That is exact because a store takes every event once.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
_DAY_BEGINS_MS = -8 * HOUR_MS  # Days and longer buckets begin at midnight in Shanghai.


class Bucket(NamedTuple):
    """What the samples with a value say about [from_ms, from_ms + resolution)."""

    from_ms: int
    low: float
    high: float
    total: float
    samples: int
    last: float
    last_at_ms: int

    @property
    def mean(self) -> float:
        return self.total / self.samples


def bucket_start(at_ms: int, resolution_ms: int) -> int:
    """The beginning of the bucket that a moment falls into."""
    return at_ms - (at_ms - _DAY_BEGINS_MS) % resolution_ms


def whole_buckets(from_ms: int, until_ms: int, resolution_ms: int) -> tuple[int, int]:
    """The range widened to whole buckets."""
    return bucket_start(from_ms, resolution_ms), bucket_start(until_ms - 1, resolution_ms) + resolution_ms


def fold(readings: Iterable[tuple[int, float | None]], resolution_ms: int) -> list[Bucket]:
    """Buckets of (time, value) pairs, in order of time. Samples without a value belong to no bucket."""
    valued = [(at_ms, value) for at_ms, value in readings if value is not None]
    valued.sort(key=itemgetter(0))  # Stable: of two last values at one time the later given one holds.
    return [
        _bucket(from_ms, list(inside))
        for from_ms, inside in groupby(valued, key=lambda reading: bucket_start(reading[0], resolution_ms))
    ]


def merge(buckets: Iterable[Bucket], resolution_ms: int) -> list[Bucket]:
    """Buckets that are as wide or wider, in order of time."""
    merged: dict[int, Bucket] = {}
    for bucket in buckets:
        from_ms = bucket_start(bucket.from_ms, resolution_ms)
        before = merged.get(from_ms)
        merged[from_ms] = bucket._replace(from_ms=from_ms) if before is None else _joined(before, bucket)
    return [merged[from_ms] for from_ms in sorted(merged)]


def _bucket(from_ms: int, readings: list[tuple[int, float]]) -> Bucket:
    values = [value for _, value in readings]
    last_at_ms, last = readings[-1]
    return Bucket(from_ms, min(values), max(values), sum(values), len(values), last, last_at_ms)


def _joined(before: Bucket, after: Bucket) -> Bucket:
    newest = after if after.last_at_ms >= before.last_at_ms else before
    return Bucket(
        before.from_ms,
        min(before.low, after.low),
        max(before.high, after.high),
        before.total + after.total,
        before.samples + after.samples,
        newest.last,
        newest.last_at_ms,
    )
