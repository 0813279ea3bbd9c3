"""What only the SQLite store promises, beyond the contract of all stores."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from onebook_collector.errors import RetryableError
from onebook_collector.metrics.sample import EventSamples, SampleBlock, Series, Source, ThinnedRange
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.metrics.sqlite_thread import transaction

T0 = 1_780_000_000_000 - 1_780_000_000_000 % 3_600_000
DAY_MS = 86_400_000
EPOCH = "00000000000000aa"
PROBE = Series("edge-1", "probe-1", "temperature_c", "CEL")


def event(sequence: int, *samples: tuple[int, float | None], received_ms: int = T0) -> EventSamples:
    times, values = zip(*samples, strict=True)
    return EventSamples("edge-1", EPOCH, sequence, received_ms, (SampleBlock(PROBE, times, values),))


def thinned(first: int, through: int, *samples: tuple[int, float | None]) -> EventSamples:
    gap = ThinnedRange("edge-1", EPOCH, first, through, T0, T0 + 1_000, 10, 5)
    return replace(event(through, *samples), thinned=gap)


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path / "metrics.db")
    yield store
    await store.close()


async def samples_and_total(store: SqliteStore, resolution_ms: int = 3_600_000) -> tuple[int, float]:
    (bucket,) = await store.read_buckets(*PROBE[:3], T0, T0 + 1, resolution_ms)
    return bucket.samples, bucket.total


async def test_a_point_names_its_source(store: SqliteStore) -> None:
    await store.write([event(3, (T0, 1.0), (T0, 2.0))])
    points = await store.read(*PROBE[:3], T0, T0 + 1)
    assert [point.source for point in points] == [Source(EPOCH, 3, 0), Source(EPOCH, 3, 1)]


async def test_a_repeat_that_is_dated_differently_by_now_changes_nothing(store: SqliteStore) -> None:
    await store.write([event(1, (T0, 1.0))])
    await store.write([event(1, (T0 + 500, 1.0), received_ms=T0 + 500)])
    assert [point.at_ms for point in await store.read(*PROBE[:3], T0, T0 + DAY_MS)] == [T0]
    assert await samples_and_total(store) == (1, 1.0)


async def test_retention_deletes_raw_samples_then_minutes_and_never_hours(store: SqliteStore) -> None:
    await store.write([event(1, (T0, 1.0))])
    await store.enforce_retention(T0 + 90 * DAY_MS)
    assert len(await store.read(*PROBE[:3], T0, T0 + 1)) == 1
    await store.enforce_retention(T0 + 90 * DAY_MS + 1)
    assert await store.read(*PROBE[:3], T0, T0 + 1) == []
    assert await store.latest() == []
    assert await samples_and_total(store, 60_000) == (1, 1.0)
    await store.enforce_retention(T0 + 401 * DAY_MS)
    assert await store.read_buckets(*PROBE[:3], T0, T0 + 1, 60_000) == []
    assert await samples_and_total(store) == (1, 1.0)


async def test_a_reading_that_comes_after_its_raw_neighbours_were_deleted_joins_their_buckets(
    store: SqliteStore,
) -> None:
    await store.write([event(1, (T0, 1.0), (T0 + 1, 5.0))])
    await store.enforce_retention(T0 + 100 * DAY_MS)
    await store.write([event(2, (T0 + 2, 3.0), received_ms=T0 + 100 * DAY_MS)])
    assert await samples_and_total(store, 60_000) == (3, 9.0)
    assert await samples_and_total(store) == (3, 9.0)


async def test_extremes_of_events_that_are_here_already_are_not_doubled(store: SqliteStore) -> None:
    await store.write([event(5, (T0, 1.0), (T0 + 1, 2.0)), event(6, (T0 + 2, 9.0))])
    await store.write([thinned(5, 9, (T0, 1.0), (T0 + 50, 12.0))])
    points = await store.read(*PROBE[:3], T0, T0 + 100)
    assert [(point.at_ms, point.value) for point in points] == [
        (T0, 1.0),
        (T0 + 1, 2.0),
        (T0 + 2, 9.0),
        (T0 + 50, 12.0),
    ]
    assert await samples_and_total(store) == (4, 24.0)
    assert len(await store.thinned("edge-1", T0, T0 + 1)) == 1


async def test_a_range_whose_events_are_all_here_leaves_no_gap(store: SqliteStore) -> None:
    await store.write([event(n, (T0 + n, float(n))) for n in (5, 6, 7)])
    await store.write([thinned(5, 7, (T0 + 5, 5.0), (T0 + 7, 7.0))])
    assert await store.thinned("edge-1", T0, T0 + DAY_MS) == []
    assert await samples_and_total(store) == (3, 18.0)


async def test_a_write_that_fails_leaves_nothing_and_can_be_repeated(store: SqliteStore) -> None:
    broken = event(2, (T0 + 1, 2.0), (2**70, 3.0))  # Beyond 64 bits: SQLite refuses it in the middle of the write.
    with pytest.raises(OverflowError):
        await store.write([event(1, (T0, 1.0)), broken])
    assert await store.series() == []
    await store.write([event(1, (T0, 1.0)), event(2, (T0 + 1, 2.0))])
    assert await samples_and_total(store) == (2, 3.0)


async def test_a_file_that_cannot_be_opened_is_an_error_to_retry(tmp_path: Path) -> None:
    with pytest.raises(RetryableError, match="unable to open"):
        await SqliteStore.open(tmp_path / "missing" / "metrics.db")


_WRITE_AND_DIE = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.unit.collector.metrics.test_sqlite_store import T0, event
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.metrics.sqlite_thread import transaction

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    await store.write([event(1, (T0, 1.0), (T0 + 1, 2.0))])
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_what_write_returned_for_survives_a_sigkill(tmp_path: Path) -> None:
    path = os.pathsep.join(sys.path)
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WRITE_AND_DIE, tmp_path / "metrics.db", env={**os.environ, "PYTHONPATH": path}
    )
    assert await writer.wait() == -signal.SIGKILL
    store = await SqliteStore.open(tmp_path / "metrics.db")
    assert await samples_and_total(store) == (2, 3.0)
    await store.close()


def test_a_full_disk_is_said_to_be_full_and_the_next_transaction_is_a_new_one(tmp_path: Path) -> None:
    """SQLite rolls back by itself then: a second rollback would say something else in its place."""
    db = sqlite3.connect(tmp_path / "small.db", isolation_level=None)
    db.executescript("CREATE TABLE note (text); PRAGMA max_page_count = 20")
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"), transaction(db):
        db.executemany("INSERT INTO note VALUES (zeroblob(?))", [(4_000,)] * 100)
    with transaction(db):
        db.execute("INSERT INTO note VALUES ('x')")
    assert db.execute("SELECT count(*) FROM note").fetchone() == (1,)
    db.close()
