"""Frames of Yaohua XK3190 indicators with tF=0: `02 sign d1..d6 point xh xl 03` (XK3190-A9 manual, serial interface).

`point` counts decimals from the right; x is the XOR of bytes 2 to 9, sent as two hex digits: 31 42 is 1Bh, not weight.
"""

from __future__ import annotations

import functools
import operator
from decimal import Decimal

from onebook_edge.device import Faulted

_STX, _ETX, _SIZE = 0x02, 0x03, 12
_BEGINNINGS = (b"", b"+", b"-")  # The sign, or nothing yet.


class FrameCutter:
    """Cuts a byte stream into weights. 02 never occurs inside a frame: one that does cuts it off and begins the next."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Decimal | Faulted]:
        self._buffer += data
        found: list[Decimal | Faulted] = []
        while (weight := self._next()) is not None:
            found.append(weight)
        return found

    def clear(self) -> None:
        self._buffer.clear()

    def _next(self) -> Decimal | Faulted | None:
        self._skip_to_start()
        frame = bytes(self._buffer[:_SIZE])
        if (cut_at := frame.find(_STX, 1)) > 0:
            del self._buffer[:cut_at]
            return Faulted("truncated", frame[:cut_at].hex())
        if len(frame) < _SIZE:
            return None
        weight = decode(frame)
        del self._buffer[: 1 if isinstance(weight, Faulted) else _SIZE]
        return weight

    def _skip_to_start(self) -> None:
        while self._buffer and (self._buffer[0] != _STX or bytes(self._buffer[1:2]) not in _BEGINNINGS):
            start = self._buffer.find(_STX, 1)
            del self._buffer[: start if start > 0 else len(self._buffer)]


def decode(frame: bytes) -> Decimal | Faulted:
    """The weight in a frame of twelve bytes that begins with 02, with as many decimals as were sent."""
    if frame[11] != _ETX:
        return Faulted("bad-length", frame.hex())
    if frame[9:11] != b"%02X" % functools.reduce(operator.xor, frame[1:9]):
        return Faulted("bad-checksum", frame.hex())
    digits, decimals = frame[2:8], frame[8] - ord("0")
    if not digits.isdigit() or not 0 <= decimals <= 4:
        return Faulted("bad-digits", frame.hex())
    weight = Decimal(int(digits)).scaleb(-decimals)
    return -weight if frame[1:2] == b"-" and weight else weight  # A scale's "-0" is zero.
