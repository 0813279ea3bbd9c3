"""What temperature and humidity probes share: a sensing element, and settings that the host may write."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.modbus_pdu import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Refused, RegisterMap


class ClimateProbe(RegisterMap):
    """A register map whose settings outlive a power cut; a new address counts after the next power-up.

    `settings` are the register values to begin with, `allowed` what may be written to each, `address_register` the one
    that holds the address.
    """

    def __init__(
        self,
        element: ClimateElement,
        *,
        settings: Mapping[int, int],
        allowed: Mapping[int, Collection[int]],
        address_register: int,
    ) -> None:
        self.element = element
        self.failure = None
        self._settings = dict(settings)
        self._allowed = allowed
        self._address_register = address_register
        self.power_up()

    def write(self, address: int, value: int) -> None:
        if address not in self._allowed:
            raise Refused(ILLEGAL_ADDRESS)
        if value not in self._allowed[address]:
            raise Refused(ILLEGAL_VALUE)
        self._settings[address] = value

    def power_up(self) -> None:
        self.address = self._settings[self._address_register]
