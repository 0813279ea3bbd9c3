"""R200 / YRM100 / M100 UHF readers, polled without end.

Start: stop, power, poll. A reader left polling by an earlier run floods at once and obeys nothing but stop, and what the port
had buffered is old: everything before the answer to stop is dropped. Each round of polling says a tag or "no tag" (error 15), so
silence means that the rounds are used up or the module lost power, perhaps with its settings: it is started afresh. A module
that never answers stop (just powered up, or a copy that ignores it when idle) is told to poll all the same.
"""

from __future__ import annotations

import enum

from onebook_edge.device import (
    Closed,
    CommandAnswered,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Received,
    Send,
    TagRead,
)
from onebook_edge.drivers.r200 import codec
from onebook_edge.drivers.r200.codec import Frame, FrameCutter
from onebook_edge.drivers.r200.settings import R200Settings
from onebook_edge.machine import Instant, Woken

_ANSWER_MS = 300
_STOP_ATTEMPTS_MAX = 8  # Modules are deaf for one to two seconds after power-up.


class _State(enum.Enum):
    CLOSED = enum.auto()
    STOPPING = enum.auto()
    SETTING_POWER = enum.auto()
    POLLING = enum.auto()


class R200:
    def __init__(self, device_id: str, settings: R200Settings) -> None:
        self._device_id = device_id
        self._settings = settings
        self._frames = FrameCutter(settings.variant)
        self._state = _State.CLOSED
        self._stop_attempts = 0
        self._due_ms: int | None = None

    @property
    def buffered_bytes(self) -> int:
        return self._frames.buffered_bytes

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        match message:
            case Opened():
                self._close()
                return self._stop(now)
            case Closed():
                self._close()
                return []
            case Received(data):
                return self._take_all(self._frames.feed(data), now)
            case Woken():
                return self._after_silence(now)
            case CommandGiven(command):
                return [Observed(CommandAnswered(self._device_id, now, command, False, "not-supported"))]

    def wakeup_at(self) -> int | None:
        return self._due_ms

    def _close(self) -> None:
        self._frames = FrameCutter(self._settings.variant)
        self._state, self._stop_attempts, self._due_ms = _State.CLOSED, 0, None

    def _after_silence(self, now: Instant) -> list[DriverOutput]:
        if self._due_ms is None or now.monotonic_ms < self._due_ms:
            return []
        outputs = self._take_all(self._frames.give_up(), now)
        if now.monotonic_ms < self._due_ms:
            return outputs  # Behind a damaged frame lay the answer that was waited for.
        if self._state is _State.STOPPING and self._stop_attempts >= _STOP_ATTEMPTS_MAX:
            return [*outputs, *self._set_power(now)]
        if self._state is _State.SETTING_POWER:
            return [*outputs, Faulted("command-refused", "no answer to the power setting"), *self._poll(now)]
        return [*outputs, *self._stop(now)]

    # The steps of a start -------------------------------------------------------------------------------------------

    def _stop(self, now: Instant) -> list[DriverOutput]:
        self._stop_attempts += 1
        return self._command(_State.STOPPING, codec.STOP, b"", now)

    def _set_power(self, now: Instant) -> list[DriverOutput]:
        self._stop_attempts = 0
        power_dbm = self._settings.power_dbm
        if power_dbm is None:
            return self._poll(now)
        return self._command(_State.SETTING_POWER, codec.SET_POWER, int(power_dbm * 100).to_bytes(2, "big"), now)

    def _poll(self, now: Instant) -> list[DriverOutput]:
        parameter = bytes((codec.INVENTORY,)) + self._settings.poll_rounds.to_bytes(2, "big")
        outputs = self._command(_State.POLLING, codec.POLL, parameter, now)
        self._due_ms = now.monotonic_ms + self._settings.quiet_restart_ms
        return outputs

    def _command(self, state: _State, command: int, parameter: bytes, now: Instant) -> list[DriverOutput]:
        self._state, self._due_ms = state, now.monotonic_ms + _ANSWER_MS
        return [Send(codec.encode(command, parameter, self._settings.variant))]

    # What the reader says -------------------------------------------------------------------------------------------

    def _take_all(self, frames: list[Frame | Faulted], now: Instant) -> list[DriverOutput]:
        return [output for frame in frames for output in self._take(frame, now)]

    def _take(self, frame: Frame | Faulted, now: Instant) -> list[DriverOutput]:
        if self._state is _State.STOPPING:
            stopped = isinstance(frame, Frame) and (frame.type, frame.command) == (codec.ANSWER, codec.STOP)
            return self._set_power(now) if stopped else []
        if isinstance(frame, Faulted):
            return [frame]
        if self._state is _State.POLLING:
            self._due_ms = now.monotonic_ms + self._settings.quiet_restart_ms
        match frame.type, frame.command:
            case codec.NOTICE, codec.INVENTORY:
                return [self._tag(frame.parameter, now)]
            case codec.ANSWER, codec.SET_POWER if self._state is _State.SETTING_POWER:
                return self._poll(now)
            case codec.ANSWER, codec.ERROR:
                return self._error(frame.parameter, now)
            case _:
                return []  # An echo of ourselves, or the answer to another program.

    def _tag(self, parameter: bytes, now: Instant) -> DriverOutput:
        tag = codec.tag_of(parameter)
        return tag if isinstance(tag, Faulted) else Observed(TagRead(self._device_id, now, tag.epc, tag.rssi_dbm))

    def _error(self, parameter: bytes, now: Instant) -> list[DriverOutput]:
        code = parameter[0] if parameter else 0
        if code == codec.NO_TAG:
            return []
        if self._state is _State.SETTING_POWER:
            return [Faulted("command-refused", f"power setting: error {code:02X}h"), *self._poll(now)]
        return [Faulted("device-error", f"error {code:02X}h")]
