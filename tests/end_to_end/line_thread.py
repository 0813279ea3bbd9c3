"""The simulated line between an edge and the broker, in a thread: the test itself may wait and sleep."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType

from onebook_firmware_sim.line import Line, LineState


class LineThread:
    """`with LineThread(broker_port) as line`: connect to `line.port`."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._ready, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self) -> LineThread:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def set(self, state: LineState) -> None:
        self._loop.call_soon_threadsafe(self._line.set, state)

    def slow_down(self, delay_s: float) -> None:
        self._line.delay_s = delay_s

    def forget_far_ends(self) -> None:
        self._loop.call_soon_threadsafe(self._line.forget_far_ends)

    async def _run(self) -> None:
        async with Line(self._target_port) as self._line:
            self.port = self._line.port
            self._ready.set()
            await self._stop.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:  # Connections that are being ended.
            task.cancel()
