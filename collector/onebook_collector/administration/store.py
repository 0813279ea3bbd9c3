"""AdministrationStore: people, tokens, certificates, desired configurations and the audit log, in one SQLite file.

One thread writes, another reads; the event loop waits for neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine

from onebook_collector.administration.migrations import upgrade
from onebook_collector.sqlite_engine import reader_engine, writer_engine

T = TypeVar("T")


class AdministrationStore:
    """Open with `await AdministrationStore.open(path)`, and close it: a thread that waits keeps a program alive."""

    def __init__(self, path: Path) -> None:
        self._writer_engine = writer_engine(path)
        self._reader_engine = reader_engine(path, connections=1)
        self._writer = ThreadPoolExecutor(1, "administration-writer")
        self._reader = ThreadPoolExecutor(1, "administration-reader")

    @classmethod
    async def open(cls, path: Path) -> Self:
        """The administration in this file, which is made, or brought up to date, if need be."""
        store = cls(path)
        await store.write(upgrade)
        return store

    async def close(self) -> None:
        """Wait for what is under way, and let the file go."""
        await asyncio.to_thread(self._shut)

    aclose = close  # For contextlib.aclosing.

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one transaction: all of it or nothing, on disk when this returns."""
        return await self._run(self._writer, self._writer_engine, work)

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self._run(self._reader, self._reader_engine, query)

    async def _run(self, thread: ThreadPoolExecutor, engine: Engine, work: Callable[[Connection], T]) -> T:
        def in_transaction() -> T:
            with engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(thread, in_transaction)

    def _shut(self) -> None:
        self._writer.shutdown()
        self._reader.shutdown()
        self._writer_engine.dispose()
        self._reader_engine.dispose()
