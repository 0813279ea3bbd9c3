"""Goal: when a fleet refills the centre, whoever waits is answered soon. Method: many full uploads wait at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from onebook_collector.clock import SystemClock
from onebook_collector.ingest.runner import GROUP_EVENTS_MAX, IngestRunner
from onebook_collector.ledger.sql_book import SqlBook
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_schemas import topics
from onebook_schemas.chain import chain_start
from onebook_schemas.encoding import encode_upload
from onebook_schemas.mqtt_link import Inbound
from onebook_schemas.uplink import Stream
from tests.contract import ledger_events as events
from tests.integration.test_uplink import Seen

T = TypeVar("T")
UPLOADS, EVENTS = 12, 500


class CountingLedger(SqlLedgerStore):
    """Notes how many envelopes each transaction brought."""

    commits: list[int]

    async def write(self, work: Callable[[SqlBook], T]) -> T:
        def counted(book: SqlBook) -> T:
            before = len(book.rows.envelopes)
            result = work(book)
            self.commits.append(len(book.rows.envelopes) - before)
            return result

        return await super().write(counted)


def full_upload(number: int) -> Inbound:
    key = events.log_of(f"edge-{number}")
    fact = {"type": "code_set_aside", "text": "?", "reason": "test"}
    lines = [events.body(sequence, fact, events.NOON) for sequence in range(1, EVENTS + 1)]
    body = encode_upload(events.upload(key, 1, chain_start(key.edge_id, key.epoch, key.stream), lines))
    return Inbound(topics.upload(key.edge_id, Stream.JOURNAL), body, False, number, 1, 1)


async def test_uploads_that_wait_together_are_not_all_booked_before_the_first_is_answered(tmp_path: Path) -> None:
    ledger = await CountingLedger.open(tmp_path / "ledger.db")
    ledger.commits = []
    metrics = await SqliteStore.open(tmp_path / "metrics.db")
    seen = Seen()
    runner = IngestRunner(("127.0.0.1", 1), "collector-1", ledger, metrics, seen, SystemClock())
    for number in range(UPLOADS):
        runner._inbox.put_nowait(full_upload(number))
    task = asyncio.create_task(runner.run())
    while len(seen.booked) < UPLOADS:
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert sum(ledger.commits) == UPLOADS * EVENTS
    assert max(ledger.commits) < GROUP_EVENTS_MAX + EVENTS
    await ledger.close()
    await metrics.close()
