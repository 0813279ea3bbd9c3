"""What every store of a stream promises: order, sequences without gaps, nothing believed before it is on the disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from onebook_edge.errors import OutboxFullError, RefusedError
from onebook_edge.machine import Instant
from onebook_edge.outbox.sqlite_store import SqliteStreamStore
from onebook_edge.outbox.store import EventDraft, Position, chained
from onebook_schemas.chain import HashAlgorithm, chain_heads, chain_start
from onebook_schemas.uplink import Stream

EDGE, EPOCH, BOOT = "edge-1", "00112233445566aa", "0123456789abcdef"


def draft(n: int, *, size: int = 0, wall_ms: int = 1_790_000_000_000) -> EventDraft:
    fact = json.dumps({"type": "code_set_aside", "text": f"{n}" + "x" * size, "reason": "test"}).encode()
    return EventDraft(fact, Instant(monotonic_ms=n, wall_ms=wall_ms + n), BOOT, clock_synchronised=True)


@pytest_asyncio.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteStreamStore]:
    store = await SqliteStreamStore.open(tmp_path / "journal.db", EDGE, Stream.JOURNAL, EPOCH)
    yield store
    await store.close()


@pytest_asyncio.fixture
async def telemetry(tmp_path: Path) -> AsyncIterator[SqliteStreamStore]:
    store = await SqliteStreamStore.open(tmp_path / "telemetry.db", EDGE, Stream.TELEMETRY, EPOCH)
    yield store
    await store.close()


async def test_sequences_begin_at_one_and_have_no_gaps(journal: SqliteStreamStore) -> None:
    assert list(await journal.append([draft(1), draft(2)])) == [1, 2]
    assert list(await journal.append([draft(3)])) == [3]
    assert journal.position.last_sequence == 3


async def test_appends_that_wait_together_each_get_their_own_sequences_in_order(journal: SqliteStreamStore) -> None:
    ranges = await asyncio.gather(*(journal.append([draft(n), draft(n)]) for n in range(50)))
    assert [sequence for one in ranges for sequence in one] == list(range(1, 101))


async def test_events_come_back_in_order_with_the_bytes_that_were_chained(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n) for n in range(1, 8)])
    events = await journal.load(2, 3, 1 << 20)
    assert [event.sequence for event in events] == [3, 4, 5]
    heads = chain_heads(chain_start(EDGE, EPOCH, Stream.JOURNAL), [e.body for e in await journal.load(0, 99, 1 << 20)])
    assert [event.chain_hash for event in events] == heads[2:5]
    assert await journal.chain_hash(5) == heads[4]
    assert json.loads(events[0].body)["sequence"] == 3


async def test_a_load_stops_at_the_byte_limit_but_gives_at_least_one(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n, size=1_000) for n in range(1, 6)])
    assert len(await journal.load(0, 99, 10)) == 1
    assert len(await journal.load(0, 99, 2_500)) == 2


async def test_a_reopened_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.append([draft(1), draft(2)])
    await store.mark_delivered(1)
    head = await store.chain_hash(2)
    await store.close()
    again = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, "ffffffffffffffff")
    assert (again.epoch, again.position.last_sequence, again.position.delivered_through) == (EPOCH, 2, 1)
    assert await again.chain_hash(2) == head
    assert list(await again.append([draft(3)])) == [3]
    await again.close()


async def test_the_cursor_may_step_back(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n) for n in range(1, 6)])
    await journal.mark_delivered(5)
    await journal.mark_delivered(2)
    assert journal.position.delivered_through == 2
    assert [event.sequence for event in await journal.load(2, 9, 1 << 20)] == [3, 4, 5]


async def test_the_file_of_another_edge_is_refused_with_what_to_do(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.close()
    with pytest.raises(RefusedError, match="data folder of its own"):
        await SqliteStreamStore.open(tmp_path / "j.db", "edge-2", Stream.JOURNAL, EPOCH)


async def test_only_delivered_events_are_dropped_oldest_first(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n, size=500) for n in range(1, 101)])
    await journal.mark_delivered(60)
    assert await journal.drop_delivered(keep_bytes=0, aged_through=0) == 59
    assert [event.sequence for event in await journal.load(0, 1, 1 << 20)] == [60], "the chain goes on from its hash"
    assert await journal.chain_hash(60) is not None
    assert journal.position.last_sequence == 100


async def test_delivered_events_stay_until_they_have_aged(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n) for n in range(1, 11)])
    await journal.mark_delivered(8)
    assert await journal.drop_delivered(keep_bytes=1 << 40, aged_through=0) == 0
    assert await journal.drop_delivered(keep_bytes=1 << 40, aged_through=4) == 4
    assert await journal.drop_delivered(keep_bytes=1 << 40, aged_through=10) == 3, "what waits has not aged"


async def test_it_is_known_from_which_cursor_on_a_restored_collector_can_be_refilled(
    journal: SqliteStreamStore,
) -> None:
    assert await journal.refills_after() == 0
    await journal.append([draft(n) for n in range(1, 11)])
    await journal.mark_delivered(8)
    assert await journal.refills_after() == 0
    await journal.drop_delivered(keep_bytes=1 << 40, aged_through=4)
    assert await journal.refills_after() == 5, "its hash is known, and the sixth is kept"
    assert await journal.chain_hash(5) is not None
    assert await journal.chain_hash(4) is None


async def test_dropping_gives_the_space_back(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n, size=4_000) for n in range(1, 501)])
    full = journal.usage.used_bytes
    await journal.mark_delivered(500)
    await journal.drop_delivered(keep_bytes=0, aged_through=0)
    assert journal.usage.used_bytes < full / 4


async def test_no_more_is_dropped_than_the_bytes_ask_for(journal: SqliteStreamStore) -> None:
    await journal.append([draft(n, size=1_000) for n in range(1, 1_001)])
    await journal.mark_delivered(1_000)
    full = journal.usage.used_bytes
    dropped = await journal.drop_delivered(keep_bytes=full - 50_000, aged_through=0)
    assert journal.usage.used_bytes <= full - 50_000
    assert 40 <= dropped <= 200, "each takes 1,000 to 1,400 bytes, of which the store knew 1,200"


async def test_one_event_takes_the_place_of_thinned_ones(telemetry: SqliteStreamStore) -> None:
    await telemetry.append([draft(n) for n in range(1, 11)])
    await telemetry.replace(3, 8, draft(8))
    events = await telemetry.load(0, 99, 1 << 20)
    assert [(event.sequence, event.through) for event in events] == [(1, 1), (2, 2), (3, 8), (9, 9), (10, 10)]
    straddled = await telemetry.load(5, 1, 1 << 20)
    assert (straddled[0].sequence, straddled[0].through) == (3, 8)


async def test_a_disk_that_refuses_loses_nothing_and_says_so(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.append([draft(1)])
    await store._in_thread(
        store._db.execute, "PRAGMA max_page_count=20"
    )  # SQLite's own way to make a disk that is full.
    with pytest.raises(OutboxFullError, match="未记账"):
        for n in range(2, 100):
            await store.append([draft(n, size=2_000)])
    last = store.position.last_sequence
    assert [event.sequence for event in await store.load(0, 999, 1 << 30)] == list(range(1, last + 1))
    await store._in_thread(store._db.execute, "PRAGMA max_page_count=100000")
    assert list(await store.append([draft(500)])) == [last + 1]
    await store.close()


@contextlib.contextmanager
def no_file_grows() -> Iterator[None]:
    """The nearest to a full disk that needs no disk of its own: a file size limit of nothing for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_takes_no_write_at_all_stops_neither_the_uplink_nor_the_housekeeping(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.append([draft(n) for n in range(1, 11)])
    with no_file_grows():
        await store.mark_delivered(7)
        assert store.position.delivered_through == 7, "the collector holds it, whether or not we can write that down"
        with pytest.raises(OutboxFullError):
            await store.drop_delivered(keep_bytes=0, aged_through=0)
    await store.mark_delivered(8)
    await store.close()
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    assert store.position == Position(10, 8)
    await store.close()


_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.contract.test_stream_store import draft, EDGE, EPOCH
from onebook_edge.outbox.sqlite_store import SqliteStreamStore
from onebook_schemas.uplink import Stream

async def main():
    store = await SqliteStreamStore.open(Path(sys.argv[1]), EDGE, Stream.JOURNAL, EPOCH)
    n = 0
    while True:
        n += 1
        sequences = await store.append([draft(n)])
        print(sequences[-1], flush=True)

asyncio.run(main())
"""


def test_what_append_returned_for_is_there_after_sigkill(tmp_path: Path) -> None:
    """Goal: a person who saw "recorded" is right. Method: kill the writer at once after it printed a sequence, ten times."""
    path, believed = tmp_path / "j.db", 0
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert writer.stdout is not None
        for _ in range(30):
            believed = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
        believed = int(rest[-1]) if rest else believed
        with sqlite3.connect(path) as database:
            kept = [row[0] for row in database.execute("SELECT sequence FROM event ORDER BY sequence")]
        database.close()
        assert kept[: believed + 1] == list(range(1, len(kept) + 1))[: believed + 1]
        assert len(kept) >= believed


_VERSION_1 = """
CREATE TABLE identity (edge_id TEXT NOT NULL, epoch TEXT NOT NULL, stream TEXT NOT NULL, schema_version INTEGER NOT NULL);
CREATE TABLE position (last_sequence INTEGER NOT NULL, delivered_through INTEGER NOT NULL, head BLOB NOT NULL);
CREATE TABLE event (
  sequence INTEGER PRIMARY KEY, through INTEGER NOT NULL, wall_ms INTEGER NOT NULL, body BLOB NOT NULL, chain_hash BLOB
);
"""


async def test_a_file_of_the_first_version_goes_on_where_it_stood(tmp_path: Path) -> None:
    head = chain_start(EDGE, EPOCH, Stream.JOURNAL)
    events, head = chained(head, 1, [draft(1), draft(2), draft(3)])
    database = sqlite3.connect(tmp_path / "j.db")
    database.executescript(_VERSION_1)
    database.execute("INSERT INTO identity VALUES (?, ?, 'journal', 1)", (EDGE, EPOCH))
    database.execute("INSERT INTO position VALUES (3, 2, ?)", (head,))
    rows = [(event.sequence, event.through, 0, event.body, event.chain_hash) for event in events]
    database.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    for _ in range(2):  # And once more, now that it is of this version.
        store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, "fedcba9876543210")
        assert (store.epoch, store.position) == (EPOCH, Position(3, 2))
        await store.close()
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.append([draft(4)])
    bodies = [event.body for event in await store.load(0, 99, 1 << 20)]
    assert await store.chain_hash(4) == chain_heads(chain_start(EDGE, EPOCH, Stream.JOURNAL), bodies)[-1]
    await store.close()


async def test_a_file_keeps_the_algorithm_that_it_began_with(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH, HashAlgorithm.SM3)
    await store.append([draft(1), draft(2)])
    await store.close()
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.append([draft(3)])
    assert store.algorithm is HashAlgorithm.SM3
    bodies = [event.body for event in await store.load(0, 99, 1 << 20)]
    start = chain_start(EDGE, EPOCH, Stream.JOURNAL, algorithm=HashAlgorithm.SM3)
    assert (await store.chain_hash(0), await store.chain_hash(3)) == (
        start,
        chain_heads(start, bodies, algorithm=HashAlgorithm.SM3)[-1],
    )
    await store.close()


async def test_a_file_of_the_second_version_is_chained_with_sha256_for_ever(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH)
    await store.append([draft(1)])
    await store.close()
    with sqlite3.connect(tmp_path / "j.db") as database:
        database.execute("ALTER TABLE identity DROP COLUMN hash_algorithm")
        database.execute("UPDATE identity SET schema_version = 2")
    for _ in range(2):
        store = await SqliteStreamStore.open(tmp_path / "j.db", EDGE, Stream.JOURNAL, EPOCH, HashAlgorithm.SM3)
        assert (store.algorithm, store.position.last_sequence) == (HashAlgorithm.SHA256, 1)
        await store.close()


async def test_a_stream_goes_on_behind_a_thinned_event(tmp_path: Path) -> None:
    store = await SqliteStreamStore.open(tmp_path / "t.db", EDGE, Stream.TELEMETRY, EPOCH)
    await store.append([draft(n) for n in range(1, 6)])
    await store.replace(2, 5, draft(5))
    await store.close()
    again = await SqliteStreamStore.open(tmp_path / "t.db", EDGE, Stream.TELEMETRY, EPOCH)
    assert again.position.last_sequence == 5
    await again.close()


async def test_telemetry_takes_a_fraction_of_its_size_and_comes_back_byte_for_byte(
    telemetry: SqliteStreamStore,
) -> None:
    drafts = [draft(n, size=20_000) for n in range(1, 11)]
    await telemetry.append(drafts)
    assert [event.body for event in await telemetry.load(0, 99, 1 << 30)] == [
        one.body(sequence) for sequence, one in enumerate(drafts, 1)
    ]
    assert telemetry.usage.used_bytes < 100_000, "ten times 20 kB"


async def test_a_cancelled_append_is_still_stored_and_holds_up_nobody(journal: SqliteStreamStore) -> None:
    waiting = asyncio.create_task(journal.append([draft(1)]))
    await asyncio.sleep(0)
    waiting.cancel()
    assert list(await journal.append([draft(2)])) == [2]
