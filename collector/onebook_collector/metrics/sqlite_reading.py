"""Reading the tables of `sqlite_store.py`. Runs in the reader's thread."""

from __future__ import annotations

import sqlite3
from itertools import starmap

from onebook_collector.metrics.rollup import HOUR_MS, MINUTE_MS, Bucket, fold, merge
from onebook_collector.metrics.sample import GOOD, Point, Series, Source, ThinnedRange

_VALUES = "SELECT at_ms, value FROM point WHERE series = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, log, sequence, position"
_POINTS = "SELECT at_ms, value, quality, epoch, sequence, position FROM point JOIN log ON log.id = log WHERE series = ?"
_IN_ORDER = " AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, log, sequence, position"
_NEWEST = " ORDER BY at_ms DESC, log DESC, sequence DESC, position DESC LIMIT 1"
_BUCKETS = "SELECT from_ms, low, high, total, samples, last, last_at_ms FROM"
_IN_SPAN = "WHERE series = ? AND from_ms >= ? AND from_ms < ?"
_FILLED_SLOTS = """
SELECT edge_id, device, quantity, count(DISTINCT (from_ms - ?1) / ?3) FROM series
JOIN minute ON series = id AND from_ms >= ?1 AND from_ms < ?2 GROUP BY 1, 2, 3
"""
_THINNED = """
SELECT edge_id, epoch, first_sequence, through, from_ms, until_ms, samples_dropped, events_dropped
FROM thinned JOIN log ON log.id = log WHERE edge_id = ? AND from_ms < ? AND until_ms >= ? ORDER BY from_ms, first_sequence
"""


def find_series(
    db: sqlite3.Connection, edge_id: str, device: str, quantity: str, unit: str | None
) -> tuple[int, Series] | None:
    """Its number in the tables; of several units the one that appeared last."""
    row = db.execute(
        "SELECT id, edge_id, device, quantity, unit FROM series"
        " WHERE edge_id = ? AND device = ? AND quantity = ? AND unit = ifnull(?, unit) ORDER BY id DESC LIMIT 1",
        (edge_id, device, quantity, unit),
    ).fetchone()
    return None if row is None else (row[0], Series(*row[1:]))


def all_series(db: sqlite3.Connection, edge_id: str | None = None) -> list[tuple[int, Series]]:
    rows = db.execute(
        "SELECT id, edge_id, device, quantity, unit FROM series WHERE edge_id = ifnull(?, edge_id) ORDER BY 2, 3, 4, 5",
        (edge_id,),
    )
    return [(row[0], Series(*row[1:])) for row in rows]


def points(db: sqlite3.Connection, number: int, series: Series, from_ms: int, until_ms: int) -> list[Point]:
    return [_point(series, *row) for row in db.execute(_POINTS + _IN_ORDER, (number, from_ms, until_ms))]


def buckets(db: sqlite3.Connection, number: int, from_ms: int, until_ms: int, resolution_ms: int) -> list[Bucket]:
    """From the widest roll-up that fits, or from raw samples where none does."""
    span = number, from_ms, until_ms
    if resolution_ms % MINUTE_MS:
        return fold(db.execute(_VALUES, span), resolution_ms)
    table = "minute" if resolution_ms % HOUR_MS else "hour"
    return merge(starmap(Bucket, db.execute(f"{_BUCKETS} {table} {_IN_SPAN}", span)), resolution_ms)


def filled_slots(db: sqlite3.Connection, from_ms: int, until_ms: int, slot_ms: int) -> dict[tuple[str, str, str], int]:
    rows = db.execute(_FILLED_SLOTS, (from_ms, until_ms, slot_ms))
    return {(edge_id, device, quantity): count for edge_id, device, quantity, count in rows}


def latest(db: sqlite3.Connection, edge_id: str | None) -> list[Point]:
    newest = (
        (series, db.execute(_POINTS + _NEWEST, (number,)).fetchone()) for number, series in all_series(db, edge_id)
    )
    return [_point(series, *row) for series, row in newest if row is not None]


def thinned(db: sqlite3.Connection, edge_id: str, from_ms: int, until_ms: int) -> list[ThinnedRange]:
    return list(starmap(ThinnedRange, db.execute(_THINNED, (edge_id, until_ms, from_ms))))


def _point(
    series: Series, at_ms: int, value: float | None, quality: str | None, epoch: str, sequence: int, position: int
) -> Point:
    return Point(series, at_ms, value, quality or GOOD, Source(epoch, sequence, position))
