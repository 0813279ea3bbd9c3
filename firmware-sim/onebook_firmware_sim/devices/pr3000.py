"""PR-3000 / RS-WS-N01 temperature and humidity probe (Renke, Prsens and re-labels), 4800 8N1, address 1, values x 0.1.

Holding registers (03, 06, 10): 0 **humidity**, 1 temperature (both read only), 0050 and 0051 calibration of temperature and
humidity in tenths, 07D0 address, 07D1 baud rate (0 2400, 1 4800, 2 9600).
"""

from __future__ import annotations

from collections.abc import Mapping

from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.climate_probe import ClimateProbe
from onebook_firmware_sim.devices.modbus_pdu import READ_HOLDING

_CALIBRATION_C, _CALIBRATION_RH, _ADDRESS, _BAUD = 0x0050, 0x0051, 0x07D0, 0x07D1


class Pr3000(ClimateProbe):
    """Put it behind `ModbusSensor(Pr3000(...), baud=4800)` or `ModbusTcp([Pr3000(...)])`."""

    def __init__(self, element: ClimateElement, *, address: int = 1) -> None:
        super().__init__(
            element,
            settings={_CALIBRATION_C: 0, _CALIBRATION_RH: 0, _ADDRESS: address, _BAUD: 1},
            allowed={
                _CALIBRATION_C: range(0x10000),
                _CALIBRATION_RH: range(0x10000),
                _ADDRESS: range(1, 255),
                _BAUD: range(3),
            },
            address_register=_ADDRESS,
        )

    def registers(self, function: int, now_ms: int) -> Mapping[int, int] | None:
        if function != READ_HOLDING:
            return None
        temperature, humidity = self.element.registers(
            now_ms, correction_c=self._settings[_CALIBRATION_C], correction_rh=self._settings[_CALIBRATION_RH]
        )
        return {0: humidity, 1: temperature, **self._settings}
