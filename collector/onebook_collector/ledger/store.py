"""LedgerStore: how the rest of the collector reaches the book. One writer at a time, many readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from onebook_collector.ledger.book import Book
from onebook_collector.ledger.cursor import Cursor, LogKey

T = TypeVar("T")


class LedgerStore(Protocol):
    """Keeps the book. Everything may raise sqlalchemy.exc.OperationalError when the database is locked or gone."""

    async def write(self, work: Callable[[Book], T]) -> T:
        """Run `work` in one transaction; when this returns, all of it is on disk. If `work` raises, nothing is written.

        `work` runs in the writer's own thread: it must touch nothing of the event loop.
        """
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query on one consistent picture of what is committed, in a thread of its own."""
        ...

    async def cursors(self, keys: Iterable[LogKey]) -> dict[LogKey, Cursor]:
        """How far each of these logs is committed."""
        ...
