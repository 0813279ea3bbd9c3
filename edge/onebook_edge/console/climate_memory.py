"""What the probes measured in the last day, for a curve: lowest and highest of ten minutes each. Pure; a restart forgets it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from onebook_edge.device import Measured

BUCKET_MS = 600_000
DAY_MS = 86_400_000
SERIES_MAX = 400
QUANTITIES = ("temperature_c", "humidity_rh", "grain_temp_c")


class SeriesKey(NamedTuple):
    device: str
    quantity: str


@dataclass(slots=True)
class Bucket:
    """Ten minutes. Times are those of the monotonic clock: a wall clock that is set meanwhile tears no curve."""

    from_ms: int
    low: float
    high: float
    last: float


@dataclass(slots=True)
class ClimateMemory:
    _series: dict[SeriesKey, deque[Bucket]] = field(default_factory=dict)

    def take(self, readings: Iterable[Measured]) -> None:
        """The latest reading of each probe; one that was taken before does no harm."""
        for reading in readings:
            key = SeriesKey(reading.device_id, reading.quantity)
            if reading.value is None or reading.quantity not in QUANTITIES:
                continue
            if key in self._series or len(self._series) < SERIES_MAX:
                self._add(key, reading.observed_at.monotonic_ms, float(reading.value))

    def of(self, key: SeriesKey, now_ms: int) -> list[Bucket]:
        """Oldest first, of the last day."""
        return [one for one in self._series.get(key, ()) if one.from_ms > now_ms - DAY_MS]

    def _add(self, key: SeriesKey, at_ms: int, value: float) -> None:
        series = self._series.setdefault(key, deque(maxlen=DAY_MS // BUCKET_MS + 1))
        from_ms = at_ms - at_ms % BUCKET_MS
        if not series or series[-1].from_ms < from_ms:
            series.append(Bucket(from_ms, value, value, value))
            return
        last = series[-1]
        last.low, last.high, last.last = min(last.low, value), max(last.high, value), value
