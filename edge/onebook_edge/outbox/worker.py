"""One thread that does one unit of work after the other for the event loop: nothing that waits for a disk may run there.

`concurrent.futures` does the same with a lock, a condition and two futures for each unit of work.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """A thread and its queue. Unless it is closed, what it is doing ends with the program, as with a kill."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def ask(self, work: Callable[[], T], then: Callable[[T], None], fail: Callable[[Exception], None]) -> None:
        """Do this after all that was asked for before; then call one of the two on the event loop."""
        self._asked.put(partial(self._answer, work, then, fail))

    async def do(self, work: Callable[[], T]) -> T:
        """As `ask`, and wait for it. It is finished even if the caller is cancelled."""
        done: asyncio.Future[T] = self._loop.create_future()
        self.ask(work, then=partial(_succeed, done), fail=partial(_fail, done))
        return await done

    def close(self) -> None:
        """Take nothing more; what was asked for is still done."""
        self._asked.put(None)

    def _run(self) -> None:
        while (answer := self._asked.get()) is not None:
            answer()
            del answer  # An idle thread keeps nothing alive.

    def _answer(self, work: Callable[[], T], then: Callable[[T], None], fail: Callable[[Exception], None]) -> None:
        try:
            told = partial(then, work())
        except Exception as error:  # noqa: BLE001 - not swallowed: whoever asked is told.
            told = partial(fail, error)
        with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
            self._loop.call_soon_threadsafe(told)


def _succeed(done: asyncio.Future[T], result: T) -> None:
    if not done.done():  # Else the caller was cancelled.
        done.set_result(result)


def _fail(done: asyncio.Future[T], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
