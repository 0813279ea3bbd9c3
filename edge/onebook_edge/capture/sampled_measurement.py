"""Measured readings -> the ones that become samples of the telemetry stream.

Kept are: the first reading of a quantity, a value that moved by more than the dead band since the last sample, every change of
quality, and a reading that comes a heartbeat after the last sample. "No answer" and "not valid" are samples without a value.
Nothing is made up: silence of the driver gives no sample.
"""

from __future__ import annotations

from onebook_edge.capture.settings import SampleSettings
from onebook_edge.device import Measured
from onebook_edge.machine import Instant


class SampledMeasurement:
    """The rule of one quantity of one device."""

    def __init__(self, settings: SampleSettings) -> None:
        self._settings = settings
        self._kept: Measured | None = None

    def handle(self, reading: Measured, now: Instant) -> list[Measured]:
        if self._kept is not None and not self._is_news(reading, self._kept, now):
            return []
        self._kept = reading
        return [reading]

    def _is_news(self, reading: Measured, kept: Measured, now: Instant) -> bool:
        if self._settings.keep == "every" or reading.quality is not kept.quality:
            return True
        if now.monotonic_ms - kept.observed_at.monotonic_ms >= self._settings.heartbeat_s * 1_000:
            return True
        if reading.value is None or kept.value is None:
            return (reading.value is None) != (kept.value is None)
        return abs(reading.value - kept.value) > self._settings.dead_band
