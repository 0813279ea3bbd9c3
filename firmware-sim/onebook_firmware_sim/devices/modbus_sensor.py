"""A device on an RS-485 line (Modbus RTU), by Modbus over Serial Line V1.02: whoever its register map makes it.

It hears every byte of the line and ends a frame by silence (3.5 characters, at least 1.75 ms), as the standard says. It
answers only a whole frame with a right CRC that names its address, after its latency; all else it passes over in silence.
Address 0 (broadcast) is carried out and not answered.
"""

from __future__ import annotations

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, HostSent, PoweredOn
from onebook_firmware_sim.devices import modbus_pdu
from onebook_firmware_sim.devices.modbus_pdu import RegisterMap

_FRAME_BYTES_MIN, _FRAME_BYTES_MAX = 4, 256
_BITS_PER_CHARACTER = 10  # 8N1
_BROADCAST = 0


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial A001 reflected, initial value FFFF; goes onto the wire low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def rtu_frame(address: int, pdu: bytes) -> bytes:
    """Address, PDU and CRC as they stand on the line."""
    body = bytes((address,)) + pdu
    return body + crc16(body).to_bytes(2, "little")


class ModbusSensor(Device):
    """`latency_ms`: from the end of the request to the answer; 5-50 usual, cheap probes up to 200."""

    def __init__(self, registers: RegisterMap, *, baud: int = 9600, latency_ms: int = 20) -> None:
        self.registers = registers
        self._silence_ms = _frame_silence_ms(baud)
        self._latency_ms = latency_ms
        self._heard = bytearray()
        self._heard_at_ms = 0
        self._answer: tuple[int, bytes] | None = None

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        if isinstance(message, PoweredOn):
            self._heard.clear()
            self._answer = None
            self.registers.power_up()
        self._end_frame_by_silence(now_ms)
        if isinstance(message, HostSent):
            self._heard = (self._heard + message.data)[: _FRAME_BYTES_MAX + 1]  # One too many keeps it a bad frame.
            self._heard_at_ms = now_ms
        return self._say_what_is_due(now_ms)

    def wakeup_at(self) -> int | None:
        times = [self._heard_at_ms + self._silence_ms] if self._heard else []
        if self._answer:
            times.append(self._answer[0])
        return min(times, default=None)

    def _end_frame_by_silence(self, now_ms: int) -> None:
        if not self._heard or now_ms < self._heard_at_ms + self._silence_ms:
            return
        frame = bytes(self._heard)
        self._heard.clear()
        if not _FRAME_BYTES_MIN <= len(frame) <= _FRAME_BYTES_MAX or crc16(frame) != 0:  # CRC over itself leaves 0.
            return
        if frame[0] not in (self.registers.address, _BROADCAST):
            return
        address = self.registers.address
        pdu = modbus_pdu.answer(frame[1:-2], self.registers, now_ms)
        if pdu and frame[0] != _BROADCAST:
            self._answer = (now_ms + self._latency_ms, rtu_frame(address, pdu))

    def _say_what_is_due(self, now_ms: int) -> list[DeviceSends]:
        if self._answer is None or now_ms < self._answer[0]:
            return []
        frame, self._answer = self._answer[1], None
        return [DeviceSends(frame)]


def _frame_silence_ms(baud: int) -> int:
    """3.5 characters, above 19200 a fixed 1.75 ms (section 2.5.1.1); rounded up to whole milliseconds."""
    silence_us = 1750 if baud > 19200 else 3_500_000 * _BITS_PER_CHARACTER // baud
    return -(-silence_us // 1000)


# What a bad device does to a whole frame; for `FaultPlan.spoilers`.


def with_wrong_crc(frame: bytes) -> bytes:
    return frame[:-1] + bytes((frame[-1] ^ 0x5A,))


def from_another_address(frame: bytes) -> bytes:
    return rtu_frame(frame[0] % 247 + 1, frame[1:-2])


def with_a_register_less(frame: bytes) -> bytes:
    """A right frame that answers one register fewer than asked; other frames stay as they are."""
    function, size = frame[1], frame[2]
    if function not in (modbus_pdu.READ_HOLDING, modbus_pdu.READ_INPUT) or size < 4:
        return frame
    return rtu_frame(frame[0], bytes((function, size - 2)) + frame[3:-4])
