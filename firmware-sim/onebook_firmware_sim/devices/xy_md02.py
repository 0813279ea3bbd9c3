"""XY-MD02 temperature and humidity probe (SHT20/SHT30), 9600 8N1, address 1, values x 0.1.

Input registers (04): 1 temperature, 2 humidity. Holding (03, 06, 10): 0101 address, 0102 baud rate, 0103 and 0104
corrections in tenths. Not simulated: its ASCII mode (`READ`, `AUTO`), and what a new baud rate does to the line (a pseudo
port has none).
"""

from __future__ import annotations

from collections.abc import Mapping

from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.climate_probe import ClimateProbe
from onebook_firmware_sim.devices.modbus_pdu import READ_HOLDING

_ADDRESS, _BAUD, _CORRECTION_C, _CORRECTION_RH = 0x0101, 0x0102, 0x0103, 0x0104
_CORRECTIONS = (*range(101), *range(0xFF9C, 0x10000))  # -10.0 .. +10.0, two's complement


class XyMd02(ClimateProbe):
    """Put it behind `ModbusSensor(XyMd02(...))` or `ModbusTcp([XyMd02(...)])`."""

    def __init__(self, element: ClimateElement, *, address: int = 1) -> None:
        super().__init__(
            element,
            settings={_ADDRESS: address, _BAUD: 9600, _CORRECTION_C: 0, _CORRECTION_RH: 0},
            allowed={
                _ADDRESS: range(1, 248),
                _BAUD: (9600, 14400, 19200),
                _CORRECTION_C: _CORRECTIONS,
                _CORRECTION_RH: _CORRECTIONS,
            },
            address_register=_ADDRESS,
        )

    def registers(self, function: int, now_ms: int) -> Mapping[int, int]:
        if function == READ_HOLDING:
            return self._settings
        temperature, humidity = self.element.registers(
            now_ms, correction_c=self._settings[_CORRECTION_C], correction_rh=self._settings[_CORRECTION_RH]
        )
        return {1: temperature, 2: humidity}
