"""Weighed readings -> one settled weight per placement.

A scale that says "stable" is believed when two frames in a row agree. One that says nothing is watched: enough readings over
enough time within one division. After a weight was given the rule waits until the scale was empty, or settled on clearly
another weight. Overload, underload and a wrong unit never give a weight. Values are taken as sent, never averaged.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from onebook_edge.capture.settings import ScaleSettings
from onebook_edge.device import Faulted, Quality, Weighed
from onebook_edge.machine import Instant

UNIT_CODES: Final = {"g": "GRM", "kg": "KGM", "t": "TNE", "lb": "LBR"}
"""What scales say, as codes of UN/ECE Recommendation 20."""

_READINGS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class StableWeight:
    """What lay on a scale, settled. `net` is None when the scale does not tell whether a tare is taken off."""

    device_id: str
    value: Decimal
    unit: Literal["kg", "g", "t", "lb"]
    net: bool | None
    at: Instant

    @property
    def unit_code(self) -> str:
        return UNIT_CODES[self.unit]


class StableWeightRule:
    """The rule of one scale."""

    def __init__(self, settings: ScaleSettings) -> None:
        self._settings = settings
        self._run: deque[Weighed] = deque(maxlen=_READINGS_MAX)  # Consecutive readings that may settle together.
        self._given: Decimal | None = None  # The weight given for what lies on the scale; None: armed.
        self._latest: Weighed | None = None

    def handle(self, reading: Weighed, now: Instant) -> list[StableWeight | Faulted]:
        self._latest = reading
        if reading.unit is not None and reading.unit != self._settings.unit:
            self._run.clear()
            detail = f"the scale says {reading.unit}, the settings say {self._settings.unit}"
            return [Faulted("unit-mismatch", detail)]
        if reading.value is None or reading.quality not in (Quality.GOOD, Quality.UNSTABLE):
            self._run.clear()
            return []
        if reading.value <= self._settings.division * self._settings.release_divisions:
            self._given = None
            self._run.clear()
            return []
        return self._weight(reading.value, reading, now) if self._settles(reading) else []

    @property
    def unit(self) -> str:
        return self._settings.unit

    def peek(self) -> Weighed | None:
        """The latest reading, settled or not, for a screen."""
        return self._latest

    def _weight(self, value: Decimal, reading: Weighed, now: Instant) -> list[StableWeight | Faulted]:
        apart = self._settings.division * self._settings.another_divisions
        if self._given is not None and abs(value - self._given) <= apart:
            return []
        self._given = value
        return [StableWeight(reading.device_id, value, self._settings.unit, reading.net, now)]

    def _settles(self, reading: Weighed) -> bool:
        """Take the reading into the run, and say whether the run is settled."""
        if reading.stable is False or reading.quality is Quality.UNSTABLE:
            self._run.clear()
            return False
        if self._run and not self._continues(self._run[-1], reading):
            self._run.clear()
        self._run.append(reading)
        return self._two_agree() if reading.stable else self._all_are_close()

    def _continues(self, last: Weighed, reading: Weighed) -> bool:
        """Whether a reading is more of the same: a stream that fell silent meanwhile says nothing about the time between."""
        return (last.net, last.stable) == (reading.net, reading.stable) and (
            _apart_ms(last, reading) <= 2 * self._settings.settled_ms
        )

    def _two_agree(self) -> bool:
        return len(self._run) >= 2 and self._run[-1].value == self._run[-2].value

    def _all_are_close(self) -> bool:
        values = [reading.value for reading in self._settled_window() if reading.value is not None]
        within = self._settings.division * self._settings.settled_within_divisions
        return bool(values) and max(values) - min(values) <= within

    def _settled_window(self) -> list[Weighed]:
        """The fewest latest readings that span the time and are enough; empty while there are none such."""
        run = list(self._run)
        for first in range(len(run) - self._settings.settled_readings_min, -1, -1):
            if _apart_ms(run[first], run[-1]) >= self._settings.settled_ms:
                return run[first:]
        return []


def _apart_ms(earlier: Weighed, later: Weighed) -> int:
    return later.observed_at.monotonic_ms - earlier.observed_at.monotonic_ms
