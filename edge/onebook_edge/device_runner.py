"""Runs one byte driver on one link: opens, reads, writes, opens again; the driver decides everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from onebook_edge.clock import Clock
from onebook_edge.device import (
    ByteDriver,
    Closed,
    CommandGiven,
    DriverInput,
    DriverOutput,
    Faulted,
    Observed,
    Opened,
    Received,
    Send,
)
from onebook_edge.errors import RefusedError
from onebook_edge.links import reasons
from onebook_edge.links.device_status import Availability, DeviceCounters, DeviceStatus, Sink
from onebook_edge.links.link import Link, LinkLost, Reason
from onebook_edge.links.reconnect import keep_open
from onebook_edge.machine import Instant, Woken

TURN_S = 10.0  # Without bytes and duties it shows at least so often that it lives.


class DeviceRunner:
    """Feeds a driver in order and passes on what it says. Readings of one read share the moment of that read."""

    def __init__(
        self,
        device_id: str,
        link: Link,
        build_driver: Callable[[], ByteDriver],
        sink: Sink,
        clock: Clock,
        *,
        silence_after_s: float | None = None,  # None: silence is normal, as for a scanner.
        turn: Callable[[], None] = lambda: None,  # Called at least every `TURN_S`: the proof that this runner lives.
    ) -> None:
        self._link = link
        self._build_driver = build_driver
        self._driver = build_driver()
        self._status = DeviceStatus(device_id, sink)
        self._clock = clock
        self._turn = turn
        self._silence_after_ms = None if silence_after_s is None else round(silence_after_s * 1000)
        self._heard_at_ms = 0
        self._wakeup_ms: int | None = None
        self._opens = 0
        self._driver_failed = False
        self._waiting: asyncio.Timeout | None = None  # Only while the link is open.

    @property
    def counters(self) -> DeviceCounters:
        return self._status.counters

    async def run(self) -> None:
        """Run until cancelled."""
        try:
            await keep_open(self._link, self._serve, self._gone, self._turn)
        finally:
            self._waiting = None

    async def command(self, command: str) -> None:
        """Hand a person's command to the driver; raises RefusedError when the device is not connected."""
        if self._waiting is None:
            raise RefusedError("设备未连接 (the device is not connected)", "请先接好设备 (connect it first)")
        now = self._clock.now()
        self._feed(CommandGiven(command), now)
        if not self._waiting.expired():
            self._waiting.reschedule(self._next_duty(now))

    async def _serve(self) -> None:
        now = self._opened()
        while not self._driver_failed:
            self._turn()
            try:
                async with asyncio.timeout_at(self._next_duty(now)) as self._waiting:
                    data = await self._link.read()
            except TimeoutError:
                now = self._clock.now()
            else:
                now = self._clock.now()  # Here and nowhere later: this is when the device spoke.
                self._heard(now)
                self._feed(Received(data), now)
            self._attend(now)
        raise LinkLost(reasons.driver_bug())

    def _opened(self) -> Instant:
        now = self._clock.now()
        self.counters.reconnects += self._opens > 0
        self._opens += 1
        self._heard(now)
        self._feed(Opened(), now)
        return now

    def _gone(self, reason: Reason) -> None:
        now = self._clock.now()
        if self._waiting is not None:
            self._feed(Closed(), now)
        self._waiting = None
        self._status.change(Availability.UNAVAILABLE, reason, now)
        if self._driver_failed:
            self._driver = self._build_driver()
            self._driver_failed = False

    def _heard(self, now: Instant) -> None:
        self._heard_at_ms = now.monotonic_ms
        self._status.change(Availability.AVAILABLE, None, now)

    def _attend(self, now: Instant) -> None:
        """Do what is due. Bytes go first: they may have come before the time that the driver waits for."""
        if self._wakeup_ms is not None and self._wakeup_ms <= now.monotonic_ms:
            self._feed(Woken(), now)
        silent_at_ms = self._silent_at_ms()
        if silent_at_ms is not None and silent_at_ms <= now.monotonic_ms:
            assert self._silence_after_ms is not None
            self._status.change(Availability.SILENT, reasons.silent(self._silence_after_ms / 1000), now)

    def _silent_at_ms(self) -> int | None:
        if self._silence_after_ms is None or self._status.availability is Availability.SILENT:
            return None
        return self._heard_at_ms + self._silence_after_ms

    def _next_duty(self, now: Instant) -> float:
        """Event loop time of the next thing to do without bytes, if only to show that the runner lives."""
        due = [at_ms for at_ms in (self._wakeup_ms, self._silent_at_ms()) if at_ms is not None]
        if self._driver_failed:
            due.append(now.monotonic_ms)
        wait_s = min(max(0, min(due) - now.monotonic_ms) / 1000, TURN_S) if due else TURN_S
        return asyncio.get_running_loop().time() + wait_s

    def _feed(self, message: DriverInput, now: Instant) -> None:
        if self._driver_failed:
            return  # It is built anew before it hears anything else.
        outputs = self._status.ask_driver(lambda: self._ask(message, now))
        if outputs is None:
            self._driver_failed = True
            return
        for output in outputs:
            match output:
                case Send(data):
                    self._link.write(data)
                case Observed():
                    self.counters.frames_ok += 1
                    self._status.observed(output, now)
                case Faulted():
                    self._status.faulted(output)

    def _ask(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        outputs = self._driver.handle(message, now)
        self._wakeup_ms = self._driver.wakeup_at()
        return outputs
