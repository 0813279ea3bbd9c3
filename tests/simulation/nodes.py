"""Edges and collectors as they run: the production decisions, driven as their runners drive them, and mortal at every step."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from onebook_collector.ingest.book_uploads import (
    Booked,
    ReceivedUpload,
    book_journal_upload,
    book_telemetry_cursor,
)
from onebook_collector.ingest.decide import Outcome, Pace, TelemetryDecision, decide_telemetry
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.memory_book import MemoryBook, Snapshot
from onebook_edge.errors import OutboxFullError
from onebook_edge.machine import Woken
from onebook_edge.outbox.retention import DiskBudget
from onebook_edge.outbox.store import EventDraft
from onebook_edge.uplink.machine import (
    AckReceived,
    Appended,
    Connected,
    Disconnected,
    Halted,
    HaltReason,
    Load,
    Loaded,
    MarkDelivered,
    Publish,
    Reconnect,
    UplinkInput,
    UplinkMachine,
    UplinkOutput,
    UplinkSettings,
)
from onebook_edge.uplink.runner import LOAD_BYTES_MAX
from onebook_schemas import topics
from onebook_schemas.encoding import UndecodableError, decode, decode_upload, encode, encode_upload
from onebook_schemas.envelope import JournalFact, TelemetryEvent, TelemetryFact
from onebook_schemas.uplink import Ack, Stream, Upload
from tests.simulation.checkers import Promise
from tests.simulation.disk import Card, SimulatedOutbox, SimulatedStore, carry_through
from tests.simulation.network import Delivery, Network
from tests.simulation.world import BoxClock, World


class Died(Exception):
    """The process is gone, between two steps. Nothing after this happens."""


@dataclass(slots=True)
class EdgeNode:
    """A box. A restart builds everything from its card."""

    world: World
    network: Network
    promise: Promise
    edge_id: str
    name: str  # Of the box: a clone has another, under the same edge_id.
    card: Card
    budget: DiskBudget
    settings: UplinkSettings
    death_chance: float = 0.0  # Per step.
    power_cuts: bool = False  # Whether a death may be that of the power.
    wrong_clock_chance: float = 0.0  # Per boot: the clock is wrong until it is synchronised, some time later.
    alive: bool = False
    retired: bool = False
    halted: dict[Stream, Halted] = field(default_factory=dict)
    clock: BoxClock = field(init=False)
    outbox: SimulatedOutbox = field(init=False)
    machine: UplinkMachine = field(init=False)
    _life: int = 0  # Counts starts: what an earlier life has set up is void.
    _connected: bool = False
    _inbox: deque[UplinkInput] = field(default_factory=deque)
    _wakes_at: int | None = None
    _encoded: dict[Stream, tuple[Upload, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.clock = BoxClock(self.world)

    # Life and death ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        self.alive, self._life = True, self._life + 1
        self._connected, self._wakes_at = False, None
        self._inbox.clear()
        self._encoded.clear()
        self.halted.clear()
        self.outbox = SimulatedOutbox(
            self.world, self.card, self.name, self.edge_id, self.clock, self.budget, self.promise, self.step
        )
        self.machine = self._build_machine()
        self.outbox.on_appended = lambda stream, through: self._tell(Appended(stream, through))
        self.outbox.protected_through = lambda stream: self.machine.protected_through(stream)
        self.promise.box_started(self)
        self.world.say(self.name, "starts", positions=[str(self.store(stream).position) for stream in Stream])
        self.later(self.world.random.randint(10, 500), self.dial)
        self.later(self.world.random.randint(1_000, 8_000), self._make_room)
        if not self.clock.synchronised():
            self.later(self.world.random.randint(1_000, 20_000), self.synchronise_clock)

    def die(self, *, power: bool, why: str) -> None:
        self.world.say(self.name, "loses power" if power else "is killed", when=why)
        self.alive = False
        self.network.hang_up(self)
        if power:
            self.card.cut_power(self.world)
        self.world.after(self.world.random.randint(100, 5_000), self._revive, power)

    def _revive(self, power: bool) -> None:
        if self.alive or self.retired:
            return
        if power:
            wrong = self.world.chance(self.wrong_clock_chance)
            self.clock.boot(self.world.random.randint(-(10**12), 10**9) if wrong else 0)
        self.start()

    def retire(self) -> None:
        """Switched off for good."""
        self.alive, self.retired = False, True
        self.network.hang_up(self)

    def step(self, when: str) -> None:
        """Somewhere between two effects."""
        if self.world.chance(self.death_chance):
            self.die(power=self.power_cuts and self.world.chance(0.5), why=when)
            raise Died

    def later(self, delay_ms: int, action: Callable[..., None], *arguments: object) -> None:
        self.world.after(delay_ms, self._act, self._life, action, arguments)

    def _act(self, life: int, action: Callable[..., None], arguments: Sequence[Any]) -> None:
        if self.alive and life == self._life:
            try:
                action(*arguments)
            except Died:
                return

    # What people and devices do ---------------------------------------------------------------------------------

    def store(self, stream: Stream) -> SimulatedStore:
        store: Any = self.outbox[stream]
        return store  # type: ignore[no-any-return]

    def record(self, facts: Sequence[JournalFact]) -> bool:
        """A person books something, and sees "recorded" if this is true."""
        try:
            sequences = carry_through(self.outbox.record(facts))
        except Died:
            return False
        except OutboxFullError as refused:
            self.promise.seen["work refused"] += 1
            self.world.say(self.name, "refuses work", reason=refused)
            return False
        self.promise.told_recorded(self, sequences)
        return True

    def record_raw(self, stream: Stream, draft: EventDraft) -> None:
        """Bytes that another version of the agent has left in the outbox."""
        try:
            sequences = carry_through(self.store(stream).append([draft]))
        except (OutboxFullError, Died):
            return
        self.outbox.on_appended(stream, sequences[-1])

    def take(self, facts: Sequence[TelemetryFact]) -> None:
        self.promise.measured(self, facts)
        with contextlib.suppress(Died):
            carry_through(self.outbox.take(facts, self.clock.now()))

    def lose_time(self, wall_error_ms: int) -> None:
        """The wall clock jumps, and the box knows that no time server is behind it; later one is."""
        self.clock.step(wall_error_ms)
        self.later(self.world.random.randint(1_000, 15_000), self.synchronise_clock)

    def synchronise_clock(self) -> None:
        self.clock.step(0)
        self.outbox.anchor_boot()

    def _make_room(self) -> None:
        self.later(self.world.random.randint(5_000, 10_000), self._make_room)
        carry_through(self.outbox.make_room())

    # The uplink, as uplink/runner.py drives it ------------------------------------------------------------------

    def hear_connected(self) -> None:
        self._connected = True
        self._tell(Connected())

    def hear_disconnected(self) -> None:
        self._connected = False
        self._tell(Disconnected())
        self.later(self.world.random.randint(200, 3_000), self.dial)

    def hear_ack(self, body: bytes) -> None:
        try:
            self._tell(AckReceived(decode(Ack, body)))
        except UndecodableError as error:
            self.world.say(self.name, "cannot read an ack", reason=error)

    def hear_receipt(self, body: bytes) -> None:
        """The broker's receipt proves nothing."""

    def dial(self) -> None:
        if not self._connected and not self.network.dial(self):
            self.later(self.world.random.randint(500, 3_000), self.dial)

    def _tell(self, message: UplinkInput) -> None:
        self._inbox.append(message)
        self.later(self.world.random.randint(0, 3), self._take_turn)

    def _take_turn(self) -> None:
        self._feed(self._inbox.popleft())

    def _wake(self, due: int) -> None:
        if self._wakes_at == due:
            self._wakes_at = None
            self._feed(Woken())

    def _feed(self, message: UplinkInput) -> None:
        self.promise.box_turns(self)
        self.step("before a message is handled")
        if self.world.tracing and not isinstance(message, Woken):
            self.world.say(self.name, "takes", message=message)
        self._carry_out(self.machine.handle(message, self.clock.now()))
        due = self.machine.wakeup_at()
        if due is not None and due != self._wakes_at:
            self.later(max(due - self.clock.now().monotonic_ms, 0), self._wake, due)
        self._wakes_at = due

    def _carry_out(self, outputs: Sequence[UplinkOutput]) -> None:
        for output in outputs:
            self.step("before an output is carried out")
            match output:
                case Load():
                    self._load(output)
                case Publish(upload):
                    self._publish(upload)
                case MarkDelivered(stream, through, rewound):
                    self.world.say(self.name, "marks delivered", stream=stream, through=through, rewound=rewound)
                    self.promise.marked_delivered(self, output)
                    carry_through(self.store(stream).mark_delivered(through))
                case Halted():
                    self._answer_halt(output)
                case Reconnect():
                    self.promise.seen["gave up"] += 1
                    self.world.say(self.name, "gives the connection up")
                    self.network.hang_up(self)
                    self.hear_disconnected()

    def _load(self, load: Load) -> None:
        store = self.store(load.stream)
        events = (
            carry_through(self.outbox.load(load.stream, load.after, load.events_max, LOAD_BYTES_MAX))
            if load.events_max
            else ()
        )
        chain_before = carry_through(store.chain_hash(load.after)) if load.stream is Stream.JOURNAL else None
        self._encoded.pop(load.stream, None)
        loaded = Loaded(load.stream, load.after, events, chain_before, self.outbox.boot_anchors)
        self._carry_out(self.machine.handle(loaded, self.clock.now()))

    def _publish(self, upload: Upload) -> None:
        header = upload.header
        body = self._bytes_of(upload)
        if self.world.tracing:
            self.world.say(
                self.name, "publishes", stream=header.stream, first=header.first_sequence, last=header.last_sequence
            )
        self.promise.published(self, upload, body)
        self.network.publish(self, topics.upload(self.edge_id, header.stream), body)

    def _bytes_of(self, upload: Upload) -> bytes:
        stream = upload.header.stream
        if stream not in self._encoded or self._encoded[stream][0] is not upload:
            self._encoded[stream] = (upload, encode_upload(upload))
        return self._encoded[stream][1]

    def _answer_halt(self, halted: Halted) -> None:
        self.world.say(self.name, "halts", stream=halted.stream, reason=halted.reason)
        self.promise.halted(self, halted)
        if halted.reason is HaltReason.OUTBOX_IS_OLD_COPY:
            carry_through(self.outbox.renew_epoch(halted.stream))
            self.machine = self._build_machine()
            if self._connected:
                self._tell(Connected())
        else:
            self.halted[halted.stream] = halted

    def _build_machine(self) -> UplinkMachine:
        positions = {}
        for stream in Stream:
            store = self.store(stream)
            positions[stream] = (store.epoch, store.position.last_sequence, store.position.delivered_through)
        return UplinkMachine(self.edge_id, positions, self.settings)


# The centre -----------------------------------------------------------------------------------------------------

NO_PACE = Pace()
MetricsKey = tuple[str, str, int]  # edge_id, epoch, through


@dataclass(frozen=True, slots=True)
class Backup:
    book: Snapshot
    metrics: dict[MetricsKey, TelemetryEvent]
    remembered: Any  # What the checkers knew then.


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
        self.world.after(self.world.random.randint(100, 5_000), self.start)

    def step(self, when: str) -> None:
        if when == self.dies_at or self.world.chance(self.death_chance):
            self.dies_at = None
            self.die(when)
            raise Died

    def receive(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        if len(self._waiting) == 1:
            self.world.after(self.world.random.randint(1, 30), self._take_group, self._life)

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
            upload = decode_upload(delivery.body)
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
