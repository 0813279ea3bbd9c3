"""A link whose port, bytes and losses the test decides, and a place that keeps what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from onebook_edge.device import Faulted, Observed
from onebook_edge.links.device_status import DeviceState
from onebook_edge.links.link import LinkLost, LinkUnavailable, Reason

PULLED_OUT = Reason("unplugged", "已拔出", "Pulled out.")


class ScriptedLink:
    def __init__(self) -> None:
        self.plugged_in = True
        self.written: list[bytes] = []
        self.opens = 0
        self.is_open = False
        self._coming: asyncio.Queue[bytes | Reason] = asyncio.Queue()

    def say(self, data: bytes) -> None:
        self._coming.put_nowait(data)

    def pull_out(self) -> None:
        self.plugged_in = False
        self._coming.put_nowait(PULLED_OUT)

    async def open(self) -> None:
        if not self.plugged_in:
            raise LinkUnavailable(PULLED_OUT)
        self.opens += 1
        self.is_open = True

    async def read(self) -> bytes:
        coming = await self._coming.get()
        if isinstance(coming, Reason):
            raise LinkLost(coming)
        return coming

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.is_open = False


class Heard:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.all: list[Observed | Faulted | DeviceState] = []

    def __call__(self, output: Observed | Faulted | DeviceState) -> None:
        self.all.append(output)

    @property
    def readings(self) -> list[Any]:
        return [output.reading for output in self.all if isinstance(output, Observed)]

    @property
    def faults(self) -> list[str]:
        return [output.reason for output in self.all if isinstance(output, Faulted)]

    @property
    def states(self) -> list[tuple[str, str | None]]:
        """(state, code of the reason), in order."""
        return [
            (str(output.state), output.reason.code if output.reason else None)
            for output in self.all
            if isinstance(output, DeviceState)
        ]


@asynccontextmanager
async def running(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run jobs beside the test and cancel them after it; what they raised fails the test."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ended:
        if end is not None and not isinstance(end, asyncio.CancelledError):
            raise end


async def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait until something is true; fail when it does not become so."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)
