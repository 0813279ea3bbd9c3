"""A ledger on the bench: any store behind one small face, and edges that write journals into it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, select

from onebook_collector.ingest.decide import Outcome, decide_journal
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import LedgerSettings, Verdict
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.desk import Desk
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.ledger.verify import Report, verify
from onebook_schemas.chain import HashAlgorithm
from tests.contract import ledger_events as events

T = TypeVar("T")
Stock = dict[tuple[str, str, str], int]


class Ledger(Protocol):
    async def write(self, work: Callable[[Desk], T]) -> T: ...

    async def read(self, query: Callable[[Connection], T]) -> T: ...


class MemoryLedger:
    """The memory book. To be read it is written into a database of its own: its rows are the tables."""

    def __init__(self, folder: Path) -> None:
        self.book = MemoryBook()
        self._folder, self._reads = folder, 0

    async def write(self, work: Callable[[Desk], T]) -> T:
        return work(self.book)

    async def read(self, query: Callable[[Connection], T]) -> T:
        self._reads += 1
        store = await open_store(self._folder / f"read-{self._reads}.db")
        try:
            await store.write(self._copy)
            return await store.read(query)
        finally:
            await store.close()

    def _copy(self, book: Desk) -> None:
        book.rows = self.book.snapshot().rows
        book.ledger_seq, book.head = self.book.ledger_seq, self.book.head


async def open_store(path: Path, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> SqlLedgerStore:
    """A new store. The tables are migrated once in a test run, and copied from then on."""
    settings = LedgerSettings(hash_algorithm=algorithm)
    if algorithm not in _migrated:
        template = path.with_suffix(".template")
        await (await SqlLedgerStore.open(template, settings)).close()
        _migrated[algorithm] = template.read_bytes()
    path.write_bytes(_migrated[algorithm])
    return await SqlLedgerStore.open(path, settings)


_migrated: dict[HashAlgorithm, bytes] = {}


def empty_store(store: SqlLedgerStore, path: Path) -> None:
    """Put a new file in the place of the store's. Much faster than a new store, which compiles every statement again."""
    store._book = None
    for engine in (store._writer_engine, store._reader_engine):
        engine.dispose()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.write_bytes(_migrated[HashAlgorithm.SHA256])


@asynccontextmanager
async def open_ledger(kind: str, folder: Path) -> AsyncIterator[Ledger]:
    """A furnished ledger of this kind."""
    if kind == "memory":
        memory = MemoryLedger(folder)
        await memory.write(events.furnish)
        yield memory
        return
    store = await open_store(folder / "ledger.db")
    await store.write(events.furnish)
    yield store
    await store.close()


class Journal:
    """The journal of an edge, uploaded event by event as soon as something happens."""

    def __init__(
        self,
        ledger: Ledger,
        edge_id: str = "edge-1",
        epoch: str = events.EPOCH,
        algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    ) -> None:
        self.ledger, self.key, self.algorithm = ledger, events.log_of(edge_id, epoch), algorithm
        self.sequence, self.wall_ms = 0, events.NOON

    async def book(
        self,
        *facts: dict[str, Any],
        at_ms: int | None = None,
        received_ms: int | None = None,
        synchronised: bool = True,
    ) -> list[Verdict]:
        """Upload facts; each happens a second after the one before, or all of them at `at_ms`."""
        lines = []
        for fact in facts:
            self.sequence += 1
            self.wall_ms += 1_000
            lines.append(events.body(self.sequence, fact, at_ms or self.wall_ms, synchronised=synchronised))
        return await self.send(*lines, received_ms=received_ms or self.wall_ms + 500)

    async def send(self, *lines: bytes, received_ms: int = events.NOON) -> list[Verdict]:
        """Upload lines that are `self.sequence` long already with these."""
        first = self.sequence - len(lines) + 1
        return await self.ledger.write(
            lambda book: take(book, self.key, first, lines, received_ms, algorithm=self.algorithm)
        )


def take(
    book: Desk,
    key: LogKey,
    first_sequence: int,
    lines: tuple[bytes, ...],
    received_ms: int,
    *,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
) -> list[Verdict]:
    """What the ingest does with an upload."""
    cursor = book.cursor(key, algorithm)
    book.open_log(key, received_ms, algorithm)
    upload = events.upload(key, first_sequence, cursor.head, lines, algorithm)
    decision = decide_journal(cursor, upload, received_ms, lambda sequence: book.stored_hash(key, sequence))
    assert decision.outcome is Outcome.FRESH
    verdicts = book.post(key, book.site_of(key.edge_id), decision.fresh, received_ms)
    newest_ms = max(cursor.last_event_ms, *(one.event_time_ms for one in decision.fresh))
    book.advance(key, decision.accepted_through, decision.head, newest_ms, received_ms)
    return verdicts


async def stock_of(ledger: Ledger) -> Stock:
    """Balances in base units by account code, item code and lot number, without those that are zero."""
    return await ledger.read(read_stock)


def read_stock(connection: Connection) -> Stock:
    b = t.balance.c
    query = (
        select(t.account.c.code, t.item.c.code, t.lot.c.number, b.quantity)
        .select_from(t.balance)
        .join(t.account, t.account.c.account_id == b.account_id)
        .join(t.item, t.item.c.item_id == b.item_id)
        .join(t.lot, t.lot.c.lot_id == b.lot_id)
        .where(b.quantity != 0)
    )
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}


async def verified(ledger: Ledger) -> Report:
    """The report of all checks, which must hold."""
    report = await ledger.read(verify)
    assert report.holds, [finding for check in report.checks for finding in check.findings]
    return report


def bin_code(name: str, site_id: str = "wh-1", status: str = "available") -> str:
    """The account code of a bin with the default holding."""
    return f"real/{site_id}/{name}///government_reserve/{status}"
