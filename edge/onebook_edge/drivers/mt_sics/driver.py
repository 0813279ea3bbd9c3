"""Scales that speak MT-SICS: Mettler Toledo and many copies.

The scale is asked (SI) or told to repeat (SIR), and asked again after silence. Zero and tare happen only when a person gives the
command; while the scale waits for a stable weight to do it nothing else is asked, because a question would end the waiting. `@`
is never sent: it would clear the tare.
"""

from __future__ import annotations

from onebook_edge.device import (
    Closed,
    CommandAnswered,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Quality,
    Received,
    Send,
    Weighed,
)
from onebook_edge.drivers.mt_sics import codec
from onebook_edge.drivers.mt_sics.codec import Done, Introduction, Refused, Weight
from onebook_edge.drivers.mt_sics.settings import MtSicsSettings
from onebook_edge.lines import LineCutter
from onebook_edge.machine import Instant, Woken

_LINE_BYTES_MAX = 128
_STABLE = {Quality.GOOD: True, Quality.UNSTABLE: False}


class MtSics:
    def __init__(self, device_id: str, settings: MtSicsSettings) -> None:
        self._device_id = device_id
        self._settings = settings
        self._lines = LineCutter(codec.LINE_END, _LINE_BYTES_MAX)
        self._understood = False  # Before the first good line, noise and the tail of a line are not faults.
        self._asked_at_ms = 0
        self._due_ms: int | None = None
        self._pending: str | None = None

    @property
    def buffered_bytes(self) -> int:
        return self._lines.buffered_bytes

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        match message:
            case Opened():
                return [*self._close(now), *self._ask(now)]
            case Closed():
                return self._close(now)
            case Received(data):
                return [output for line in self._lines.feed(data) for output in self._line(line, now)]
            case Woken():
                return self._woken(now)
            case CommandGiven(command):
                return self._command(command, now)

    def wakeup_at(self) -> int | None:
        return self._due_ms

    def _close(self, now: Instant) -> list[DriverOutput]:
        self._lines.clear()
        self._understood, self._due_ms = False, None
        return self._answer_pending("disconnected", now)

    def _woken(self, now: Instant) -> list[DriverOutput]:
        if self._due_ms is None or now.monotonic_ms < self._due_ms:
            return []
        return [*self._answer_pending("no-answer", now), *self._ask(now)]

    # To the scale ---------------------------------------------------------------------------------------------------

    def _ask(self, now: Instant) -> list[DriverOutput]:
        self._asked_at_ms = now.monotonic_ms
        self._due_ms = now.monotonic_ms + self._settings.quiet_restart_ms
        return [Send(codec.ASK_NOW if self._settings.mode == "poll" else codec.ASK_REPEATEDLY)]

    def _command(self, command: str, now: Instant) -> list[DriverOutput]:
        if command not in codec.COMMANDS:
            return [self._answered(command, "not-supported", now)]
        if self._pending is not None or self._due_ms is None:
            return [self._answered(command, "disconnected" if self._due_ms is None else "busy", now)]
        self._pending = command
        self._due_ms = now.monotonic_ms + self._settings.command_timeout_ms
        return [Send(codec.COMMANDS[command])]

    # From the scale -------------------------------------------------------------------------------------------------

    def _line(self, line: bytes | Faulted, now: Instant) -> list[DriverOutput]:
        if isinstance(line, Faulted):
            return [line] if self._understood else []
        text = line.decode("ascii", errors="replace")
        meaning = codec.parse(text)
        if meaning is None:
            return self._damaged(text, now)
        self._understood = True
        match meaning:
            case Weight():
                return self._weight(meaning, now)
            case Done(command):
                return self._settled(command, None, now)
            case Refused(command, reason):
                command = command or self._pending
                return self._settled(command, reason, now) if command else [Faulted(reason)]
            case Introduction():
                return []

    def _damaged(self, text: str, now: Instant) -> list[DriverOutput]:
        behind = codec.weight_behind(text)
        faults: list[DriverOutput] = [Faulted("bad-format", text)] if self._understood or behind else []
        return [*faults, *(self._weight(behind, now) if behind else [])]

    def _weight(self, weight: Weight, now: Instant) -> list[DriverOutput]:
        self._next_question(now)
        if weight.unit is not None and self._settings.unit not in (None, weight.unit):
            return [Faulted("wrong-unit", f"{weight.unit} instead of {self._settings.unit}: set the scale to it")]
        stable = _STABLE.get(weight.quality)
        return [
            Observed(Weighed(self._device_id, now, weight.value, weight.unit, stable, None, weight.quality)),
        ]

    def _next_question(self, now: Instant) -> None:
        if self._pending is not None:
            return
        if self._settings.mode == "poll":
            self._due_ms = max(now.monotonic_ms, self._asked_at_ms + self._settings.poll_interval_ms)
        else:
            self._due_ms = now.monotonic_ms + self._settings.quiet_restart_ms

    # What the person hears ------------------------------------------------------------------------------------------

    def _settled(self, command: str, refusal: str | None, now: Instant) -> list[DriverOutput]:
        """The scale answered; also a late answer is told, because it says what the scale did."""
        if command == self._pending:
            self._pending = None
            self._due_ms = now.monotonic_ms
        return [self._answered(command, refusal, now)]

    def _answer_pending(self, refusal: str, now: Instant) -> list[DriverOutput]:
        command, self._pending = self._pending, None
        return [self._answered(command, refusal, now)] if command else []

    def _answered(self, command: str, refusal: str | None, now: Instant) -> DriverOutput:
        return Observed(CommandAnswered(self._device_id, now, command, refusal is None, refusal))
