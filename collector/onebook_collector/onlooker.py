"""Hears what the ingest has seen, and tells the screens and the early warnings. Holds nothing up: it has a queue of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import structlog

from onebook_collector.backup.record import read_record
from onebook_collector.clock import Clock
from onebook_collector.early_warning.facts import (
    BackupHolds,
    BackupsSeen,
    BookChecked,
    EdgeFact,
    EdgeKnown,
    SignOfLife,
    facts_of_live,
    facts_of_noted,
    facts_of_telemetry,
)
from onebook_collector.early_warning.watcher import Watcher
from onebook_collector.errors import RetryableError
from onebook_collector.ingest.book_uploads import Booked
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.live_board import Announcement, LiveBoard
from onebook_collector.metrics.sample import EventSamples
from onebook_collector.metrics.store import MetricsStore
from onebook_schemas.envelope import TelemetryEvent
from onebook_schemas.remote_care import Reply
from onebook_schemas.uplink import EdgeState, Live

log = structlog.get_logger()

TICK_S = 5.0
RETENTION_EVERY_S = 3_600.0
BACKUPS_EVERY_S = 60.0
FACTS_WAITING_MAX = 100_000


class Onlooker:
    """An IngestObserver. `await run()` for ever."""

    def __init__(
        self, board: LiveBoard, watcher: Watcher, metrics: MetricsStore, clock: Clock, backups: Path | None = None
    ) -> None:
        """`backups`: the folder whose record of backups is watched; None: no backup is configured."""
        self._backups, self._board, self._watcher, self._metrics, self._clock = backups, board, watcher, metrics, clock
        self._site_of: Mapping[str, str] = {}
        self._facts: asyncio.Queue[tuple[int, EdgeFact]] = asyncio.Queue(FACTS_WAITING_MAX)
        self.facts_dropped = 0
        self.on_reply: Callable[[Reply, int], None] = lambda reply, received_ms: None

    async def know(self, site_of: Mapping[str, str], last_heard_ms: Mapping[str, int]) -> None:
        """Which edges there are, where they stand, and when each was heard last."""
        self._site_of = site_of
        self._board.remember(dict(last_heard_ms))
        facts = [EdgeKnown(edge_id, last_heard_ms.get(edge_id)) for edge_id in site_of]
        await self._watcher.see(facts, self._clock.now_ms())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._judge())
            tasks.create_task(self._tick())
            tasks.create_task(self._retain())
            if self._backups is not None:
                tasks.create_task(self._watch_backups(self._backups))

    # What the ingest has seen -----------------------------------------------------------------------------------

    def see_live(self, live: Live, received_ms: int) -> None:
        self._board.see_live(live, received_ms)
        self._note(facts_of_live(live, self._site_of.get(live.edge_id, ""), received_ms), received_ms)

    def see_state(self, state: EdgeState, received_ms: int, *, retained: bool) -> None:
        self._board.see_state(state, received_ms, retained=retained)
        if state.online and not retained:
            self._note([SignOfLife(state.edge_id)], received_ms)

    def see_telemetry(self, event: TelemetryEvent, samples: EventSamples, received_ms: int) -> None:
        self._note(facts_of_telemetry(event, samples, self._site_of.get(samples.edge_id, "")), received_ms)

    def see_reply(self, reply: Reply, received_ms: int) -> None:
        self.on_reply(reply, received_ms)

    def see_booked(self, booked: Booked) -> None:
        header, received_ms = booked.received.upload.header, booked.received.received_ms
        self._board.see_upload(header.edge_id, header.stream, header.waiting, received_ms)
        self._note([SignOfLife(header.edge_id)], received_ms)
        self._note(facts_of_noted(header.edge_id, booked.noted_lines()), received_ms)
        for verdict in booked.verdicts:
            if verdict.kind is VerdictKind.POSTED:
                body = {"ledger_seq": verdict.ledger_seq, "edge_id": header.edge_id}
                self._board.announce(Announcement("movement", body))
            elif verdict.kind is VerdictKind.QUARANTINED:
                body = {"edge_id": header.edge_id, "sequence": verdict.sequence, "reason": verdict.reason}
                self._board.announce(Announcement("quarantine", body))

    def see_book_checked(self, fact: BookChecked) -> None:
        self._note([fact], self._clock.now_ms())

    # Judging ----------------------------------------------------------------------------------------------------

    def _note(self, facts: Iterable[EdgeFact], received_ms: int) -> None:
        for fact in facts:
            if self._facts.full():
                if not self.facts_dropped:
                    log.error("early_warnings_fall_behind", waiting=self._facts.qsize())
                self.facts_dropped += 1
            else:
                self._facts.put_nowait((received_ms, fact))

    async def _judge(self) -> None:
        while True:
            received_ms, fact = await self._facts.get()
            facts = [fact]
            while not self._facts.empty() and len(facts) < 1_000:
                received_ms, fact = self._facts.get_nowait()
                facts.append(fact)
            self._announce(await self._watcher.see(facts, received_ms))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._announce(await self._watcher.tick(self._clock.now_ms()))

    async def _retain(self) -> None:
        while True:
            await self._metrics.enforce_retention(self._clock.now_ms())
            await asyncio.sleep(RETENTION_EVERY_S)

    async def _watch_backups(self, folder: Path) -> None:
        """The commands write the record, this program only looks. One that cannot be read proves nothing."""
        while True:
            now_ms = self._clock.now_ms()
            try:
                record = await asyncio.to_thread(read_record, folder)
                self._note([BackupsSeen(record.last_backup_ms, record.last_proof_ms)], now_ms)
                if record.last_backup_ms is not None:
                    self._note([BackupHolds(name, record.journals.get(name, {})) for name in self._site_of], now_ms)
            except RetryableError as error:
                log.warning("backup_record_unreadable", problem=str(error))
                self._note([BackupsSeen(None, None)], now_ms)
            await asyncio.sleep(BACKUPS_EVERY_S)

    def _announce(self, warnings: Iterable[object]) -> None:
        for _ in warnings:
            self._board.announce(Announcement("warning", {}))  # Screens ask for the list: it is short.
