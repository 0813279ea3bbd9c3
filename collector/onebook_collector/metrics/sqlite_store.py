"""Time series in one SQLite file, for a collector that needs no other server.

Points lie in order of (series, time); the rest of their key is the source, because two readings may share a time. A write is
one transaction with `synchronous=FULL`: events that are new, their points, and the minutes and hours that they change.
Which events are in is a table of its own, so that a repeat is recognised even if it would be dated differently by now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from onebook_collector.metrics import sqlite_reading
from onebook_collector.metrics.rollup import HOUR_MS, Bucket, whole_buckets
from onebook_collector.metrics.sample import EventSamples, Point, Series, ThinnedRange
from onebook_collector.metrics.sqlite_thread import SqliteThread, transaction
from onebook_collector.metrics.sqlite_writing import Writing
from onebook_collector.metrics.store import FilledSlots, Retention

_DAY_MS = 24 * HOUR_MS

_BUCKET_COLUMNS = """(
    series INTEGER NOT NULL, from_ms INTEGER NOT NULL, low REAL NOT NULL, high REAL NOT NULL, total REAL NOT NULL,
    samples INTEGER NOT NULL, last REAL NOT NULL, last_at_ms INTEGER NOT NULL, PRIMARY KEY (series, from_ms)
) STRICT, WITHOUT ROWID"""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS log (
    id INTEGER PRIMARY KEY, edge_id TEXT NOT NULL, epoch TEXT NOT NULL, UNIQUE (edge_id, epoch)
) STRICT;
CREATE TABLE IF NOT EXISTS event (
    log INTEGER NOT NULL, through INTEGER NOT NULL, received_ms INTEGER NOT NULL, PRIMARY KEY (log, through)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, edge_id TEXT NOT NULL, device TEXT NOT NULL, quantity TEXT NOT NULL, unit TEXT NOT NULL,
    UNIQUE (edge_id, device, quantity, unit)
) STRICT;
CREATE TABLE IF NOT EXISTS point (
    series INTEGER NOT NULL, at_ms INTEGER NOT NULL, log INTEGER NOT NULL, sequence INTEGER NOT NULL,
    position INTEGER NOT NULL, value REAL, quality TEXT, PRIMARY KEY (series, at_ms, log, sequence, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS minute {_BUCKET_COLUMNS};
CREATE TABLE IF NOT EXISTS hour {_BUCKET_COLUMNS};
CREATE TABLE IF NOT EXISTS thinned (
    log INTEGER NOT NULL, first_sequence INTEGER NOT NULL, through INTEGER NOT NULL, from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL, samples_dropped INTEGER, events_dropped INTEGER NOT NULL,
    PRIMARY KEY (log, first_sequence)
) STRICT, WITHOUT ROWID;
"""


class SqliteStore:
    """One thread writes, another reads what is committed: a long read does not hold up the acknowledgements."""

    def __init__(self, path: Path, retention: Retention, *, roll_up: bool) -> None:
        self._retention = retention
        self._writing = Writing(roll_up=roll_up)
        self._writer, self._reader = SqliteThread(path), SqliteThread(path)

    @classmethod
    async def open(cls, path: Path, retention: Retention | None = None, *, roll_up: bool = True) -> SqliteStore:
        """Open the file, or make it. `roll_up=False` exists to measure what roll-ups cost."""
        store = cls(path, retention or Retention(), roll_up=roll_up)
        await store._writer.run(lambda db: db.executescript(_SCHEMA))
        return store

    async def close(self) -> None:
        await self._reader.close()
        await self._writer.close()

    async def write(self, events: Sequence[EventSamples]) -> None:
        await self._writer.run(lambda db: self._writing.write(db, events))

    async def read(
        self, edge_id: str, device: str, quantity: str, from_ms: int, until_ms: int, *, unit: str | None = None
    ) -> list[Point]:
        def work(db: sqlite3.Connection) -> list[Point]:
            found = sqlite_reading.find_series(db, edge_id, device, quantity, unit)
            return [] if found is None else sqlite_reading.points(db, *found, from_ms, until_ms)

        return await self._reader.run(work)

    async def read_buckets(
        self,
        edge_id: str,
        device: str,
        quantity: str,
        from_ms: int,
        until_ms: int,
        resolution_ms: int,
        *,
        unit: str | None = None,
    ) -> list[Bucket]:
        """Whole minutes and hours are answered from roll-ups, and so reach back further than raw samples."""
        span = whole_buckets(from_ms, until_ms, resolution_ms)

        def work(db: sqlite3.Connection) -> list[Bucket]:
            found = sqlite_reading.find_series(db, edge_id, device, quantity, unit)
            return [] if found is None else sqlite_reading.buckets(db, found[0], *span, resolution_ms)

        return await self._reader.run(work)

    async def filled_slots(self, from_ms: int, until_ms: int, slot_ms: int) -> FilledSlots:
        """From the minutes, which outlive raw samples."""
        return await self._reader.run(lambda db: sqlite_reading.filled_slots(db, from_ms, until_ms, slot_ms))

    async def latest(self, edge_id: str | None = None) -> list[Point]:
        return await self._reader.run(lambda db: sqlite_reading.latest(db, edge_id))

    async def series(self) -> list[Series]:
        return await self._reader.run(lambda db: [series for _, series in sqlite_reading.all_series(db)])

    async def thinned(self, edge_id: str, from_ms: int, until_ms: int) -> list[ThinnedRange]:
        return await self._reader.run(lambda db: sqlite_reading.thinned(db, edge_id, from_ms, until_ms))

    async def enforce_retention(self, now_ms: int) -> None:
        """Freed pages are used again; the file does not shrink. Writes get their turn after every series."""
        raw_from_ms = now_ms - self._retention.raw_days * _DAY_MS
        minutes_from_ms = now_ms - self._retention.minutes_days * _DAY_MS
        for number, _ in await self._reader.run(sqlite_reading.all_series):
            await self._writer.run(partial(_forget_series, number, raw_from_ms, minutes_from_ms))
        await self._writer.run(lambda db: db.execute("DELETE FROM event WHERE received_ms < ?", (raw_from_ms,)))


def _forget_series(series: int, raw_from_ms: int, minutes_from_ms: int, db: sqlite3.Connection) -> None:
    with transaction(db):
        db.execute("DELETE FROM point WHERE series = ? AND at_ms < ?", (series, raw_from_ms))
        db.execute("DELETE FROM minute WHERE series = ? AND from_ms < ?", (series, minutes_from_ms))
