"""SqlLedgerStore: the book in SQLite (WAL). One thread writes, a few read; the event loop waits for none of them.

What is acknowledged has been synced to disk (`sqlite_engine.py`).
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection, insert, select, update

from onebook_collector.clock import Clock, SystemClock, new_id
from onebook_collector.errors import ConfigurationError
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.chain_audit import algorithm_of
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.migrations import upgrade
from onebook_collector.ledger.sql_book import SqlBook
from onebook_collector.ledger.sql_lookup import read_logs
from onebook_collector.sqlite_engine import reader_engine, writer_engine
from onebook_schemas.chain import HashAlgorithm, available, chain_start

READERS_MAX = 4

T = TypeVar("T")


class SqlLedgerStore:
    """Open with `await SqlLedgerStore.open(path)`, and close it: a thread that waits keeps a program alive."""

    def __init__(self, path: Path, settings: LedgerSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._writer_engine = writer_engine(path)
        self._reader_engine = reader_engine(path, connections=READERS_MAX)
        self._writer = ThreadPoolExecutor(1, "ledger-writer")
        self._readers = ThreadPoolExecutor(READERS_MAX, "ledger-reader")
        self._book: SqlBook | None = None  # The writer thread's own.

    @classmethod
    async def open(cls, path: Path, settings: LedgerSettings | None = None, clock: Clock | None = None) -> Self:
        """The book in this file, which is made, or brought up to date, if need be.

        Raises ConfigurationError when it is hashed with another algorithm than the settings ask for.
        """
        store = cls(path, settings or LedgerSettings(), clock or SystemClock())
        await store._run(store._writer, store._prepare)
        return store

    async def close(self) -> None:
        """Wait for what is under way, and let the file go."""
        await asyncio.to_thread(self._shut)

    aclose = close  # For contextlib.aclosing.

    async def write(self, work: Callable[[SqlBook], T]) -> T:
        return await self._run(self._writer, self._write, work)

    async def maintain(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in the writer's place, in one transaction; what the writer remembers is read anew afterwards."""
        return await self._run(self._writer, self._maintain, work)

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self._run(self._readers, self._read, query)

    async def cursors(self, keys: Iterable[LogKey]) -> dict[LogKey, Cursor]:
        wanted = {key: Cursor(0, chain_start(*key)) for key in keys}
        found = await self.read(lambda connection: list(read_logs(connection, wanted)))
        return wanted | {log.key: log.cursor for log in found}

    def _prepare(self) -> None:
        with self._writer_engine.begin() as connection:
            upgrade(connection)
            if connection.execute(select(t.feed_epoch.c.ledger_seq)).first() is None:
                first = {"ledger_seq": 0, "feed_epoch": new_id(), "started_at": self._clock.now_ms(), "reason": "first"}
                connection.execute(insert(t.feed_epoch).values(first))
                begun = {"hash_algorithm": str(self._settings.hash_algorithm or HashAlgorithm.SHA256)}
                connection.execute(update(t.sequencer).values(begun))
            _check_algorithm(connection, self._settings.hash_algorithm)

    def _write(self, work: Callable[[SqlBook], T]) -> T:
        book, self._book = self._book, None  # Only a committed book is taken up again.
        with _no_collection(), self._writer_engine.begin() as connection:
            if book is None or not book.resume(connection):
                book = SqlBook(connection, self._settings)
            result = work(book)
            book.finish()
        self._book = book
        return result

    def _maintain(self, work: Callable[[Connection], T]) -> T:
        self._book = None
        with self._writer_engine.begin() as connection:
            return work(connection)

    def _read(self, query: Callable[[Connection], T]) -> T:
        with self._reader_engine.begin() as connection:
            return query(connection)

    def _shut(self) -> None:
        for threads in (self._writer, self._readers):
            threads.shutdown()
        for engine in (self._writer_engine, self._reader_engine):
            engine.dispose()

    async def _run(self, threads: ThreadPoolExecutor, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, function, *arguments)


def _check_algorithm(connection: Connection, wanted: HashAlgorithm | None) -> None:
    """It is chosen once: hashes that are signed and held by every edge cannot be made anew."""
    try:
        begun = available(algorithm_of(connection))
    except ValueError as error:
        raise ConfigurationError([f"ledger.chain_hash: {error}"]) from error
    if wanted not in (None, begun):
        raise ConfigurationError(
            [
                f"ledger.chain_hash: 本账以 {begun} 建立，请写 / this book was begun with {begun} and keeps it: write"
                f' chain_hash = "{begun}". 用 {wanted} 须在新的数据目录另建新账 / {wanted} takes a new book in a new data folder'
                "; docs/ledger.md says how (Hash chain)."
            ]
        )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Rows live until they are flushed: to look among them for garbage meanwhile takes a tenth of the time and finds none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
