"""Modbus TCP: one device with an Ethernet plug, or a gateway before several units (MODBUS Messaging on TCP/IP V1.0b).

Frames by the length in the header; answers at once, in order, with the transaction number of the request. A unit that is
not there is answered with exception 0B, as gateways do, or not at all (`absent_unit`).
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, HostConnected, HostSent, PoweredOn
from onebook_firmware_sim.devices import modbus_pdu
from onebook_firmware_sim.devices.modbus_pdu import RegisterMap

_HEADER = struct.Struct(">HHHB")  # transaction, protocol (0), length of what follows it, unit
_LENGTH_MAX = 254
_GATEWAY_TARGET_SILENT = 0x0B


class AbsentUnit(enum.StrEnum):
    """What a gateway does when nobody answers behind it."""

    EXCEPTION = "exception"
    SILENCE = "silence"


class ModbusTcp(Device):
    """`units` answer by their address."""

    def __init__(self, units: Sequence[RegisterMap], *, absent_unit: AbsentUnit = AbsentUnit.EXCEPTION) -> None:
        self.units = tuple(units)
        self._absent_unit = absent_unit
        self._received = bytearray()

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        if isinstance(message, (PoweredOn, HostConnected)):
            self._received.clear()
        if isinstance(message, PoweredOn):
            for unit in self.units:
                unit.power_up()
        if isinstance(message, HostSent):
            self._received += message.data
        answers = []
        while (request := self._next_request()) is not None:
            answers += self._answer(request, now_ms)
        return answers

    def wakeup_at(self) -> None:
        return None

    def _next_request(self) -> bytes | None:
        if len(self._received) < _HEADER.size:
            return None
        _, protocol, length, _ = _HEADER.unpack_from(self._received)
        if protocol != 0 or not 2 <= length <= _LENGTH_MAX:
            self._received.clear()  # A stream out of step has no mark to find its step again.
            return None
        size = _HEADER.size - 1 + length
        if len(self._received) < size:
            return None
        request = bytes(self._received[:size])
        del self._received[:size]
        return request

    def _answer(self, request: bytes, now_ms: int) -> list[DeviceSends]:
        transaction, _, _, unit = _HEADER.unpack_from(request)
        pdu = self._answer_of_unit(unit, request[_HEADER.size :], now_ms)
        return [DeviceSends(_HEADER.pack(transaction, 0, 1 + len(pdu), unit) + pdu)] if pdu else []

    def _answer_of_unit(self, unit: int, request: bytes, now_ms: int) -> bytes:
        for device in self.units:
            if device.address == unit:
                return modbus_pdu.answer(request, device, now_ms)
        if self._absent_unit is AbsentUnit.SILENCE:
            return b""
        return bytes((request[0] | 0x80, _GATEWAY_TARGET_SILENT))


def with_wrong_transaction(frame: bytes) -> bytes:
    """For `FaultPlan.spoilers`: the answer to a question that nobody asked."""
    return bytes((frame[0], frame[1] ^ 1)) + frame[2:]
