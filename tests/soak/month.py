"""A month of one edge and its centre in minutes: production machines and stores on real files, under a clock that is set by hand.

Each step is some minutes of virtual time: probes are heard, staff book, room is made, and what waits is uploaded when the line
is up. The line is down for half a day every third day and once for a sixth of the time, so long that telemetry must be thinned.
What is left out is what has a clock of its own: ports, sockets, threads of the agent. `make soak` has those.
"""

from __future__ import annotations

import gc
import json
import os
import random
import tracemalloc
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter

from onebook_collector.ingest.book_uploads import ReceivedUpload, book_journal_upload, book_telemetry_cursor
from onebook_collector.ingest.decide import Outcome, Pace, decide_telemetry
from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_collector.ledger.sql_book import SqlBook
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.metrics.sample import points_of
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.reference import read_catalogue
from onebook_edge.capture.sample_batch import SampleBatch
from onebook_edge.capture.sampled_measurement import SampledMeasurement
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.device import Measured, Quality
from onebook_edge.machine import Instant, Woken
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.retention import DAY_MS, DiskBudget
from onebook_edge.uplink.machine import (
    AckReceived,
    Appended,
    Connected,
    Disconnected,
    Halted,
    Load,
    Loaded,
    MarkDelivered,
    Publish,
    Reconnect,
    UplinkInput,
    UplinkMachine,
)
from onebook_edge.uplink.runner import LOAD_BYTES_MAX
from onebook_schemas.encoding import decode_upload, encode_upload
from onebook_schemas.uplink import Ack, Stream, Upload
from tests.end_to_end.plant import read
from tests.end_to_end.workload import facts_of_a_moment

EDGE = "edge-1"
PROBES = 5
_NOON_MS = 1_790_000_000_000
_MINUTE_MS = 60_000


@dataclass(slots=True)
class HandClock:
    """Clock of edge and centre."""

    passed_ms: int = 0
    boot_id: str = "b" * 16

    def now(self) -> Instant:
        return Instant(monotonic_ms=self.passed_ms, wall_ms=self.now_ms())

    def now_ms(self) -> int:
        return _NOON_MS + self.passed_ms

    def synchronised(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class Plan:
    days: int
    step_min: int
    budget: DiskBudget

    def is_cut(self, at_ms: int) -> bool:
        """Half of every third day; and from the middle of the time on, a sixth of it."""
        day, middle = at_ms / DAY_MS, self.days / 2
        return (int(day) % 3 == 1 and day % 1 < 0.5) or middle <= day < middle + self.days / 6


@dataclass(frozen=True, slots=True)
class Evening:
    """What there is at the end of a day. `disk_bytes`: the edge's folder, with write-ahead logs."""

    day: int
    memory_bytes: int
    descriptors: int
    disk_bytes: int
    journal_bytes: int
    telemetry_bytes: int
    oldest_days: float  # Age of the oldest event in the journal; nothing waits for longer than a few days.


@dataclass(slots=True)
class Month:
    """`async with month(folder, plan) as one: evening = await one.day(1)`, and so on."""

    plan: Plan
    folder: Path
    clock: HandClock
    outbox: Outbox
    ledger: SqlLedgerStore
    metrics: SqliteStore
    said: int = 0  # Samples that came out of the capture rules.
    _dice: random.Random = field(default_factory=lambda: random.Random(1))
    _batch: SampleBatch = field(default_factory=SampleBatch)
    _rules: dict[str, SampledMeasurement] = field(default_factory=dict)
    _inbox: deque[UplinkInput] = field(default_factory=deque)
    _is_up: bool = False
    _machine: UplinkMachine = field(init=False)

    def __post_init__(self) -> None:
        positions = {}
        for stream in Stream:
            store = self.outbox[stream]
            positions[stream] = (store.epoch, store.position.last_sequence, store.position.delivered_through)
        self._machine = UplinkMachine(EDGE, positions)
        self.outbox.on_appended = lambda stream, through: self._inbox.append(Appended(stream, through))
        self.outbox.protected_through = lambda stream: self._machine.protected_through(stream)
        settings = CaptureSettings()
        self._rules = {
            f"probe-{n}": SampledMeasurement(settings.sample_rule(f"probe-{n}", "temperature_c")) for n in range(PROBES)
        }

    @property
    def recorded_file(self) -> Path:
        """Ids of the movements that staff were told are booked, in order. Not in memory, which is measured."""
        return self.folder / "recorded"

    async def day(self, number: int) -> Evening:
        """Live through a day, the first is 1."""
        while self.clock.passed_ms < number * DAY_MS:
            self.clock.passed_ms += self.plan.step_min * _MINUTE_MS
            await self._step()
        return self._evening(number)

    async def settle(self) -> None:
        """The line is up until nothing waits."""
        while any(self.outbox[stream].usage.waiting for stream in Stream):
            self.clock.passed_ms += _MINUTE_MS
            await self._exchange(is_cut=False)

    async def _step(self) -> None:
        now = self.clock.now()
        for name, rule in self._rules.items():
            value = Decimal(self._dice.randint(150, 300)) / 10
            for sample in rule.handle(Measured(name, now, "temperature_c", value, "CEL", Quality.GOOD), now):
                self.said += 1
                self._batch.add(sample)
        while (written := self._batch.drain(now)) is not None:
            await self.outbox.take([written], now)
        if self.clock.passed_ms % (60 * _MINUTE_MS) == 0:  # On the hour.
            facts = facts_of_a_moment(self._dice)
            await self.outbox.record(facts)
            with self.recorded_file.open("a", encoding="ascii") as file:
                file.writelines(f"{fact.movement_id}\n" for fact in facts)
        await self.outbox.make_room()
        await self._exchange(is_cut=self.plan.is_cut(self.clock.passed_ms))

    def _evening(self, number: int) -> Evening:
        gc.collect()
        journal, telemetry = (self.outbox[stream].usage.used_bytes for stream in (Stream.JOURNAL, Stream.TELEMETRY))
        edge = self.folder / "edge"
        return Evening(
            number,
            tracemalloc.get_traced_memory()[0],
            len(os.listdir("/proc/self/fd")),
            sum(file.stat().st_size for file in edge.iterdir()),
            journal,
            telemetry,
            (self.clock.now_ms() - read(edge / "journal.db", "SELECT min(wall_ms) FROM event")[0][0]) / DAY_MS,
        )

    # The uplink, as uplink/runner.py drives it, and the centre, as ingest/runner.py does --------------------------

    async def _exchange(self, *, is_cut: bool) -> None:
        if self._is_up == is_cut:
            self._is_up = not is_cut
            self._inbox.append(Connected() if self._is_up else Disconnected())
        self._inbox.append(Woken())
        while self._inbox:
            await self._feed(self._inbox.popleft())

    async def _feed(self, message: UplinkInput) -> None:
        for output in self._machine.handle(message, self.clock.now()):
            match output:
                case Load():
                    self._inbox.append(await self._load(output))
                case Publish(upload):
                    if self._is_up:
                        self._inbox.append(AckReceived(await self._book(upload)))
                case MarkDelivered(stream, through, _):
                    await self.outbox.mark_delivered(stream, through)
                case Reconnect() | Halted():
                    raise AssertionError(f"unexpected: {output}")

    async def _load(self, load: Load) -> Loaded:
        after = load.after
        events = await self.outbox.load(load.stream, after, load.events_max, LOAD_BYTES_MAX) if load.events_max else ()
        before = await self.outbox[load.stream].chain_hash(after) if load.stream is Stream.JOURNAL else None
        return Loaded(load.stream, after, events, before, self.outbox.boot_anchors)

    async def _book(self, upload: Upload) -> Ack:
        body = encode_upload(upload)
        received = ReceivedUpload(decode_upload(body), body, self.clock.now_ms())
        if received.key.stream is Stream.JOURNAL:
            booked = await self.ledger.write(lambda book: book_journal_upload(book, received, Pace()))
        else:
            cursors = await self.ledger.cursors([received.key])
            decision = decide_telemetry(cursors[received.key], received.upload)
            anchors = received.upload.header.boot_anchors
            await self.metrics.write(
                [points_of(EDGE, received.key.epoch, event, anchors, received.received_ms) for event in decision.fresh]
            )
            booked = await self.ledger.write(lambda book: book_telemetry_cursor(book, received, decision, Pace()))
        assert booked.ack is not None, booked.outcome
        assert booked.outcome in (Outcome.FRESH, Outcome.PROBE, Outcome.DUPLICATE), booked.outcome
        return booked.ack


@asynccontextmanager
async def month(folder: Path, plan: Plan) -> AsyncIterator[Month]:
    """Everything opened; memory is traced from here on."""
    clock = HandClock()
    outbox = await Outbox.open(folder / "edge", EDGE, clock, plan.budget)
    (folder / "centre").mkdir()
    ledger = await SqlLedgerStore.open(folder / "centre/ledger.db", clock=clock)
    metrics = await SqliteStore.open(folder / "centre/metrics.db")
    await ledger.write(_furnish)
    tracemalloc.start()
    _fill_string_cache()
    try:
        yield Month(plan, folder, clock, outbox, ledger, metrics)
    finally:
        tracemalloc.stop()
        for store in (outbox, ledger, metrics):
            await store.close()


def _fill_string_cache() -> None:
    """Pydantic keeps up to 16,384 short strings that it met in JSON: full from the start, they cannot look like a leak."""
    TypeAdapter(list[str]).validate_json(json.dumps([f"{number:036d}" for number in range(200_000)]))


def _furnish(book: SqlBook) -> None:
    import_items(book, read_catalogue()[:20])
    import_sites(book, [Site("wh-1", "仓库", "Warehouse", "330102")])
    register_edge(book, EDGE, "wh-1")
