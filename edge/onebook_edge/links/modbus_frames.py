"""Modbus requests and answers as bytes, for the two functions that read registers (3 holding, 4 input).

Theory of operation. A framing belongs to one connection. `request` begins a transaction, `receive` takes bytes until it
returns the registers or a fault, `give_up` ends a transaction whose time is up and names what came instead of an answer.

RTU (Modbus over Serial Line V1.02): address, function, byte count, registers, CRC; nothing says to which request an answer
belongs. So a frame is looked for at every offset (noise and the echo of the adapter lie in front of it), and it decides
only when address, function and CRC are right. The caller keeps the line quiet after a fault, so that a late answer dies.
TCP (Modbus Messaging V1.0b): a header with transaction number and length; late answers are told by their number.

Faults: "no-answer", "exception-<code>", "short-response" (fewer registers than asked), "bad-length" (more), "bad-crc",
"wrong-device", "wrong-function", "wrong-transaction", "truncated", "garbled", "overrun", "out-of-step" (TCP: the stream
makes no sense any more and must be opened anew).

Written by hand: pymodbus 3.16 as client drops bad answers without a cause, takes late and short ones, reconnects by itself
beside us, says why a port cannot be opened only in its log, and lets a malformed answer raise inside the event loop. It
serves as the independent other side in the tests.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from onebook_edge.device import RegisterRange

HEARD_BYTES_MAX = 600  # Twice the longest frame: a line that babbles is not worth listening to any longer.
_EXCEPTION = 0x80
_EXCEPTION_FRAME_BYTES = 5
_FRAME_BYTES_MIN = 5
_FROM_GATEWAY = ("exception-10", "exception-11")  # It speaks for a device that cannot be reached or does not answer.
_MBAP = struct.Struct(">HHHB")

Registers: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What came instead of the registers."""

    reason: str

    @property
    def from_device(self) -> bool:
        """Whether the device itself certainly spoke: it is alive and declines."""
        return self.reason.startswith("exception-") and self.reason not in _FROM_GATEWAY

    @property
    def is_silence(self) -> bool:
        return self.reason == "no-answer" or self.reason in _FROM_GATEWAY


class Framing(Protocol):
    def request(self, unit: int, wanted: RegisterRange) -> bytes: ...

    def receive(self, data: bytes) -> Registers | Fault | None:
        """None: the answer is not complete yet."""
        ...

    def give_up(self) -> Fault: ...


class RtuFraming:
    """Frames on a serial line, or the same bytes through a TCP gateway."""

    def __init__(self) -> None:
        self._unit = 0
        self._wanted = RegisterRange(function=3, address=0, count=0)
        self._request = b""
        self._heard = bytearray()

    def request(self, unit: int, wanted: RegisterRange) -> bytes:
        self._unit, self._wanted = unit, wanted
        body = struct.pack(">BBHH", unit, wanted.function, wanted.address, wanted.count)
        self._request = body + crc(body)
        self._heard.clear()
        return self._request

    def receive(self, data: bytes) -> Registers | Fault | None:
        self._heard += data
        if self._heard.startswith(self._request):  # Some RS-485 adapters echo what is sent.
            del self._heard[: len(self._request)]
        for start in range(len(self._heard) - _FRAME_BYTES_MIN + 1):
            if self._heard[start] != self._unit or self._heard[start + 1] & ~_EXCEPTION != self._wanted.function:
                continue
            frame = _whole_frame(self._heard[start:])
            if frame:
                return _registers(frame[1:-2], self._wanted)
        return Fault("overrun") if len(self._heard) > HEARD_BYTES_MAX else None

    def give_up(self) -> Fault:
        heard = self._heard
        if not heard:
            return Fault("no-answer")
        if _whole_frame(heard):
            return Fault("wrong-device" if heard[0] != self._unit else "wrong-function")
        if heard[0] != self._unit:
            return Fault("garbled")
        return Fault("truncated" if len(heard) < _frame_bytes(heard) else "bad-crc")


class TcpFraming:
    """Frames with an MBAP header on one TCP connection."""

    def __init__(self) -> None:
        self._transaction = 0
        self._unit = 0
        self._wanted = RegisterRange(function=3, address=0, count=0)
        self._stream = bytearray()  # Outlives a transaction: a late answer may end in the next one.
        self._stranger: str | None = None

    def request(self, unit: int, wanted: RegisterRange) -> bytes:
        self._unit, self._wanted, self._stranger = unit, wanted, None
        self._transaction = self._transaction % 0xFFFF + 1
        return struct.pack(">HHHBBHH", self._transaction, 0, 6, unit, wanted.function, wanted.address, wanted.count)

    def receive(self, data: bytes) -> Registers | Fault | None:
        self._stream += data
        while len(self._stream) >= _MBAP.size:
            transaction, protocol, length, unit = _MBAP.unpack_from(self._stream)
            if protocol != 0 or not 3 <= length <= 254:
                return Fault("out-of-step")
            if len(self._stream) < 6 + length:
                return None
            pdu = bytes(self._stream[_MBAP.size : 6 + length])
            del self._stream[: 6 + length]
            if transaction != self._transaction:
                self._stranger = "wrong-transaction"
            elif unit != self._unit:
                self._stranger = "wrong-device"
            else:
                return _registers(pdu, self._wanted)
        return None

    def give_up(self) -> Fault:
        return Fault(self._stranger or ("truncated" if self._stream else "no-answer"))


def _registers(pdu: bytes, wanted: RegisterRange) -> Registers | Fault:
    if pdu[0] == wanted.function | _EXCEPTION:
        return Fault(f"exception-{pdu[1]}")
    if pdu[0] != wanted.function:
        return Fault("wrong-function")
    count, odd = divmod(len(pdu) - 2, 2)
    if odd or pdu[1] != len(pdu) - 2 or count > wanted.count:
        return Fault("bad-length")
    if count < wanted.count:
        return Fault("short-response")
    return struct.unpack_from(f">{count}H", pdu, 2)


def _whole_frame(heard: bytes | bytearray) -> bytes:
    """The frame at the start, of any device; empty when there is none, or not all of it, or its CRC is wrong."""
    length = _frame_bytes(heard)
    body, check = bytes(heard[: length - 2]), heard[length - 2 : length]
    return body + check if crc(body) == check else b""


def _frame_bytes(heard: bytes | bytearray) -> int:
    """Length of the answer that begins here: exceptions are fixed, the rest says how many data bytes follow."""
    if len(heard) < 3 or heard[1] & _EXCEPTION:
        return _EXCEPTION_FRAME_BYTES
    return 5 + heard[2]


def crc(body: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first."""
    value = 0xFFFF
    for byte in body:
        value = (value >> 8) ^ _CRC_TABLE[(value ^ byte) & 0xFF]
    return value.to_bytes(2, "little")


def _crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ (0xA001 if value & 1 else 0)
    return value


_CRC_TABLE = tuple(_crc_of_byte(byte) for byte in range(256))
