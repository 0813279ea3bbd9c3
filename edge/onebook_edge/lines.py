"""Cuts a byte stream into lines: for devices whose frames end with a character instead of naming their length."""

from __future__ import annotations

import re

from onebook_edge.device import Faulted


class LineCutter:
    """Gives whole lines without their end; empty ones are left out.

    A line longer than `bytes_max` is one Faulted("overrun"), however its bytes arrive; what follows up to the next end belongs
    to it. Without an `end` only silence ends a line: the driver then takes `rest`.
    """

    def __init__(self, end: re.Pattern[bytes] | None, bytes_max: int) -> None:
        self._end = end
        self._bytes_max = bytes_max
        self._buffer = bytearray()
        self._overrun = False

    @property
    def buffered_bytes(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes | Faulted]:
        self._buffer += data
        *whole, half = self._end.split(self._buffer) if self._end else (bytes(self._buffer),)
        lines: list[bytes | Faulted] = []
        for line in whole:
            lines += self._bounded(line)
            self._overrun = False
        self._buffer[:] = half
        if len(half) > self._bytes_max + 1 or self._overrun:  # One more: it may be the first half of a two-byte end.
            lines += self._bounded(half)
            self._overrun = True
            del self._buffer[:-1]
        return lines

    def rest(self) -> bytes:
        """The line begun, forgotten here with this call; nothing when it had run over."""
        line = b"" if self._overrun else bytes(self._buffer)
        self.clear()
        return line

    def clear(self) -> None:
        self._buffer.clear()
        self._overrun = False

    def _bounded(self, line: bytes) -> list[bytes | Faulted]:
        if self._overrun or not line:
            return []
        return [line] if len(line) <= self._bytes_max else [Faulted("overrun", f"over {self._bytes_max} bytes")]
