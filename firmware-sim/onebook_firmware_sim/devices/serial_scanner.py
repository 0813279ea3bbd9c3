"""Barcode scanners on a serial line or USB-CDC, hand-held and fixed: `[prefix] [AIM id] text [suffix]`, 9600 8N1 or any.

It sends what it reads, unasked, and takes no commands. Text may hold GS (FNC1) and Chinese. A fixed-mount reader repeats a
code that stays before it, and sends its no-read text when a trigger finds nothing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from onebook_firmware_sim.device import Device, DeviceInput, DeviceSends, Physical, PoweredOn

_GS = "\x1d"


class Suffix(enum.Enum):
    """What ends a code. With `NONE` only silence does."""

    NONE = b""
    CR = b"\r"
    LF = b"\n"
    CRLF = b"\r\n"
    TAB = b"\t"
    ETX = b"\x03"


@dataclass(frozen=True, slots=True)
class CodePresented(Physical):
    """A code comes before the window. `text` without AIM identifier, `aim` e.g. "]C1"; `times`: how often it is read."""

    text: str
    aim: str
    times: int = 1


@dataclass(frozen=True, slots=True)
class TriggerFoundNothing(Physical):
    """A light barrier triggered and no code came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerSettings:
    """As set up with the barcodes of the manual. `group_separator` is sent for GS: kept, replaced ("^", "|") or "" dropped.

    `encoding`: utf-8 or gb18030. `no_read`: text for "nothing read"; None says nothing.
    """

    prefix: bytes = b""
    aim_ids: bool = True
    suffix: Suffix = Suffix.CR
    group_separator: str = _GS
    encoding: str = "utf-8"
    no_read: str | None = None
    repeat_interval_ms: int = 200


class SerialScanner(Device):
    """A code that comes while another is still being repeated takes its place."""

    def __init__(self, settings: ScannerSettings | None = None) -> None:
        self._settings = settings or ScannerSettings()
        self._line = b""
        self._repeats_left = 0
        self._next_repeat_ms = 0

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]:
        settings = self._settings
        if isinstance(message, PoweredOn):
            self._repeats_left = 0
        elif isinstance(message, CodePresented):
            text = message.text.replace(_GS, settings.group_separator)
            self._line = self._framed(message.aim + text if settings.aim_ids else text)
            self._repeats_left = message.times
            self._next_repeat_ms = now_ms
        elif isinstance(message, TriggerFoundNothing) and settings.no_read is not None:
            return [DeviceSends(self._framed(settings.no_read))]
        if not self._repeats_left or now_ms < self._next_repeat_ms:
            return []
        self._repeats_left -= 1
        self._next_repeat_ms = now_ms + settings.repeat_interval_ms
        return [DeviceSends(self._line)]

    def wakeup_at(self) -> int | None:
        return self._next_repeat_ms if self._repeats_left else None

    def _framed(self, text: str) -> bytes:
        return self._settings.prefix + text.encode(self._settings.encoding) + self._settings.suffix.value
