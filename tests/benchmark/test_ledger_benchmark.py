"""How near is booking to what the disk alone allows?

Method: a store books groups of 500 one-line movements from upload bytes (chain check, JSON, rules, ledger chain, balances), and
every SQL statement is recorded with its rows. Bare sqlite3 then writes the very same rows with the same statements, pragmas and
transaction sizes into a copy of the same database (so with the same tables, indexes, foreign keys and triggers): BEGIN IMMEDIATE,
one `executemany` for each statement, COMMIT with its sync. It reads nothing and decides nothing, and finds its rows made. The two
take turns, transaction by transaction, on the same machine; the figure is the median of bare time / store time. Beside the rows
the store reads 500 events, chains them twice and asks which movements it knows. The ratio moves with what else the machine does,
so it stands under `make bench`, not under `make test`.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from onebook_collector.ingest.decide import decide_journal
from onebook_collector.ledger.book import Book
from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_collector.ledger.sql_book import SqlBook
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_schemas.chain import chain_start
from onebook_schemas.uplink import Upload
from tests.contract import ledger_events as events

WARMING, MEASURED = 10, 41  # Transactions.
EDGES = [f"edge-{number}" for number in range(10)]
EVENTS_AN_UPLOAD = 50  # Ten edges: 500 movements in a transaction.
ITEMS = [row["code"] for row in events.CATALOGUE if row["tracking"] == "lot" and row["unit_code"] == "EA"][:50]
BINS = [f"A-{number:02d}" for number in range(5)]  # Of each site: 50 accounts.
RATIO_MIN = 0.4

Statements = list[tuple[str, Sequence[Sequence[Any]]]]


@pytest.mark.slow
async def test_booking_reaches_two_fifths_of_bare_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = _groups()
    store = await SqlLedgerStore.open(tmp_path / "ours.db")
    await store.write(_furnish)
    bare = _bare_copy(tmp_path)
    written = _record_statements(monkeypatch)
    ratios, speeds = [], []
    for _ in range(WARMING + MEASURED):
        group = next(groups)
        began = time.perf_counter()
        await store.write(lambda book, group=group: _book(book, group))
        ours_s = time.perf_counter() - began
        ratios.append(_write_bare(bare, written) / ours_s)
        speeds.append(len(EDGES) * EVENTS_AN_UPLOAD / ours_s)
        written.clear()
    await store.close()
    bare.close()
    ratio, speed = statistics.median(ratios[WARMING:]), statistics.median(speeds[WARMING:])
    print(f"{speed:.0f} movements/s, {ratio:.2f} of what bare sqlite3 does with the same rows")
    assert ratio >= RATIO_MIN


def _furnish(book: SqlBook) -> None:
    import_items(book, events.CATALOGUE)
    for number, edge_id in enumerate(EDGES):
        import_sites(book, [Site(f"wh-{number}", "库", "Warehouse", "330102")])
        register_edge(book, edge_id, f"wh-{number}")


def _groups() -> Iterator[list[Upload]]:
    """For ever: an upload of each edge, with receipts, issues and moves in the proportions 5 : 3 : 2."""
    dice = random.Random(1)
    heads = {edge_id: chain_start(*events.log_of(edge_id)) for edge_id in EDGES}
    number, first = 0, 1
    while True:
        group = []
        for edge_id in EDGES:
            lines = []
            for at in range(EVENTS_AN_UPLOAD):
                number += 1
                lines.append(events.body(first + at, _movement(dice, number), events.NOON + number * 50))
            group.append(events.upload(events.log_of(edge_id), first, heads[edge_id], lines))
            heads[edge_id] = bytes.fromhex(group[-1].header.chain_after or "")
        first += EVENTS_AN_UPLOAD
        yield group


def _movement(dice: random.Random, number: int) -> dict[str, Any]:
    kind = dice.choices(("receipt", "issue", "bin_move"), (5, 3, 2))[0]
    where = {} if kind == "receipt" else {"from_bin": dice.choice(BINS)}
    if kind != "issue":
        where["to_bin"] = dice.choice(BINS)
    amount = dice.randrange(50, 500) if kind == "receipt" else dice.randrange(1, 20)
    line = events.line(dice.choice(ITEMS), amount, lot="L2026", **where)
    return events.moved(number, kind, line, document={"kind": "RK", "number": f"RK2026{number // 20:07d}"})


def _book(book: Book, group: Sequence[Upload]) -> None:
    for upload in group:
        key = events.log_of(upload.header.edge_id)
        decision = decide_journal(book.cursor(key), upload, events.NOON, lambda _sequence: None)
        verdicts = book.post(key, book.site_of(key.edge_id), decision.fresh, events.NOON)
        assert verdicts[-1].ledger_seq
        newest_ms = decision.fresh[-1].event_time_ms
        book.advance(key, decision.accepted_through, decision.head, newest_ms, events.NOON)


def _record_statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """What the store writes, as long as nobody clears it."""
    written: Statements = []
    write = SqlBook._write

    def record(book: SqlBook, sql: Callable[..., str], table: Table, rows: Sequence[Sequence[Any]]) -> None:
        written.append((sql(table, book._connection.dialect, 1), rows))
        write(book, sql, table, rows)

    monkeypatch.setattr(SqlBook, "_write", record)
    return written


def _bare_copy(folder: Path) -> sqlite3.Connection:
    source = sqlite3.connect(folder / "ours.db")
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    source.backup(bare)
    source.close()
    for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on"):
        bare.execute(f"PRAGMA {pragma}")
    return bare


def _write_bare(bare: sqlite3.Connection, statements: Statements) -> float:
    began = time.perf_counter()
    bare.execute("BEGIN IMMEDIATE")
    for sql, rows in statements:
        bare.executemany(sql, rows)
    bare.execute("COMMIT")
    return time.perf_counter() - began
