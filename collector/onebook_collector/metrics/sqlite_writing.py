"""Writing the tables of `sqlite_store.py`. Runs in the writer's thread."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from itertools import count, repeat
from typing import Any

from onebook_collector.metrics.rollup import HOUR_MS, MINUTE_MS, fold, merge
from onebook_collector.metrics.sample import EventSamples, SampleBlock, Series, ThinnedRange
from onebook_collector.metrics.sqlite_thread import transaction

_INSERT_POINT = "INSERT OR IGNORE INTO point VALUES (?, ?, ?, ?, ?, ?, ?)"
_MERGE_BUCKET = """INSERT INTO {} VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    low = min(low, excluded.low), high = max(high, excluded.high),
    total = total + excluded.total, samples = samples + excluded.samples,
    last = iif(excluded.last_at_ms >= last_at_ms, excluded.last, last),
    last_at_ms = max(last_at_ms, excluded.last_at_ms)
"""
_MERGE_MINUTE, _MERGE_HOUR = _MERGE_BUCKET.format("minute"), _MERGE_BUCKET.format("hour")
_IS_KEPT = """
SELECT 1 FROM point WHERE series = ? AND at_ms = ? AND log = ? AND sequence BETWEEN ? AND ? AND value IS ?
"""
_WIDEN_THINNED = """
INSERT INTO thinned VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    through = excluded.through, from_ms = excluded.from_ms, until_ms = excluded.until_ms,
    samples_dropped = excluded.samples_dropped, events_dropped = excluded.events_dropped
"""

_Row = tuple[Any, ...]  # As in the table of points.
_ValuesOfSeries = defaultdict[int, list[tuple[int, float | None]]]


class Writing:
    """Knows the numbers that stand for logs and series in the tables."""

    def __init__(self, *, roll_up: bool) -> None:
        self._roll_up = roll_up
        self._log_ids: dict[tuple[str, str], int] = {}
        self._series_ids: dict[Series, int] = {}

    def write(self, db: sqlite3.Connection, events: Sequence[EventSamples]) -> None:
        try:
            with transaction(db):
                self._write(db, events)
        except BaseException:  # Whatever it was: numbers given in a transaction that did not happen are worth nothing.
            self._log_ids.clear()
            self._series_ids.clear()
            raise

    def _write(self, db: sqlite3.Connection, events: Sequence[EventSamples]) -> None:
        values_of: _ValuesOfSeries = defaultdict(list)
        for event in events:
            log = self._log_id(db, event.edge_id, event.epoch)
            if not _enter(db, log, event):
                continue
            rows = [row for block in event.blocks for row in self._rows(db, log, event.through, block)]
            if event.thinned is not None:
                rows = _not_kept_yet(db, rows, event.thinned)
                _keep_thinned(db, log, event.thinned)
            db.executemany(_INSERT_POINT, rows)
            for series, at_ms, _, _, _, value, _ in rows:
                values_of[series].append((at_ms, value))
        if self._roll_up:
            _merge_buckets(db, values_of)

    def _rows(self, db: sqlite3.Connection, log: int, sequence: int, block: SampleBlock) -> Iterable[_Row]:
        series, positions = self._series_id(db, block.series), count(block.first_position)
        quality = map(block.quality.get, range(len(block.values))) if block.quality else repeat(None)
        return zip(
            repeat(series), block.at_ms, repeat(log), repeat(sequence), positions, block.values, quality, strict=False
        )

    def _log_id(self, db: sqlite3.Connection, edge_id: str, epoch: str) -> int:
        key = edge_id, epoch
        if key not in self._log_ids:
            db.execute("INSERT OR IGNORE INTO log (edge_id, epoch) VALUES (?, ?)", key)
            (self._log_ids[key],) = db.execute("SELECT id FROM log WHERE edge_id = ? AND epoch = ?", key).fetchone()
        return self._log_ids[key]

    def _series_id(self, db: sqlite3.Connection, series: Series) -> int:
        if series not in self._series_ids:
            db.execute("INSERT OR IGNORE INTO series (edge_id, device, quantity, unit) VALUES (?, ?, ?, ?)", series)
            (self._series_ids[series],) = db.execute(
                "SELECT id FROM series WHERE edge_id = ? AND device = ? AND quantity = ? AND unit = ?", series
            ).fetchone()
        return self._series_ids[series]


def _enter(db: sqlite3.Connection, log: int, event: EventSamples) -> bool:
    """Whether the event is new."""
    return (
        db.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?)", (log, event.through, event.received_ms)).rowcount > 0
    )


def _not_kept_yet(db: sqlite3.Connection, rows: Iterable[_Row], thinned: ThinnedRange) -> list[_Row]:
    """The box thins what it has not seen acknowledged; part of that may be here already, under its own sequence."""
    span = thinned.first_sequence, thinned.through
    return [row for row in rows if db.execute(_IS_KEPT, (*row[:3], *span, row[5])).fetchone() is None]


def _keep_thinned(db: sqlite3.Connection, log: int, thinned: ThinnedRange) -> None:
    """A range that grew replaces the one that began at the same sequence."""
    db.execute(_WIDEN_THINNED, (log, *astuple(thinned)[2:]))


def _merge_buckets(db: sqlite3.Connection, values_of: _ValuesOfSeries) -> None:
    minutes, hours = [], []
    for series, values in values_of.items():
        of_minutes = fold(values, MINUTE_MS)
        minutes += [(series, *bucket) for bucket in of_minutes]
        hours += [(series, *bucket) for bucket in merge(of_minutes, HOUR_MS)]
    db.executemany(_MERGE_MINUTE, minutes)
    db.executemany(_MERGE_HOUR, hours)
