"""How fast samples are kept durably, against the database itself.

Goal: the store's bookkeeping (which events are in, numbers of series, quality, roll-ups) must not cost more than the writing.
Method: the same rows in the same transactions, synchronous=FULL, through bare sqlite3 and through the store, with and
without roll-ups, in alternating rounds on one disk; the ratio of the medians is judged, as it does not depend on the machine.
An event holds what an edge sends: ten probes, a minute of readings each.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from itertools import count, repeat
from pathlib import Path
from statistics import median

from onebook_collector.metrics.sample import EventSamples, SampleBlock, Series
from onebook_collector.metrics.sqlite_store import SqliteStore

T0 = 1_780_000_000_000
PROBES, READINGS, EVENTS_IN_WRITE, WRITES, ROUNDS = 10, 10, 20, 20, 5
SAMPLES = PROBES * READINGS * EVENTS_IN_WRITE * WRITES
RATIO_MIN = 0.4

_POINT_TABLE = """
CREATE TABLE point (
    series INTEGER NOT NULL, at_ms INTEGER NOT NULL, log INTEGER NOT NULL, sequence INTEGER NOT NULL,
    position INTEGER NOT NULL, value REAL, quality TEXT, PRIMARY KEY (series, at_ms, log, sequence, position)
) STRICT, WITHOUT ROWID
"""


def test_the_store_writes_at_no_less_than_four_tenths_of_the_speed_of_bare_sqlite(tmp_path: Path) -> None:
    writes = [[_event(1 + number * EVENTS_IN_WRITE + n) for n in range(EVENTS_IN_WRITE)] for number in range(WRITES)]
    rows = [[row for event in events for row in _rows(event)] for events in writes]
    taken_s: dict[str, list[float]] = {"bare": [], "without roll-ups": [], "with roll-ups": []}
    for n in range(ROUNDS):
        taken_s["bare"].append(_write_bare(tmp_path / f"bare-{n}.db", rows))
        taken_s["without roll-ups"].append(asyncio.run(_write_store(tmp_path / f"raw-{n}.db", writes, roll_up=False)))
        taken_s["with roll-ups"].append(asyncio.run(_write_store(tmp_path / f"rolled-{n}.db", writes, roll_up=True)))
    speed = {name: SAMPLES / median(seconds) for name, seconds in taken_s.items()}
    for name, per_s in speed.items():
        print(f"{name}: {per_s:,.0f} samples/s, {per_s / speed['bare']:.2f} of bare sqlite3")
    print(f"{(tmp_path / 'rolled-0.db').stat().st_size / SAMPLES:.1f} bytes a sample with roll-ups")
    assert speed["without roll-ups"] >= RATIO_MIN * speed["bare"]
    assert speed["with roll-ups"] >= RATIO_MIN * speed["bare"]


def _event(sequence: int) -> EventSamples:
    times = tuple(T0 + (sequence * READINGS + n) * 6_000 for n in range(READINGS))
    values = tuple(20 + (sequence + n) % 17 / 10 for n in range(READINGS))
    blocks = tuple(
        SampleBlock(Series("edge-1", f"probe-{n}", "temperature_c", "CEL"), times, values, first_position=n * READINGS)
        for n in range(PROBES)
    )
    return EventSamples("edge-1", "00000000000000aa", sequence, T0, blocks)


def _rows(event: EventSamples) -> list[tuple[object, ...]]:
    return [
        row
        for number, block in enumerate(event.blocks)
        for row in zip(
            repeat(number),
            block.at_ms,
            repeat(1),
            repeat(event.through),
            count(block.first_position),
            block.values,
            repeat(None),
            strict=False,
        )
    ]


def _write_bare(path: Path, writes: list[list[tuple[object, ...]]]) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode=wal", "PRAGMA synchronous=full", _POINT_TABLE):
        db.execute(statement)
    began = time.perf_counter()
    for rows in writes:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO point VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        db.execute("COMMIT")
    taken_s = time.perf_counter() - began
    db.close()
    return taken_s


async def _write_store(path: Path, writes: list[list[EventSamples]], *, roll_up: bool) -> float:
    store = await SqliteStore.open(path, roll_up=roll_up)
    began = time.perf_counter()
    for events in writes:
        await store.write(events)
    taken_s = time.perf_counter() - began
    await store.close()
    return taken_s
