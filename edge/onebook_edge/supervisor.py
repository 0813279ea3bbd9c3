"""Runs the parts of the agent as the watchdog decides, and tells the service manager that they live."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from onebook_edge.clock import Clock
from onebook_edge.errors import OutboxBrokenError
from onebook_edge.logs import get_logger
from onebook_edge.watchdog import (
    Begin,
    Cancel,
    Ended,
    GiveUp,
    Looked,
    Part,
    Ping,
    Recovered,
    Troubled,
    WatchdogInput,
    WatchdogMachine,
    WatchdogOutput,
)

log = get_logger()


@dataclass(slots=True)
class Pulse:
    """What a part counts its turns with."""

    turns: int = 0

    def __call__(self) -> None:
        self.turns += 1


@dataclass(slots=True)
class Supervised:
    """A part and how it is built. `run` is called for each new life; `on_troubled` hears of the first failure of a row."""

    part: Part
    run: Callable[[Pulse], Awaitable[None]]
    on_troubled: Callable[[], None] = lambda: None
    on_recovered: Callable[[], None] = lambda: None
    pulse: Pulse = field(default_factory=Pulse)
    task: asyncio.Task[None] | None = None
    error: BaseException | None = None
    restarts: int = 0


class Supervisor:
    """`await run()` until cancelled, told to end, or a vital part ends: then it raises that part's error."""

    def __init__(self, parts: Sequence[Supervised], clock: Clock, notify: Callable[[str], None]) -> None:
        self.parts = {one.part.name: one for one in parts}
        self._clock, self._notify = clock, notify
        self._machine = WatchdogMachine([one.part for one in parts])
        self._ended: asyncio.Queue[Ended] = asyncio.Queue()
        self._is_to_end = False

    def end(self) -> None:
        """Let `run` return, to begin anew with other parts: the service manager is told nothing."""
        self._is_to_end = True

    def restart(self, name: str) -> bool:
        """End a part, which begins anew; whether there is one that runs."""
        one = self.parts.get(name)
        if one is None or one.task is None or one.task.done():
            return False
        one.task.cancel()
        return True

    async def run(self) -> None:
        self._notify("READY=1")
        try:
            while not self._is_to_end:
                message = await self._next_input()
                for output in self._machine.handle(message, self._clock.now()):
                    self._carry_out(output)
        finally:
            if not self._is_to_end:
                self._notify("STOPPING=1")
            tasks = [one.task for one in self.parts.values() if one.task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _next_input(self) -> WatchdogInput:
        due = self._machine.wakeup_at()
        wait_s = 0 if due is None else max(due - self._clock.now().monotonic_ms, 0) / 1000
        try:
            async with asyncio.timeout(wait_s):  # Not wait_for: until Python 3.12 that may swallow a cancellation.
                return await self._ended.get()
        except TimeoutError:
            return Looked({name: one.pulse.turns for name, one in self.parts.items()})

    def _carry_out(self, output: WatchdogOutput) -> None:
        match output:
            case Begin(name):
                self._begin(self.parts[name])
            case Cancel(name):
                task = self.parts[name].task
                assert task is not None
                task.cancel()
            case Troubled(name, reason):
                log.error("part_restarts", part=name, reason=reason)
                self.parts[name].on_troubled()
            case Recovered(name, restarts):
                log.info("part_recovered", part=name, restarts=restarts)
                self.parts[name].on_recovered()
            case Ping():
                self._notify("WATCHDOG=1")
            case GiveUp(name):
                raise self.parts[name].error or OutboxBrokenError(f"{name} ended")

    def _begin(self, one: Supervised) -> None:
        one.restarts += one.task is not None
        one.pulse = Pulse()
        one.task = asyncio.create_task(_live(one.run, one.pulse), name=one.part.name)
        one.task.add_done_callback(lambda task: self._hear_end(one, task))

    def _hear_end(self, one: Supervised, task: asyncio.Task[None]) -> None:
        one.error = None if task.cancelled() else task.exception()
        if isinstance(one.error, OutboxBrokenError):
            self._ended.put_nowait(Ended(VITAL, str(one.error)))
            self.parts[VITAL].error = one.error
            return
        if one.error is not None:
            log.error("part_failed", part=one.part.name, error=repr(one.error), exc_info=one.error)
        self._ended.put_nowait(Ended(one.part.name, type(one.error).__name__ if one.error else "ended"))


VITAL = "outbox"
"""The part whose end ends the agent, whichever part has found out that it is broken."""


async def _live(run: Callable[[Pulse], Awaitable[None]], pulse: Pulse) -> None:
    await run(pulse)


def notify_service_manager(state: str) -> None:
    """One datagram to systemd (sd_notify(3)); nothing when nobody asked for it."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        try:
            sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:
            log.warning("service_manager_not_told", state=state, reason=str(error))
