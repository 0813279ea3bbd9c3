"""Samples -> one event with columns. Nothing is merged: two samples may share a time, and each series keeps its order."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from onebook_edge.device import Measured, Quality
from onebook_edge.machine import Instant
from onebook_schemas.encoding import EVENT_BYTES_MAX
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken

# Upper bounds of their JSON; together they keep an event below the size that the collector takes.
_SERIES_BYTES_MAX = 256  # Two names of 64 characters and the keys.
_SAMPLE_BYTES_MAX = 72  # 20 digits of time, 24 of a float, position and reason of the quality.
_EVENT_ROOM = EVENT_BYTES_MAX - 1_024

SeriesKey = tuple[str, str, str]  # Device, quantity, unit.


class SampleBatch:
    """Collects samples until they are drained. When `waiting_max` wait, further ones are not taken but counted."""

    def __init__(self, waiting_max: int = 50_000) -> None:
        self._waiting: deque[Measured] = deque()
        self._waiting_max = waiting_max
        self.not_taken = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, sample: Measured) -> None:
        if len(self._waiting) >= self._waiting_max:
            self.not_taken += 1
            return
        self._waiting.append(sample)

    def take_not_taken(self) -> int:
        """How many samples were not taken since this was asked last: they must be told."""
        count, self.not_taken = self.not_taken, 0
        return count

    def drain(self, now: Instant) -> SamplesTaken | None:
        """One event of the oldest samples, as many as it may carry; None when none wait. Repeat until None.

        `now` must be the event's capture time: samples are dated by their distance to it on the monotonic clock.
        """
        taken: dict[SeriesKey, list[Measured]] = {}
        room = _EVENT_ROOM
        while self._waiting:
            key = _series_of(self._waiting[0])
            room -= _SAMPLE_BYTES_MAX + (0 if key in taken else _SERIES_BYTES_MAX)
            if room < 0:
                break
            taken.setdefault(key, []).append(self._waiting.popleft())
        return SamplesTaken(series=tuple(_columns(key, taken[key], now) for key in taken)) if taken else None


def unit_code(unit: str) -> str:
    """The unit on the wire: a code of UN/ECE Recommendation 20, where percent is P1."""
    return "P1" if unit == "%" else unit


def _series_of(sample: Measured) -> SeriesKey:
    return sample.device_id, sample.quantity, unit_code(sample.unit)


def _columns(key: SeriesKey, samples: Sequence[Measured], now: Instant) -> SampleSeries:
    device, quantity, unit = key
    return SampleSeries(
        device=device,
        quantity=quantity,
        unit=unit,
        after_ms=tuple(sample.observed_at.monotonic_ms - now.monotonic_ms for sample in samples),
        values=tuple(None if sample.value is None else float(sample.value) for sample in samples),
        quality={n: sample.quality.value for n, sample in enumerate(samples) if sample.quality is not Quality.GOOD},
    )
