"""The one owner of a Modbus line: asks every device on it when its time has come.

Theory of operation. The device that is due first is asked next; its times lie on a fixed grid, and a time that passes
unused is counted (`polls_missed`). A device that gives no good answer twice running (once, if it was not available before)
is silent: it is asked at growing intervals and holds up the others less. A range of several registers that a device refuses
(exception 2) is read register by register from then on; a register that is refused is not asked for again until the device
was silent or the port was opened anew.

The drivers make readings and faults out of failed ranges (`RegistersRead.failed`); the bus counts each failed transaction,
and itself reports only what no driver can know: bytes out of turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from onebook_edge.clock import Clock
from onebook_edge.device import Faulted, ModbusDriver, Observed, RegisterRange, RegistersRead
from onebook_edge.links import reasons
from onebook_edge.links.device_status import Availability, DeviceCounters, DeviceStatus, Sink
from onebook_edge.links.link import Link, Reason
from onebook_edge.links.modbus_frames import Fault
from onebook_edge.links.modbus_line import ModbusLine, ModbusLineSettings
from onebook_edge.links.reconnect import keep_open
from onebook_edge.machine import Instant

LISTEN_MS_MAX = 10_000  # Longer than this it does not wait without showing that it lives.
_ILLEGAL_ADDRESS = "exception-2"
_SILENT_AFTER_POLLS = 2  # One lost answer is noise.
_SILENT_PAUSE_MS_MIN = 1_000
_DOUBLINGS_MAX = 20  # Beyond any pause that can be set.


@dataclass(frozen=True, slots=True)
class BusDevice:
    """One device on the line."""

    device_id: str
    unit_id: int  # Address on the line. A TCP device without a line behind it often wants 255.
    poll_interval_ms: int
    driver: ModbusDriver
    sink: Sink


@dataclass(slots=True)
class _Poll:
    """What one poll brought so far."""

    values: dict[tuple[int, int], int] = field(default_factory=dict)
    read_at: dict[tuple[int, int], Instant] = field(default_factory=dict)
    failed: dict[RegisterRange, str] = field(default_factory=dict)
    answered: bool = False  # The device said something that is certainly its own.
    last_fault: str = "no-answer"


class ModbusBus:
    """Runs all devices of one line."""

    def __init__(
        self,
        link: Link,
        settings: ModbusLineSettings,
        devices: Sequence[BusDevice],
        clock: Clock,
        turn: Callable[[], None] = lambda: None,  # Called with each request and at least every `LISTEN_MS_MAX`.
    ) -> None:
        self._link = link
        self._line = ModbusLine(link, settings, clock, out_of_turn=self._out_of_turn)
        self._clock = clock
        self._turn = turn
        self._polled = [_Polled(device, settings.silent_interval_s_max * 1000) for device in devices]
        self._asked: _Polled | None = None
        self._opens = 0

    @property
    def counters(self) -> Mapping[str, DeviceCounters]:
        return {polled.device.device_id: polled.status.counters for polled in self._polled}

    async def run(self) -> None:
        """Run until cancelled."""
        now_ms = self._clock.now().monotonic_ms
        for polled in self._polled:
            polled.due_ms = now_ms
        await keep_open(self._link, self._serve, self._gone, self._turn)

    async def _serve(self) -> None:
        self._line.opened()
        for polled in self._polled:
            polled.opened(again=self._opens > 0)
        self._opens += 1
        while True:
            polled = min(self._polled, key=_Polled.next_ms)
            await self._listen_until(polled.next_ms())
            await self._poll(polled)

    async def _listen_until(self, at_ms: int) -> None:
        self._turn()
        while (now_ms := self._clock.now().monotonic_ms) + LISTEN_MS_MAX < at_ms:
            await self._line.listen_until(now_ms + LISTEN_MS_MAX)
            self._turn()
        await self._line.listen_until(at_ms)

    def _gone(self, reason: Reason) -> None:
        now = self._clock.now()
        for polled in self._polled:
            polled.status.change(Availability.UNAVAILABLE, reason, now)

    async def _poll(self, polled: _Polled) -> None:
        self._asked = polled
        polled.take_slot(self._clock.now().monotonic_ms)
        poll = _Poll()
        ranges = polled.status.ask_driver(polled.device.driver.ranges)
        if ranges is None:
            return
        for wanted in ranges:
            await self._read(polled, wanted, poll)
        if not poll.answered:
            polled.finish(poll, self._clock.now())
            return
        if polled.status.availability is not Availability.AVAILABLE:
            self._came_back()
        polled.finish(poll, self._line.heard_at)

    def _came_back(self) -> None:
        """One device is back, so perhaps the whole line is: try the others at once."""
        for polled in self._polled:
            polled.not_before_ms = 0

    async def _read(self, polled: _Polled, wanted: RegisterRange, poll: _Poll) -> None:
        if wanted not in polled.refused:
            await self._ask(polled, wanted, poll)
        if wanted not in polled.refused:
            return
        if wanted.count == 1:
            poll.failed[wanted] = _ILLEGAL_ADDRESS
            return
        for address in range(wanted.address, wanted.address + wanted.count):
            await self._read(polled, RegisterRange(wanted.function, address, 1), poll)

    async def _ask(self, polled: _Polled, wanted: RegisterRange, poll: _Poll) -> None:
        self._turn()
        if "no-answer" in poll.failed.values():
            poll.failed[wanted] = "no-answer"  # One time-out a poll is enough.
            return
        answer = await self._line.ask(polled.device.unit_id, wanted)
        if not isinstance(answer, Fault):
            poll.answered = True
            polled.status.counters.frames_ok += 1
            places = [(wanted.function, address) for address in range(wanted.address, wanted.address + wanted.count)]
            poll.values.update(zip(places, answer, strict=True))
            poll.read_at.update(dict.fromkeys(places, self._line.heard_at))
            return
        poll.answered = poll.answered or answer.from_device
        poll.last_fault = answer.reason
        polled.status.counters.faults[answer.reason] += 1
        if answer.reason == _ILLEGAL_ADDRESS:
            polled.refused.add(wanted)
        else:
            poll.failed[wanted] = "no-answer" if answer.is_silence else answer.reason

    def _out_of_turn(self) -> None:
        if self._asked is not None:  # Most likely its answer, too late.
            self._asked.status.faulted(Faulted("out-of-turn", "bytes that nobody asked for: a late answer, or noise"))


class _Polled:
    """One device: when it is due, what it refuses, how it is."""

    def __init__(self, device: BusDevice, pause_ms_max: int) -> None:
        self.device = device
        self.status = DeviceStatus(device.device_id, device.sink)
        self.refused: set[RegisterRange] = set()
        self.due_ms = 0  # The next slot of its grid;
        self.not_before_ms = 0  # but a silent device waits until then.
        self._pause_ms_max = pause_ms_max
        self._unanswered = 0

    def opened(self, *, again: bool) -> None:
        self.refused.clear()
        self.not_before_ms = 0
        self._unanswered = 0
        self.status.counters.reconnects += again

    def next_ms(self) -> int:
        return max(self.due_ms, self.not_before_ms)

    def take_slot(self, now_ms: int) -> None:
        """Use the latest slot; those before it are gone."""
        missed = max(0, now_ms - self.due_ms) // self.device.poll_interval_ms
        self.status.counters.polls_missed += missed
        self.due_ms += (missed + 1) * self.device.poll_interval_ms

    def finish(self, poll: _Poll, now: Instant) -> None:
        self._judge(poll, now)
        if poll.failed and not poll.values:
            # Ask for one register again, though it was refused: or nobody would see the device die or mend.
            self.refused.discard(next(iter(poll.failed)))
        answer = RegistersRead(poll.values, poll.failed, poll.read_at)
        for output in self.status.ask_driver(lambda: self.device.driver.decode(answer, now)) or []:
            if isinstance(output, Observed):
                self.status.observed(output, now)
            else:
                self.status.faulted(output, counted=output.reason in poll.failed.values())

    def _judge(self, poll: _Poll, now: Instant) -> None:
        if poll.answered:
            self._unanswered = 0
            self.status.change(Availability.AVAILABLE, None, now)
            return
        self._unanswered += 1
        if self._unanswered < _SILENT_AFTER_POLLS and self.status.availability is Availability.AVAILABLE:
            return
        self.refused.clear()
        self.status.change(Availability.SILENT, reasons.no_good_answer(poll.last_fault), now)
        pause_ms = min(_SILENT_PAUSE_MS_MIN << min(self._unanswered - 1, _DOUBLINGS_MAX), self._pause_ms_max)
        self.not_before_ms = now.monotonic_ms + pause_ms
