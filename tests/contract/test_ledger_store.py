"""The SQLite store: transactions, what it remembers between them, other writers, what is on disk. The memory book's snapshots."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, OperationalError

from onebook_collector.errors import ConfigurationError
from onebook_collector.furnishing.book import catalogue_rows
from onebook_collector.furnishing.compose import catalogue_document
from onebook_collector.ledger import queries
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.desk import Desk
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.ledger.registry import import_items
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_edge.capture.catalogue import Catalogue
from onebook_schemas.chain import HashAlgorithm
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import Journal, bin_code, open_store, stock_of, take, verified
from tests.contract.ledger_events import LOT, NOON, SERIAL, counted, line, moved, reversed_
from tests.contract.proven_book import sign

A = bin_code("A-01")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlLedgerStore]:
    opened = await open_store(tmp_path / "ledger.db")
    await opened.write(events.furnish)
    yield opened
    await opened.close()


class PowerCutError(Exception):
    pass


async def test_nothing_of_a_transaction_that_fails_is_kept_or_remembered(store: SqlLedgerStore) -> None:
    journal = Journal(store)
    await journal.book(moved(1, "receipt", line(LOT, 10, lot="L1", to_bin="A-01")))
    before = await stock_of(store)

    def fail(book: Desk) -> None:
        lines = (events.body(2, moved(2, "issue", line(LOT, 4, lot="L1", from_bin="A-01")), NOON),)
        take(book, journal.key, 2, lines, NOON)
        take(book, events.log_of("edge-2"), 1, (events.body(1, counted(3, LOT, "A-01", 7), NOON),), NOON)
        raise PowerCutError

    with pytest.raises(PowerCutError):
        await store.write(fail)
    assert await stock_of(store) == before
    verdicts = await journal.book(moved(4, "issue", line(LOT, 10, lot="L1", from_bin="A-01")))
    assert verdicts[0].ledger_seq == 2
    assert await store.read(queries.discrepancies) == []  # Nothing was drawn from unexplained.
    await verified(store)


async def test_a_closed_book_is_taken_up_where_it_stood(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "ledger.db")
    await store.write(events.furnish)
    journal = Journal(store)
    await journal.book(
        moved(1, "receipt", line(SERIAL, 2, serials=["S1", "S2"], to_bin="A-01"), line(LOT, 9, lot="L1", to_bin="A-01"))
    )
    await store.close()
    journal.ledger = store = await SqlLedgerStore.open(tmp_path / "ledger.db")
    await journal.book(
        moved(2, "issue", line(SERIAL, 1, serials=["S1"], from_bin="A-01"), line(LOT, 5, lot="L1", from_bin="A-01")),
        moved(3, "donation", line(LOT, 1, lot="L2", to_bin="Z-99")),
    )
    assert (await stock_of(store))[A, LOT, "L1"] == 4
    assert await store.read(queries.discrepancies) == []
    await verified(store)
    await store.close()


async def test_the_algorithm_of_a_book_is_chosen_once(tmp_path: Path) -> None:
    sm3, sha256 = (LedgerSettings(hash_algorithm=one) for one in (HashAlgorithm.SM3, HashAlgorithm.SHA256))
    store = await SqlLedgerStore.open(tmp_path / "ledger.db", sm3)
    await store.write(events.furnish)
    await Journal(store).book(moved(1, "receipt", line(LOT, 9, to_bin="A-01")))
    await store.close()
    with pytest.raises(ConfigurationError, match=r'本账以 sm3 建立.*write chain_hash = "sm3"'):
        await SqlLedgerStore.open(tmp_path / "ledger.db", sha256)
    for settings in (sm3, None):  # None: whoever takes a book as it is, like a restore.
        store = await SqlLedgerStore.open(tmp_path / "ledger.db", settings)
        await verified(store)
        await store.close()


async def test_two_writers_of_one_file_take_turns_and_neither_trusts_what_it_remembers(tmp_path: Path) -> None:
    one = await open_store(tmp_path / "ledger.db")
    await one.write(events.furnish)
    two = await SqlLedgerStore.open(tmp_path / "ledger.db")
    journals = [Journal(one, "edge-1"), Journal(two, "edge-2")]
    number = 0
    for _ in range(4):
        for journal in journals:
            number += 2
            await journal.book(
                moved(number, "receipt", line(LOT, 10, to_bin="A-01")),
                moved(number + 1, "issue", line(LOT, 10, from_bin="A-01")),
            )
    assert (await one.read(queries.head))[0] == 16
    assert await one.read(queries.discrepancies) == []
    await verified(two)
    await one.close()
    await two.close()


async def test_a_cancelled_write_happens_whole_or_not_at_all(store: SqlLedgerStore) -> None:
    journal = Journal(store)
    facts = [moved(number, "receipt", line(LOT, 1, to_bin="A-01")) for number in range(1, 200)]
    task = asyncio.create_task(journal.book(*facts))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    booked = (await store.write(lambda book: book.cursor(journal.key))).accepted_through
    assert booked in (0, len(facts))
    await verified(store)


async def test_a_full_disk_refuses_a_transaction_whole_and_goes_on_when_there_is_room(store: SqlLedgerStore) -> None:
    journal = Journal(store)
    await journal.book(moved(1, "receipt", line(LOT, 10, to_bin="A-01")))
    before = await stock_of(store)
    pages = await store.maintain(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    await store.maintain(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}"))
    lines = [
        events.body(number, moved(number, "issue", line(LOT, 1, from_bin="A-01")), NOON) for number in range(2, 200)
    ]
    with pytest.raises(OperationalError, match="full"):
        await store.write(lambda book: take(book, journal.key, 2, tuple(lines), NOON))
    assert await stock_of(store) == before
    await store.maintain(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 100000"))
    await store.write(lambda book: take(book, journal.key, 2, tuple(lines), NOON))
    assert (await store.read(queries.head))[0] == 199
    await verified(store)


async def test_what_a_killed_process_has_committed_is_there(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    await (await open_store(path)).close()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contract.ledger_booking_process", str(path), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    for _ in range(20):
        committed = int(await child.stdout.readline())
    child.kill()
    for line_ in (await child.stdout.read()).splitlines():
        committed = int(line_)
    await child.wait()
    store = await SqlLedgerStore.open(path)
    assert (await store.read(queries.head))[0] >= committed >= 20
    await verified(store)
    await store.close()


async def test_readers_see_only_what_is_committed_and_cannot_write(store: SqlLedgerStore) -> None:
    await Journal(store).book(moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    with pytest.raises(OperationalError, match="readonly"):
        await store.read(lambda connection: connection.execute(t.balance.delete()))


@pytest.mark.parametrize("table", [table.name for table in t.APPEND_ONLY])
async def test_written_rows_cannot_be_changed(store: SqlLedgerStore, table: str) -> None:
    journal = Journal(store)
    await journal.book(
        moved(1, "receipt", line(SERIAL, 1, serials=["S1"], to_bin="A-01")),
        counted(2, LOT, "A-01", 5),
        moved(3, "receipt", line("LS99999", 1, to_bin="A-01")),
    )

    def decide(book: Desk) -> None:
        book.reject(journal.key, 3, "Li", "", NOON)
        book.close_discrepancy(1, "Li", "", NOON)
        book.record_fork(journal.key, b"upload", "why", NOON)
        book.release_fork(journal.key, "Li", "", NOON)

    await store.write(decide)
    await sign(store)
    column = t.metadata.tables[table].columns.keys()[-1]
    for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="never changed"):
            await store.maintain(lambda connection, change=change: connection.exec_driver_sql(change))


async def test_the_migrations_make_the_tables_that_the_code_knows(store: SqlLedgerStore) -> None:
    def differences(connection: Connection) -> list[Any]:
        return list(compare_metadata(MigrationContext.configure(connection), t.metadata))

    assert await store.maintain(differences) == []


async def test_a_book_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "ledger.db")
    await store.write(events.furnish)
    journal = Journal(store)
    await journal.book(
        moved(1, "receipt", line(LOT, 10, to_bin="A-01")), moved(2, "issue", line(LOT, 1, from_bin="A-01"))
    )
    await store.close()
    with sqlite3.connect(tmp_path / "ledger.db") as database:
        database.executescript(
            "DROP INDEX ix_posting_account_id_item_id_event_time; ALTER TABLE posting DROP COLUMN event_time;"
            "CREATE INDEX ix_posting_account_id_item_id ON posting (account_id, item_id);"
            "ALTER TABLE log DROP COLUMN hash_algorithm; ALTER TABLE sequencer DROP COLUMN hash_algorithm;"
            "DROP INDEX ix_movement_document_no; ALTER TABLE item DROP COLUMN piece_weight_mg;"
            "UPDATE alembic_version SET version_num = '0002_signed_checkpoints'"
        )
    journal.ledger = store = await SqlLedgerStore.open(tmp_path / "ledger.db")
    await journal.book(counted(3, LOT, "A-01", 9))
    assert await store.read(queries.discrepancies) == []
    await verified(store)
    with pytest.raises(DatabaseError, match="never changed"):
        await store.maintain(lambda connection: connection.exec_driver_sql("UPDATE posting SET event_time = 0"))
    await store.close()


async def test_what_a_piece_weighs_goes_from_the_file_by_the_register_to_the_boxes(store: SqlLedgerStore) -> None:
    rows = [row for row in events.CATALOGUE if row["code"] in (LOT, SERIAL)]
    await store.write(lambda book: import_items(book, [rows[0] | {"piece_weight_g": "12.5"}, rows[1]]))
    document = catalogue_document(await store.read(catalogue_rows))
    assert document.model_dump_json().count('"piece_weight_g":"12.5"') == 1
    known = Catalogue.of_document(document)
    weights = [item.piece_weight_g for item in map(known.by_code, (rows[0]["code"], rows[1]["code"])) if item]
    assert weights == [Decimal("12.5"), None]


async def test_a_count_costs_as_much_in_a_long_history_as_in_a_short_one(store: SqlLedgerStore) -> None:
    """It asks what came after it: that must not be found by reading everything that ever lay in the bin."""
    journal = Journal(store)
    number = 0

    async def cost_of_a_count() -> int:
        """Instructions of the database, in hundreds."""
        nonlocal number
        number += 1
        steps = [0]
        connection = store._writer_engine.pool.connect()

        def one_more() -> int:
            steps[0] += 1
            return 0

        connection.driver_connection.set_progress_handler(one_more, 100)
        connection.close()  # Into the pool of one: the writer takes the same.
        await journal.book(counted(number, LOT, "A-01", 0))
        return steps[0]

    async def move(times: int) -> None:
        nonlocal number
        for _ in range(times):
            number += 2
            await journal.book(
                moved(number - 1, "receipt", line(LOT, 5, to_bin="A-01")),
                moved(number, "issue", line(LOT, 5, from_bin="A-01")),
            )

    await move(10)
    await cost_of_a_count()
    short = await cost_of_a_count()
    await move(150)
    assert await cost_of_a_count() <= short * 1.5 + 10


async def test_what_is_committed_has_been_synced(store: SqlLedgerStore) -> None:
    def pragmas(connection: Connection) -> list[Any]:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked]

    assert await store.maintain(pragmas) == ["wal", 2, 1]


async def test_anybody_can_recompute_the_chain_with_the_standard_library(store: SqlLedgerStore, tmp_path: Path) -> None:
    """Written from the description in hashing.py only."""
    journal = Journal(store)
    pieces = [f"S{number}" for number in range(30)]
    await journal.book(
        moved(1, "receipt", line(SERIAL, 30, serials=pieces, lot="批1", to_bin="A-01"), reason='引"号'),
        counted(2, SERIAL, "A-01", 29, serials=pieces[:29], lot="批1"),
        reversed_(3, 1),
    )
    await store.write(lambda book: book.new_feed_epoch("restored", NOON))
    head = await store.read(queries.head)
    database = sqlite3.connect(tmp_path / "ledger.db")
    assert head == (4, _recomputed(database))
    database.close()


def _recomputed(database: sqlite3.Connection) -> bytes:
    movements = database.execute(
        "SELECT ledger_seq, movement_id, kind, actor, reason, document_kind, document_no, device, source, reverses, corrects,"
        " site_id, event_time, time_quality, recorded_at, log_id, sequence FROM movement ORDER BY ledger_seq"
    )
    value = bytes(32)
    for *columns, log_id, sequence in movements.fetchall():
        seq = columns[0]
        postings = []
        for line_, leg, *rest in database.execute(
            "SELECT line, leg, account.code, item.code, lot.number, quantity FROM posting JOIN account USING (account_id)"
            " JOIN item USING (item_id) JOIN lot USING (lot_id) WHERE ledger_seq = ? ORDER BY line, leg", (seq,)
        ).fetchall():  # fmt: skip
            serials = database.execute(
                "SELECT number FROM posting_serial JOIN serial USING (serial_id) WHERE ledger_seq = ? AND line = ? AND leg = ?"
                " ORDER BY position", (seq, line_, leg)
            )  # fmt: skip
            postings.append([line_, leg, *rest, [row[0] for row in serials]])
        origin = count = None
        if log_id is not None:
            *named, chain_hash = database.execute(
                "SELECT edge_id, epoch, stream, sequence, chain_hash FROM envelope JOIN log USING (log_id)"
                " WHERE log_id = ? AND sequence = ?", (log_id, sequence)
            ).fetchone()  # fmt: skip
            origin = [*named, chain_hash.hex()]
        counts = database.execute(
            "SELECT account.code, item.code, lot.number, counted, book_at, difference, counted_at FROM count_assertion c"
            " JOIN account USING (account_id) JOIN item USING (item_id) LEFT JOIN lot ON lot.lot_id = c.lot_id"
            " WHERE ledger_seq = ?", (seq,)
        ).fetchall()  # fmt: skip
        if counts:
            count = list(counts[0])
        text = json.dumps([*columns, origin, postings, count], ensure_ascii=False, separators=(",", ":"))
        value = hashlib.sha256(value + text.encode()).digest()
    return value


def test_a_memory_book_goes_back_to_a_snapshot_as_often_as_asked() -> None:
    book = MemoryBook()
    events.furnish(book)
    key = events.log_of("edge-1")
    take(book, key, 1, (events.body(1, moved(1, "receipt", line(LOT, 10, to_bin="A-01")), NOON),), NOON)
    snapshot, stock, head = book.snapshot(), book.stock(), book.head
    for _ in range(2):
        issue = moved(2, "issue", line(LOT, 15, lot="L9", from_bin="B-01"))
        take(
            book, key, 2, (events.body(2, issue, NOON + 1), events.body(3, counted(3, LOT, "A-01", 1), NOON + 2)), NOON
        )
        assert (book.stock() == stock, book.head == head, book.ledger_seq) == (False, False, 3)
        book.restore(snapshot)
        assert (book.stock(), book.head, book.ledger_seq) == (stock, head, 1)
        assert book.cursor(key).accepted_through == 1
        assert len(book.rows.discrepancies) == 0
