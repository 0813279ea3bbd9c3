"""Samples -> one event with columns. Nothing is merged: two samples may share a time, and each series keeps its order.

The event, a `SamplesTaken` of the schemas, is written as JSON here: made and checked as a model, its samples cost as much as
everything else that happens to them on the edge. A test reads it back with the model.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from functools import lru_cache

from onebook_edge.device import Measured, Quality
from onebook_edge.machine import Instant
from onebook_edge.outbox.store import WrittenFact
from onebook_schemas.encoding import EVENT_BYTES_MAX

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

    def drain(self, now: Instant) -> WrittenFact | None:
        """One event of the oldest samples, as many as it may carry; None when none wait. Repeat until None.

        `now` must be the event's capture time: samples are dated by their distance to it on the monotonic clock.
        """
        taken: dict[SeriesKey, list[Measured]] = {}
        room, count = _EVENT_ROOM, 0
        while self._waiting:
            sample = self._waiting[0]
            key = sample.device_id, sample.quantity, sample.unit
            room -= _SAMPLE_BYTES_MAX if key in taken else _SAMPLE_BYTES_MAX + _SERIES_BYTES_MAX
            if room < 0:
                break
            taken.setdefault(key, []).append(self._waiting.popleft())
            count += 1
        if not taken:
            return None
        series = ",".join([_columns(key, samples, now.monotonic_ms) for key, samples in taken.items()])
        return WrittenFact(f'{{"type":"samples_taken","series":[{series}]}}'.encode(), count)


def unit_code(unit: str) -> str:
    """The unit on the wire: a code of UN/ECE Recommendation 20, where percent is P1."""
    return "P1" if unit == "%" else unit


def _columns(key: SeriesKey, samples: Sequence[Measured], now_ms: int) -> str:
    after_ms = ",".join([str(sample.observed_at.monotonic_ms - now_ms) for sample in samples])
    values = ",".join(["null" if sample.value is None else repr(float(sample.value)) for sample in samples])
    bad = {n: sample.quality.value for n, sample in enumerate(samples) if sample.quality is not Quality.GOOD}
    quality = f',"quality":{json.dumps(bad)}' if bad else ""
    return f'{_names(key)}"after_ms":[{after_ms}],"values":[{values}]{quality}}}'


@lru_cache(maxsize=4_096)  # More series than an edge has.
def _names(key: SeriesKey) -> str:
    device, quantity, unit = key
    return json.dumps({"device": device, "quantity": quantity, "unit": unit_code(unit)})[:-1] + ","
