"""Frames of the R200 / YRM100 / M100 modules.

`BB type command PLh PLl parameter.. sum 7E`; type 00 host, 01 answer, 02 notice of a tag; sum = low byte of the sum from type to
the last parameter byte. BB and 7E occur inside frames too, so the length alone frames (M100 firmware command manual; the
R200 user protocol V2.3.3 has the same layout between AA and DD).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from onebook_edge.device import Faulted
from onebook_edge.drivers.r200.settings import Variant

ANSWER, NOTICE = 0x01, 0x02
INVENTORY, POLL, STOP, SET_POWER, ERROR = 0x22, 0x27, 0x28, 0xB6, 0xFF
NO_TAG = 0x15

_ENDS: Mapping[Variant, tuple[int, int]] = {"BB..7E": (0xBB, 0x7E), "AA..DD": (0xAA, 0xDD)}
_SECONDS = (b"", b"\x00", b"\x01", b"\x02")  # The type, or nothing yet.
_OVERHEAD = 7
_PARAMETER_MAX = 300  # The longest answer, a read of a whole memory bank, stays below.


@dataclass(frozen=True, slots=True)
class Frame:
    type: int
    command: int
    parameter: bytes


@dataclass(frozen=True, slots=True)
class TagNotice:
    rssi_dbm: int
    pc: int
    epc: str
    tag_crc: str


def encode(command: int, parameter: bytes, variant: Variant) -> bytes:
    """A frame from the host."""
    first, last = _ENDS[variant]
    body = bytes((0x00, command)) + len(parameter).to_bytes(2, "big") + parameter
    return bytes((first,)) + body + bytes((sum(body) & 0xFF, last))


def tag_of(parameter: bytes) -> TagNotice | Faulted:
    """The tag in a notice: RSSI (signed dBm), PC (2), EPC as long as the PC says, tag CRC (2)."""
    pc = int.from_bytes(parameter[1:3], "big")
    end = 3 + (pc >> 11) * 2
    if len(parameter) < end + 2:
        return Faulted("bad-length", f"tag shorter than its PC says: {parameter.hex()}")
    rssi_dbm = int.from_bytes(parameter[:1], "big", signed=True)
    return TagNotice(rssi_dbm, pc, parameter[3:end].hex().upper(), parameter[end : end + 2].hex())


class FrameCutter:
    """Cuts a byte stream into frames. After a rejected frame the search goes on one byte behind its start."""

    def __init__(self, variant: Variant) -> None:
        self._first, self._last = _ENDS[variant]
        self._buffer = bytearray()

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame | Faulted]:
        self._buffer += data
        found: list[Frame | Faulted] = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def give_up(self) -> list[Frame | Faulted]:
        """The rest of the frame begun will not come; what lies behind its start may still be frames."""
        found: list[Frame | Faulted] = []
        while self._buffer:
            found.append(self._reject("truncated"))
            found += self.feed(b"")
        return found

    def _next(self) -> Frame | Faulted | None:
        self._skip_to_start()
        buffer = self._buffer
        if len(buffer) < _OVERHEAD:
            return None
        length = int.from_bytes(buffer[3:5], "big")
        if length > _PARAMETER_MAX:
            return self._reject("bad-length")
        size = _OVERHEAD + length
        if len(buffer) < size:
            return None
        if buffer[size - 1] != self._last:
            return self._reject("bad-length")
        if sum(buffer[1 : size - 2]) & 0xFF != buffer[size - 2]:
            return self._reject("bad-checksum")
        frame = Frame(buffer[1], buffer[2], bytes(buffer[5 : size - 2]))
        del buffer[:size]
        return frame

    def _skip_to_start(self) -> None:
        """Drop what cannot begin a frame: not an error, since nothing recognisable was begun."""
        while self._buffer and (self._buffer[0] != self._first or self._buffer[1:2] not in _SECONDS):
            start = self._buffer.find(self._first, 1)
            del self._buffer[: start if start > 0 else len(self._buffer)]

    def _reject(self, reason: str) -> Faulted:
        head = bytes(self._buffer[:8]).hex()
        del self._buffer[:1]
        return Faulted(reason, f"frame {head}..")
