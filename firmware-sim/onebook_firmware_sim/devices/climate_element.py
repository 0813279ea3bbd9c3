"""The sensing element inside a temperature and humidity probe: truth -> the integers that its registers show."""

from __future__ import annotations

import enum
from decimal import ROUND_HALF_EVEN, Decimal

from onebook_firmware_sim.truth import Climate, Drift

NO_VALUE = 0x8000  # What several probes show for "element not connected".

_TEMPERATURE_C = (Decimal(-40), Decimal(125))
_HUMIDITY_RH = (Decimal(0), Decimal(100))
_NO_DRIFT = Decimal(0)


class ElementCondition(enum.StrEnum):
    """How the element fails. A probe with a broken cable often goes on showing its last values."""

    WORKING = "working"
    FROZEN = "frozen"
    DISCONNECTED = "disconnected"


class ClimateElement:
    """Measures in steps of 0.1 and adds the correction of the probe (tenths), as an SHT20 or SHT30 behind a controller.

    `condition` may be changed at any time. A value outside the element's range shows as `NO_VALUE`.
    """

    def __init__(self, climate: Climate, *, drift_c: Drift | None = None, drift_rh: Drift | None = None) -> None:
        self.condition = ElementCondition.WORKING
        self._climate = climate
        self._drift_c = drift_c or Drift(_NO_DRIFT)
        self._drift_rh = drift_rh or Drift(_NO_DRIFT)
        self._last: tuple[int, int] | None = None

    def registers(self, now_ms: int, correction_c: int = 0, correction_rh: int = 0) -> tuple[int, int]:
        """Temperature and humidity as 16-bit two's complement, x 10."""
        if self.condition is ElementCondition.DISCONNECTED:
            return NO_VALUE, NO_VALUE
        if self._last is None or self.condition is ElementCondition.WORKING:
            temperature_c = self._climate.temperature_c + self._drift_c.error(now_ms)
            humidity_rh = self._climate.humidity_rh + self._drift_rh.error(now_ms)
            self._last = (
                _register(temperature_c, _TEMPERATURE_C, correction_c),
                _register(humidity_rh, _HUMIDITY_RH, correction_rh),
            )
        return self._last


def _register(value: Decimal, limits: tuple[Decimal, Decimal], correction_tenths: int) -> int:
    if not limits[0] <= value <= limits[1]:
        return NO_VALUE
    return int((value * 10).to_integral_value(ROUND_HALF_EVEN)) + correction_tenths & 0xFFFF
