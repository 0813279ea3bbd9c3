"""The centre: one durable book, and collectors over it, driven as ingest/runner.py drives them, and mortal at every step."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from onebook_collector.ingest.book_uploads import (
    Booked,
    ReceivedUpload,
    book_journal_upload,
    book_telemetry_cursor,
)
from onebook_collector.ingest.decide import Outcome, Pace, TelemetryDecision, decide_telemetry
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.memory_book import MemoryBook, Snapshot
from onebook_schemas import topics
from onebook_schemas.encoding import UndecodableError, decode_upload, encode
from onebook_schemas.envelope import TelemetryEvent
from onebook_schemas.uplink import Ack, Stream
from tests.simulation.checkers import Promise, Remembered
from tests.simulation.network import Delivery, Network
from tests.simulation.world import Died, World

NO_PACE = Pace()
_decoded = functools.lru_cache(64)(decode_upload)  # The same bytes come again and again.
MetricsKey = tuple[str, str, int]  # edge_id, epoch, through


@dataclass(frozen=True, slots=True)
class Backup:
    book: Snapshot
    metrics: dict[MetricsKey, TelemetryEvent]
    remembered: Remembered  # What the checkers knew then.


@dataclass(slots=True)
class Centre:
    """What is durable at the centre: the book, and the metrics beside it. Collectors come and go over it."""

    world: World
    book: MemoryBook
    promise: Promise
    metrics: dict[MetricsKey, TelemetryEvent] = field(default_factory=dict)
    backups: list[Backup] = field(default_factory=list)

    def back_up(self) -> None:
        self.world.say("centre", "is backed up")
        self.backups.append(Backup(self.book.snapshot(), dict(self.metrics), self.promise.remember()))

    def release(self, key: LogKey) -> None:
        """A person has decided that a forked log may go on."""
        self.world.say("centre", "releases", key=key)
        self.book.release_fork(key, "keeper", "the twin is gone", self.world.wall_ms)
        self.promise.released(key)

    def restore(self, backup: Backup) -> None:
        """The metrics are as old as the book, or newer."""
        self.world.say("centre", "is restored from a backup")
        self.book.restore(backup.book)
        newer = {} if self.world.chance(0.5) else self.metrics
        self.metrics = {**backup.metrics, **newer}
        self.promise.restored(backup.remembered)


@dataclass(slots=True)
class CollectorNode:
    """One collector process, as ingest/runner.py drives it."""

    world: World
    network: Network
    promise: Promise
    centre: Centre
    name: str
    pace: Pace = NO_PACE
    death_chance: float = 0.0
    dies_at: str | None = None  # Once, at the next step of this name.
    alive: bool = False
    _life: int = 0
    _waiting: list[Delivery] = field(default_factory=list)

    def start(self) -> None:
        if self.alive:
            return
        self.alive, self._life = True, self._life + 1
        self._waiting.clear()
        self.world.say(self.name, "starts")
        self.network.deliver_again(self)

    def die(self, why: str) -> None:
        self.world.say(self.name, "is killed", when=why)
        self.alive = False
        self.network.deliver_again(self)
        self.world.after(self.world.between(100, 5_000), self.start)

    def step(self, when: str) -> None:
        if when == self.dies_at or self.world.chance(self.death_chance):
            self.dies_at = None
            self.die(when)
            raise Died

    def receive(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        if len(self._waiting) == 1:
            self.world.after(self.world.between(1, 30), self._take_group, self._life)

    def _take_group(self, life: int) -> None:
        if not self.alive or life != self._life:
            return
        deliveries, self._waiting = self._waiting, []
        try:
            uploads = [found for one in deliveries if (found := self._read(one)) is not None]
            if uploads:
                self._answer(self._book(uploads))
            for delivery in deliveries:
                self.network.acknowledge(delivery)
        except Died:
            return

    def _read(self, delivery: Delivery) -> ReceivedUpload | None:
        try:
            upload = _decoded(delivery.body)
        except UndecodableError as error:
            self.promise.seen["rejected"] += 1
            self.world.say(self.name, "rejects", reason=error)
            return None
        if delivery.topic != topics.upload(upload.header.edge_id, upload.header.stream):
            return None
        return ReceivedUpload(upload, delivery.body, self.world.wall_ms)

    def _book(self, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
        decisions = self._write_points([one for one in uploads if one.key.stream is Stream.TELEMETRY])
        self.step("before the commit")
        book = self.centre.book
        booked = [
            book_telemetry_cursor(book, one, decisions[id(one)], self.pace)
            if id(one) in decisions
            else book_journal_upload(book, one, self.pace)
            for one in uploads
        ]
        self.promise.committed_at_centre(self.centre, booked)
        self.step("after the commit")
        return booked

    def _write_points(self, uploads: Sequence[ReceivedUpload]) -> dict[int, TelemetryDecision]:
        cursors = {one.key: self.centre.book.cursor(one.key) for one in uploads}
        decisions = {}
        for one in uploads:
            decision = decide_telemetry(cursors[one.key], one.upload)
            decisions[id(one)] = decision
            for event in decision.fresh:
                self.promise.ingested(self.centre, one.key, event)
                self.centre.metrics.setdefault((one.key.edge_id, one.key.epoch, event.through), event)
            if decision.outcome is Outcome.FRESH:
                cursors[one.key] = replace(cursors[one.key], accepted_through=decision.accepted_through)
        return decisions

    def _answer(self, booked: Sequence[Booked]) -> None:
        for one in booked:
            if self.world.tracing:
                header = one.received.upload.header
                self.world.say(
                    self.name, "booked", edge=header.edge_id, stream=header.stream, epoch=header.epoch[:4],
                    first=header.first_sequence, last=header.last_sequence, outcome=one.outcome,
                    accepted_through=one.ack.accepted_through if one.ack else None, fork=one.fork_reason,
                )  # fmt: skip
            if one.ack is not None:
                self.answer(one.received.key, one.ack)
                self.step("between two acks")

    def answer(self, key: LogKey, ack: Ack) -> None:
        self.promise.answered(self.centre, key, ack)
        self.network.publish_ack(key.edge_id, encode(ack))
