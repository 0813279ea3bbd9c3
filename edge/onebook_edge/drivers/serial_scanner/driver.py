"""Any barcode scanner on RS-232 or USB-CDC.

A code ends with its suffix, or with silence where there is none. A code that stands still half-sent for a second was cut off:
it is dropped and counted, because glued to the next one it would be a code that nobody scanned. A code in sight is reported
once, however often the scanner repeats it.
"""

from __future__ import annotations

from onebook_edge.device import (
    Closed,
    CodeScanned,
    CommandAnswered,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    NothingRead,
    Observed,
    Opened,
    Received,
)
from onebook_edge.drivers.serial_scanner.codec import ENDS, code_in, text_of
from onebook_edge.drivers.serial_scanner.settings import SerialScannerSettings
from onebook_edge.lines import LineCutter
from onebook_edge.machine import Instant, Woken

_CODE_BYTES_MAX = 8_192  # The largest QR code holds 7,089 digits.
_HALF_CODE_MS = 1_000  # Much longer than any pause inside a code.


class SerialScanner:
    def __init__(self, device_id: str, settings: SerialScannerSettings) -> None:
        self._device_id = device_id
        self._settings = settings
        self._lines = LineCutter(ENDS[settings.suffix], _CODE_BYTES_MAX)
        self._silence_ms = settings.idle_timeout_ms if settings.suffix == "none" else _HALF_CODE_MS
        self._last_byte_ms = 0
        self._in_sight: tuple[str, int] | None = None  # The last code, and when it was last sent.

    @property
    def buffered_bytes(self) -> int:
        return self._lines.buffered_bytes

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        match message:
            case Opened() | Closed():
                self._lines.clear()
                self._in_sight = None
                return []
            case Received(data):
                return self._received(data, now)
            case Woken():
                return self._after_silence(now)
            case CommandGiven(command):
                return [Observed(CommandAnswered(self._device_id, now, command, False, "not-supported"))]

    def wakeup_at(self) -> int | None:
        return self._last_byte_ms + self._silence_ms if self.buffered_bytes else None

    def _received(self, data: bytes, now: Instant) -> list[DriverOutput]:
        # A runner that was late brings bytes before it brings Woken: a short gap may still lie within one code.
        outputs = self._after_silence(now) if now.monotonic_ms - self._last_byte_ms >= _HALF_CODE_MS else []
        self._last_byte_ms = now.monotonic_ms
        for line in self._lines.feed(data):
            outputs += [line] if isinstance(line, Faulted) else self._line(line, now)
        return outputs

    def _after_silence(self, now: Instant) -> list[DriverOutput]:
        if not self.buffered_bytes or now.monotonic_ms - self._last_byte_ms < self._silence_ms:
            return []
        rest = self._lines.rest()
        if self._settings.suffix == "none":
            return self._line(rest, now)
        return [Faulted("truncated", f"no suffix: {rest[:40].hex()}")] if rest.strip(b"\r\n") else []

    def _line(self, line: bytes, now: Instant) -> list[DriverOutput]:
        codes = code_in(line, self._settings.prefix)
        return [output for code in codes for output in ([code] if isinstance(code, Faulted) else self._code(code, now))]

    def _code(self, code: bytes, now: Instant) -> list[DriverOutput]:
        text = text_of(code, self._settings)
        if isinstance(text, Faulted):
            return [text]
        if text == self._settings.no_read:
            self._in_sight = None
            return [Observed(NothingRead(self._device_id, now))]
        if not text or self._was_in_sight(text, now):
            return []
        return [Observed(CodeScanned(self._device_id, now, text, code))]

    def _was_in_sight(self, text: str, now: Instant) -> bool:
        """Whether the scanner has this code before it still; every sight of it prolongs that, also an unreported one."""
        before, self._in_sight = self._in_sight, (text, now.monotonic_ms)
        if before is None or before[0] != text:
            return False
        return now.monotonic_ms - before[1] < self._settings.duplicate_window_ms
