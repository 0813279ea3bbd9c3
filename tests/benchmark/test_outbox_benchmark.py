"""How near is capturing to what the disk alone allows?

Method: one, four and sixteen tasks record one fact after the other, and a recorder hears a few facts at a time; the rows of each
transaction are noted. Bare sqlite3 then writes the very same rows in the same transactions, with synchronous=FULL, into a file
of its own, and does nothing else meanwhile. The two take turns, round by round; the figure is the median of bare time / our time.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.pipeline import Pipeline
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.clock import SystemClock, new_movement_id
from onebook_edge.links.device_status import Availability, DeviceState
from onebook_edge.outbox import sqlite_store
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.store import StoredEvent, chained
from onebook_edge.recorder import Recorder
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.uplink import Stream
from tests.benchmark.figures import IS_LONG, note

RATIO_MIN = 0.4
ROUNDS = 9 if IS_LONG else 5
WORK_PLACES = 4  # As many as a warehouse has.
FACTS_EACH = 150 if IS_LONG else 50  # Of each work place in a round.
CLOCK = SystemClock(trusted=True)

Transactions = list[list[StoredEvent]]


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> Transactions:
    """The events of each transaction that our side writes."""
    written: Transactions = []

    def noted(*arguments: Any) -> tuple[list[StoredEvent], bytes]:
        events, head = chained(*arguments)
        written.append(events)
        return events, head

    monkeypatch.setattr(sqlite_store, "chained", noted)
    return written


@pytest.mark.parametrize("at_once", [1, WORK_PLACES, 16])
async def test_recording_reaches_two_fifths_of_bare_sqlite(
    tmp_path: Path, transactions: Transactions, at_once: int
) -> None:
    outbox = await Outbox.open(tmp_path / "ours", "edge-1", CLOCK)
    facts = [
        CodeSetAside(text=f"]C10109520000000011{n}", reason="unknown", device="scanner-1") for n in range(FACTS_EACH)
    ]

    async def one_after_the_other() -> None:
        for fact in facts:
            await outbox.record([fact])

    async def round_() -> None:
        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))

    what = f"outbox: {at_once} at once record one fact after the other"
    ratio = await _median_ratio(what, round_, transactions, tmp_path / "bare.db")
    await outbox.close()
    assert ratio >= RATIO_MIN


async def test_the_recorder_reaches_two_fifths_of_bare_sqlite(tmp_path: Path, transactions: Transactions) -> None:
    outbox = await Outbox.open(tmp_path / "ours", "edge-1", CLOCK)
    pipeline = Pipeline(CaptureSettings(), Catalogue(), new_movement_id, {})
    recorder = Recorder(outbox, pipeline, CLOCK, tmp_path / "drafts.json", "test")
    running = asyncio.create_task(recorder.run())
    journal, appended = outbox[Stream.JOURNAL], asyncio.Event()
    outbox.on_appended = lambda _stream, _through: appended.set()
    dice = random.Random(1)

    async def round_() -> None:
        """Devices come and go, a few at a time, as fast as it is written down."""
        through = journal.position.last_sequence
        for _ in range(FACTS_EACH):
            count = dice.randint(1, WORK_PLACES)
            for number in range(count):
                recorder.hear(DeviceState(f"device-{number}", Availability.AVAILABLE, None, CLOCK.now()))
            through += count
            while journal.position.last_sequence < through:
                appended.clear()
                await appended.wait()

    await asyncio.sleep(0.2)  # It says first that it started, and what time it is.
    ratio = await _median_ratio("recorder: one to four facts at a time", round_, transactions, tmp_path / "bare.db")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await outbox.close()
    assert ratio >= RATIO_MIN


async def _median_ratio(
    what: str, round_: Callable[[], Awaitable[None]], transactions: Transactions, bare_file: Path
) -> float:
    bare = _Bare(bare_file)
    ratios, ours_s, facts = [], 0.0, 0
    for _ in range(ROUNDS):
        transactions.clear()
        began = time.perf_counter()
        await round_()
        taken_s = time.perf_counter() - began
        ratios.append(bare.write(transactions) / taken_s)
        ours_s, facts = ours_s + taken_s, facts + sum(map(len, transactions))
    bare.close()
    note(what, f"{median(ratios):.2f} of bare sqlite3 ({facts / ours_s:,.0f} facts/s)", aim=f"≥ {RATIO_MIN}")
    return median(ratios)


class _Bare:
    """The same rows, and nothing else."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode=wal", "synchronous=full"):
            self._db.execute(f"PRAGMA {pragma}")
        columns = "sequence INTEGER PRIMARY KEY, through INTEGER, wall_ms INTEGER, body BLOB, hash BLOB"
        self._db.execute(f"CREATE TABLE event ({columns})")

    def write(self, transactions: Transactions) -> float:
        """Seconds taken."""
        groups = [
            [(one.sequence, one.through, 0, one.body, one.chain_hash) for one in events] for events in transactions
        ]
        began = time.perf_counter()
        for rows in groups:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", rows)
            self._db.execute("COMMIT")
        return time.perf_counter() - began

    def close(self) -> None:
        self._db.close()
