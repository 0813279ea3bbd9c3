"""A box as it runs: the production machine and outbox, driven as uplink/runner.py drives them, and mortal at every step."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

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
from onebook_schemas.encoding import UndecodableError, decode, encode_upload
from onebook_schemas.envelope import JournalFact, TelemetryFact
from onebook_schemas.uplink import Ack, Stream, Upload
from tests.simulation.checkers import Promise
from tests.simulation.disk import Card, SimulatedOutbox, SimulatedStore, carry_through
from tests.simulation.network import Network
from tests.simulation.world import BoxClock, Died, World


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
        self.later(self.world.between(10, 500), self.dial)
        self.later(self.world.between(1_000, 8_000), self._make_room)
        if not self.clock.synchronised():
            self.later(self.world.between(1_000, 20_000), self.synchronise_clock)

    def die(self, *, power: bool, why: str) -> None:
        self.world.say(self.name, "loses power" if power else "is killed", when=why)
        self.alive = False
        self.network.hang_up(self)
        if power:
            self.card.cut_power(self.world)
        self.world.after(self.world.between(100, 5_000), self._revive, power)

    def _revive(self, power: bool) -> None:
        if self.alive or self.retired:
            return
        if power:
            wrong = self.world.chance(self.wrong_clock_chance)
            self.clock.boot(self.world.between(-(10**12), 10**9) if wrong else 0)
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
        self.later(self.world.between(1_000, 15_000), self.synchronise_clock)

    def synchronise_clock(self) -> None:
        self.clock.step(0)
        self.outbox.anchor_boot()

    def _make_room(self) -> None:
        self.later(self.world.between(5_000, 10_000), self._make_room)
        carry_through(self.outbox.make_room())

    # The uplink, as uplink/runner.py drives it ------------------------------------------------------------------

    def hear_connected(self) -> None:
        self._connected = True
        self._tell(Connected())

    def hear_disconnected(self) -> None:
        self._connected = False
        self._tell(Disconnected())
        self.later(self.world.between(200, 3_000), self.dial)

    def hear_ack(self, body: bytes) -> None:
        try:
            self._tell(AckReceived(decode(Ack, body)))
        except UndecodableError as error:
            self.world.say(self.name, "cannot read an ack", reason=error)

    def hear_receipt(self, body: bytes) -> None:
        """The broker's receipt proves nothing."""

    def dial(self) -> None:
        if not self._connected and not self.network.dial(self):
            self.later(self.world.between(500, 3_000), self.dial)

    def _tell(self, message: UplinkInput) -> None:
        self._inbox.append(message)
        self.later(self.world.between(0, 3), self._take_turn)

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
                    carry_through(self.outbox.mark_delivered(stream, through))
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
        loaded = Loaded(load.stream, load.after, events, chain_before, self.outbox.boot_anchors, store.algorithm)
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
