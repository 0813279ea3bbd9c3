"""The storage card of a box: it keeps what was synced; what was only written may be gone after a power cut.

A card holds the two streams of an outbox. `SimulatedStore` keeps the promise of `StreamStore` on it, and `SimulatedOutbox` is the
production outbox over two such stores: admission, retention, thinning and stand-ins are its own code, only files are replaced.

What the stores promise beyond the words of `StreamStore`, because the simulation fails without it:

  the journal is synced by each commit; telemetry is synced before it is loaded for sending, or a power cut would give its
  sequences to other events, which the collector would take for duplicates;
  the event at the delivered cursor is never dropped: the chain goes on from its hash, and a stand-in borrows its time;
  a new epoch takes along what the collector may lack: of the journal all that is kept (an ack that was meant for the other
  life of this log may have marked it as delivered; the book knows a movement by its id when it comes again), of telemetry
  what waits.
"""

from __future__ import annotations

import bisect
import copy
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from onebook_collector.ledger.cursor import LogKey
from onebook_edge.errors import OutboxFullError
from onebook_edge.machine import Instant
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.retention import DeliveryCalendar, DiskBudget
from onebook_edge.outbox.store import EventDraft, Position, StoredEvent, Usage, carried_over, chained
from onebook_schemas.chain import HashAlgorithm, chain_start
from onebook_schemas.uplink import Stream
from tests.simulation.world import BoxClock, World

Step = Callable[[str], None]
"""Called between two effects with a word about where: the box may die there."""

ROW_BYTES = 64  # What an event takes beside its body.


# What is written ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stored:
    events: tuple[StoredEvent, ...]
    head: bytes


@dataclass(frozen=True, slots=True)
class Marked:
    through: int


@dataclass(frozen=True, slots=True)
class Dropped:
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    sequences: tuple[int, ...]
    by: StoredEvent


Write = Stored | Marked | Dropped | Replaced


@dataclass(slots=True)
class Image:
    """One stream as bytes on a card would describe it."""

    epoch: str
    head: bytes
    last: int = 0
    delivered: int = 0
    used_bytes: int = 0
    order: list[int] = field(default_factory=list)
    events: dict[int, StoredEvent] = field(default_factory=dict)

    def apply(self, write: Write) -> None:
        match write:
            case Stored(events, head):
                for event in events:
                    self._put(event)
                self.head, self.last = head, events[-1].through
            case Marked(through):
                self.delivered = through
            case Dropped(sequences):
                self._remove(sequences)
            case Replaced(sequences, event):
                self._remove(sequences)
                self._put(event)

    def behind(self, after: int) -> int:
        """Position in `order` of the first event that reaches beyond a sequence."""
        at = bisect.bisect_right(self.order, after)
        return at - 1 if at > 0 and self.events[self.order[at - 1]].through > after else at

    def copy(self) -> Image:
        twin = copy.copy(self)
        twin.order, twin.events = list(self.order), dict(self.events)
        return twin

    def _put(self, event: StoredEvent) -> None:
        bisect.insort(self.order, event.sequence)
        self.events[event.sequence] = event
        self.used_bytes += size_of(event)

    def _remove(self, sequences: Sequence[int]) -> None:
        for sequence in sequences:
            self.used_bytes -= size_of(self.events.pop(sequence))
            del self.order[bisect.bisect_left(self.order, sequence)]


@dataclass(slots=True)
class StreamFile:
    """What a power cut leaves is `synced` and the first few of `unsynced`."""

    synced: Image
    unsynced: list[Write] = field(default_factory=list)

    def copy(self) -> StreamFile:
        return StreamFile(self.synced.copy(), list(self.unsynced))


@dataclass(slots=True)
class Card:
    """A storage card. `foreign_bytes` are taken up by others."""

    files: dict[Stream, StreamFile]
    boot_anchors: dict[str, int]
    calendars: dict[Stream, tuple[str, DeliveryCalendar]]  # Of which epoch, and what.
    capacity_bytes: int
    foreign_bytes: int = 0
    used_bytes: dict[Stream, int] = field(default_factory=dict)

    @property
    def free_bytes(self) -> int:
        return self.capacity_bytes - self.foreign_bytes - sum(self.used_bytes.values())

    def cut_power(self, world: World) -> None:
        """Lose the tail of what was not synced; a write that is torn counts as not written."""
        for file in self.files.values():
            for write in file.unsynced[: world.between(0, len(file.unsynced))]:
                file.synced.apply(write)
            file.unsynced.clear()

    def copy(self) -> Card:
        files = {stream: file.copy() for stream, file in self.files.items()}
        used_bytes = dict(self.used_bytes)
        return replace(
            self,
            files=files,
            boot_anchors=dict(self.boot_anchors),
            calendars=dict(self.calendars),
            used_bytes=used_bytes,
            foreign_bytes=0,
        )


def new_card(world: World, edge_id: str, capacity_bytes: int) -> Card:
    return Card({stream: new_file(world, edge_id, stream) for stream in Stream}, {}, {}, capacity_bytes)


def new_file(world: World, edge_id: str, stream: Stream) -> StreamFile:
    epoch = world.hexadecimal(16)
    return StreamFile(Image(epoch, chain_start(edge_id, epoch, stream, algorithm=algorithm_of(epoch))))


def algorithm_of(epoch: str) -> HashAlgorithm:
    """Half of all epochs are chained with either: both live beside each other, and one may follow the other."""
    return HashAlgorithm.SM3 if int(epoch, 16) % 2 else HashAlgorithm.SHA256


# The store ------------------------------------------------------------------------------------------------------


class CardWatch(Protocol):
    """Told of what happens on a card: by this the checkers know the truth."""

    def committed(self, store: SimulatedStore, events: Sequence[StoredEvent], free_bytes: int) -> None: ...

    def dropped(self, store: SimulatedStore, events: Sequence[StoredEvent], keep_bytes: int) -> None: ...

    def renewed(self, old: SimulatedStore, new: SimulatedStore, carried: Sequence[StoredEvent]) -> None: ...


class SimulatedStore:
    """A StreamStore on a card. Its coroutines never wait. `step` is where the box may die."""

    def __init__(self, card: Card, box: str, edge_id: str, stream: Stream, watch: CardWatch, step: Step) -> None:
        self.box, self.key = box, LogKey(edge_id, card.files[stream].synced.epoch, stream)
        self._card, self._stream = card, stream
        self._watch, self._step = watch, step
        self._file = card.files[stream]
        self._live = self._file.synced.copy()
        for write in self._file.unsynced:
            self._live.apply(write)
        card.used_bytes[stream] = self._live.used_bytes

    @property
    def stream(self) -> Stream:
        return self._stream

    @property
    def epoch(self) -> str:
        return self._live.epoch

    @property
    def algorithm(self) -> HashAlgorithm:
        return algorithm_of(self._live.epoch)

    @property
    def position(self) -> Position:
        return Position(self._live.last, self._live.delivered)

    @property
    def used_bytes(self) -> int:
        return self.usage.used_bytes

    @property
    def usage(self) -> Usage:
        return Usage(self._live.used_bytes, self._live.last - self._live.delivered)

    async def append(self, drafts: Sequence[EventDraft]) -> range:
        first = self._live.last + 1
        events, head = chained(self._live.head, first, drafts, self.algorithm)
        if self._stream is Stream.TELEMETRY:
            events = [StoredEvent(event.sequence, event.through, event.body, None) for event in events]
        self.store(events, head)
        return range(first, first + len(events))

    def store(self, events: Sequence[StoredEvent], head: bytes) -> None:
        """Commit events that have their sequences."""
        if sum(map(size_of, events)) > self._card.free_bytes:
            raise OutboxFullError("not recorded, the disk is full", "Call the keeper.")
        self._step(f"before the {self._stream} commits")
        self._write(Stored(tuple(events), head))
        if self._stream is Stream.JOURNAL:
            self.sync()
        self._watch.committed(self, events, self._card.free_bytes)
        self._step(f"after the {self._stream} committed")

    async def load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        self.sync()
        at = self._live.behind(after)
        found: list[StoredEvent] = []
        size = 0
        for sequence in self._live.order[at : at + events_max]:
            event = self._live.events[sequence]
            size += len(event.body)
            if found and size > bytes_max:
                break
            found.append(event)
        return tuple(found)

    async def chain_hash(self, sequence: int) -> bytes | None:
        if sequence == 0:
            return chain_start(*self.key, algorithm=self.algorithm)
        if sequence == self._live.last:
            return self._live.head
        event = self._live.events.get(sequence)
        return event.chain_hash if event else None

    async def mark_delivered(self, through: int) -> None:
        self._write(Marked(through))

    async def drop_delivered(self, keep_bytes: int, aged_through: int) -> int:
        """What has aged, and of what has not the oldest that the bytes ask for, one after the other."""
        gone: list[StoredEvent] = []
        left = self._live.used_bytes
        for sequence in self._live.order:
            event = self._live.events[sequence]
            if event.through >= self._live.delivered or (left <= keep_bytes and event.through > aged_through):
                break
            gone.append(event)
            left -= size_of(event)
        if gone:
            self._write(Dropped(tuple(event.sequence for event in gone)))
            self._watch.dropped(self, gone, keep_bytes)
            self._step("after delivered events were dropped")
        return len(gone)

    async def replace(self, first: int, through: int, thinned: EventDraft) -> None:
        order = self._live.order
        gone = order[bisect.bisect_left(order, first) : bisect.bisect_right(order, through)]
        self._write(Replaced(tuple(gone), StoredEvent(first, through, thinned.body(first), None)))
        self._step("after telemetry was thinned")

    async def close(self) -> None:
        self.sync()

    def undelivered(self) -> list[StoredEvent]:
        return [self._live.events[sequence] for sequence in self._live.order[self._live.behind(self._live.delivered) :]]

    @property
    def head(self) -> bytes:
        return self._live.head

    def kept(self) -> list[StoredEvent]:
        return [self._live.events[sequence] for sequence in self._live.order]

    def sync(self) -> None:
        for write in self._file.unsynced:
            self._file.synced.apply(write)
        self._file.unsynced.clear()

    def _write(self, write: Write) -> None:
        self._live.apply(write)
        self._file.unsynced.append(write)
        self._card.used_bytes[self._stream] = self._live.used_bytes


class SimulatedOutbox(Outbox):
    """The production outbox, with a card in the place of a folder."""

    def __init__(
        self,
        world: World,
        card: Card,
        box: str,
        edge_id: str,
        clock: BoxClock,
        budget: DiskBudget,
        watch: CardWatch,
        step: Step,
    ) -> None:
        self._box = box
        self._world, self._card, self._watch, self._step = world, card, watch, step
        stores: Any = {stream: self._open(edge_id, stream) for stream in Stream}
        super().__init__(Path("a folder that is not there"), edge_id, clock, budget, stores)
        self._boot_anchors = dict(card.boot_anchors)
        for stream, (epoch, calendar) in card.calendars.items():
            if epoch == stores[stream].epoch:
                self._calendars[stream] = calendar

    def _free_bytes(self, now: Instant) -> int:
        return self._card.free_bytes

    def anchor_boot(self) -> int:
        now = self._clock.now()
        anchor = now.wall_ms - now.monotonic_ms
        self._boot_anchors = self._card.boot_anchors = {**self._boot_anchors, self._clock.boot_id: anchor}
        return anchor

    async def _keep_calendars(self) -> None:
        self._card.calendars = {stream: (self[stream].epoch, one) for stream, one in self._calendars.items()}

    async def renew_epoch(self, stream: Stream) -> None:
        """Begin a new file; what the collector may lack is in it before it takes the old one's place."""
        old: Any = self._stores[stream]
        file = new_file(self._world, self._edge_id, stream)
        left = old.kept() if stream is Stream.JOURNAL else old.undelivered()
        carried = tuple(carried_over(left, file.synced.head, algorithm=algorithm_of(file.synced.epoch)))
        if carried:
            file.synced.apply(Stored(carried, carried[-1].chain_hash or file.synced.head))
        self._card.files[stream] = file
        store: Any = self._open(self._edge_id, stream)
        self._watch.renewed(old, store, carried)
        self._stores[stream] = store
        self._step("after the epoch was renewed")

    def _open(self, edge_id: str, stream: Stream) -> SimulatedStore:
        return SimulatedStore(self._card, self._box, edge_id, stream, self._watch, self._step)


_ResultT = TypeVar("_ResultT")


def carry_through(coroutine: Coroutine[Any, Any, _ResultT]) -> _ResultT:
    """Run a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: _ResultT = done.value
        return result
    raise AssertionError("a coroutine of the simulation waited for something")


def size_of(event: StoredEvent) -> int:
    return len(event.body) + ROW_BYTES
