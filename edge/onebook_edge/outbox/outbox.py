"""The outbox of a box: the journal and the telemetry, each in its file, within one disk budget."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from onebook_edge.clock import Clock, new_epoch
from onebook_edge.errors import OutboxBrokenError, OutboxFullError
from onebook_edge.logs import get_logger
from onebook_edge.machine import Instant
from onebook_edge.outbox.beside_files import read_boots, read_calendars, write_boots, write_calendars
from onebook_edge.outbox.retention import (
    Admission,
    DeliveryCalendar,
    DiskBudget,
    TelemetryRoom,
    headroom_bytes,
    journal_admission,
    journal_keep_bytes,
    journal_reserve,
    log_bytes,
    telemetry_room,
)
from onebook_edge.outbox.sqlite_store import SqliteStreamStore
from onebook_edge.outbox.store import EventDraft, StoredEvent, WrittenFact, carried_over
from onebook_edge.outbox.thinning import Thinned, gone, same_boot, thin
from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.envelope import JournalFact, TelemetryFact
from onebook_schemas.sensor_events import SamplesTaken, TelemetryThinned
from onebook_schemas.uplink import Stream

log = get_logger()

_CALENDAR_EVERY_MS = 3_600_000  # What a kill or a power cut may cost of the count: kept for longer, then.
_THIN_AT_ONCE = 200  # Events that become one.
_CARRY_AT_ONCE = 1_000
_BOOTS_KEPT = 32
_FREE_LOOK_MS = 1_000


class Outbox:
    """Open with `await Outbox.open(...)`. `on_appended(stream, through)` is called after each commit."""

    def __init__(
        self,
        folder: Path,
        edge_id: str,
        clock: Clock,
        budget: DiskBudget,
        stores: dict[Stream, SqliteStreamStore],
        algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    ) -> None:
        self.on_appended: Callable[[Stream, int], None] = lambda stream, through: None
        self.protected_through: Callable[[Stream], int] = lambda stream: 0  # What is in flight is left alone.
        self._folder, self._edge_id, self._clock, self._budget = folder, edge_id, clock, budget
        self._stores, self._algorithm = stores, algorithm
        self._gates = {stream: asyncio.Event() for stream in stores}  # Shut while a stream changes its file.
        for gate in self._gates.values():
            gate.set()
        self._free, self._free_until_ms, self._headroom = 0, 0, headroom_bytes(budget)
        self._refused_samples = 0
        self._refused_since_ms = 0
        self._boot_anchors = read_boots(folder / "boots.json")
        self._calendars = read_calendars(
            folder / "calendar.json", {each: store.epoch for each, store in stores.items()}
        )
        self._looked_at_ms: int | None = None
        self._calendar_due_ms = 0

    @classmethod
    async def open(
        cls,
        folder: Path,
        edge_id: str,
        clock: Clock,
        budget: DiskBudget | None = None,
        algorithm: HashAlgorithm = HashAlgorithm.SHA256,
    ) -> Outbox:
        """`algorithm` is what a new epoch is chained with; one that has begun keeps its own."""
        folder.mkdir(parents=True, exist_ok=True)
        for stream in Stream:
            _finish_renewal(folder, stream)
        budget = budget or DiskBudget()
        stores = {stream: await _open(folder / f"{stream}.db", edge_id, stream, budget, algorithm) for stream in Stream}
        for stream, store in stores.items():
            if store.algorithm is not algorithm:
                log.warning("chain_hash_stays", stream=stream, begun_with=store.algorithm, from_next_epoch_on=algorithm)
        return cls(folder, edge_id, clock, budget, stores, algorithm)

    def __getitem__(self, stream: Stream) -> SqliteStreamStore:
        return self._stores[stream]

    @property
    def boot_anchors(self) -> dict[str, int]:
        """Boot -> Unix milliseconds at monotonic zero, for boots whose clock became known."""
        return self._boot_anchors

    @property
    def used_bytes(self) -> int:
        return sum(store.used_bytes for store in self._stores.values())

    @property
    def budget_bytes(self) -> int:
        return self._budget.journal_bytes + self._budget.telemetry_bytes

    def budget_of(self, stream: Stream) -> int:
        """Bytes that this stream may take."""
        return _budget_of(stream, self._budget)

    def admission(self, stream: Stream) -> Admission:
        """Whether this stream takes events now."""
        now = self._clock.now()
        return self._telemetry_room(now).admission if stream is Stream.TELEMETRY else self._journal_admission(now)

    async def record(self, facts: Sequence[JournalFact]) -> range:
        """Put facts into the journal. When it returns they are on the disk; OutboxFullError: none of them is."""
        now = self._clock.now()
        if self._journal_admission(now) is Admission.REFUSE:
            raise OutboxFullError(
                "存储已满,未记账 / not recorded, the journal's space is used up",
                "请恢复网络或联系管理员后再作业 / restore the line or call the keeper before going on.",
            )
        if not (gate := self._gates[Stream.JOURNAL]).is_set():
            await gate.wait()
        sequences = await self._stores[Stream.JOURNAL].append([self._draft(fact, now) for fact in facts])
        self.on_appended(Stream.JOURNAL, sequences[-1])
        return sequences

    async def take(self, facts: Sequence[TelemetryFact | WrittenFact], at: Instant) -> None:
        """Put telemetry of this moment into its stream, or count it as refused when there is no room.

        That count is the first that is told when there is room again.
        """
        await self._gates[Stream.TELEMETRY].wait()
        store = self._stores[Stream.TELEMETRY]
        if self.admission(Stream.TELEMETRY) is Admission.REFUSE:
            self.count_refused(_samples_in(facts))
            return
        told = (*self._told_refusals(store.position.last_sequence + 1), *facts)
        drafts = [self._draft(fact, at) for fact in told]
        try:
            sequences = await store.append(drafts)
        except OutboxFullError:
            self.count_refused(_samples_in(facts))
            return
        self._refused_samples = 0
        self.on_appended(Stream.TELEMETRY, sequences[-1])

    async def load(self, stream: Stream, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        """Consecutive events behind `after`. Telemetry that is no longer kept is stood for by one event that says so."""
        events = await self._stores[stream].load(after, events_max, bytes_max)
        if stream is Stream.TELEMETRY and events and events[0].sequence > after + 1:
            thinned = gone(after, events[0])
            draft = _draft_like(thinned)
            events = (StoredEvent(after + 1, thinned.fact.through, draft.body(after + 1), None), *events)
        return events

    async def mark_delivered(self, stream: Stream, through: int) -> None:
        """Remember the collector's cursor; it may step back."""
        if through < self._stores[stream].position.delivered_through:
            self._calendars[stream] = self._calendars[stream].stepped_back(through)
            self._calendar_due_ms = 0
        await self._stores[stream].mark_delivered(through)

    async def make_room(self) -> None:
        """Let go what may go; called now and then, and before the disk is full. OutboxFullError: it is too full for that."""
        journal, telemetry = self._stores[Stream.JOURNAL], self._stores[Stream.TELEMETRY]
        now = self._clock.now()
        await self._carry_calendars_on(now)
        aged = {stream: calendar.aged_through(self._budget) for stream, calendar in self._calendars.items()}
        keep_bytes = journal_keep_bytes(self._budget, journal.used_bytes, self._free_bytes(now))
        await journal.drop_delivered(keep_bytes, aged[Stream.JOURNAL])
        room = self._telemetry_room(now)
        await telemetry.drop_delivered(room.keep_bytes, aged[Stream.TELEMETRY])
        thinning = True
        while thinning and telemetry.used_bytes > room.keep_bytes:
            thinning = await self._thin_some(telemetry)

    async def _carry_calendars_on(self, now: Instant) -> None:
        """Count the time that the box has run since it was looked at last: by the clock that nobody sets."""
        ran_ms = 0 if self._looked_at_ms is None else now.monotonic_ms - self._looked_at_ms
        self._looked_at_ms = now.monotonic_ms
        for stream, store in self._stores.items():
            before = self._calendars[stream]
            self._calendars[stream] = before.after(ran_ms, store.position.delivered_through, self._budget)
            if self._calendars[stream].delivered != before.delivered:
                self._calendar_due_ms = now.monotonic_ms
        if now.monotonic_ms >= self._calendar_due_ms:
            await self._keep_calendars()
            self._calendar_due_ms = now.monotonic_ms + _CALENDAR_EVERY_MS

    async def _keep_calendars(self) -> None:
        epochs = {stream: store.epoch for stream, store in self._stores.items()}
        try:
            await asyncio.to_thread(write_calendars, self._folder / "calendar.json", self._calendars, epochs)
        except OSError as error:
            log.warning("calendar_not_written", reason=str(error), effect="delivered events are kept for longer")

    async def renew_epoch(self, stream: Stream) -> None:
        """Begin a new epoch: the numbers of this one are used up at the collector, which knows more of it than we do.

        What the collector may lack goes along: of the journal all that is kept (an ack that was meant for the other life of
        this outbox may have marked it as delivered, and the book knows a movement by its id when it comes again), of
        telemetry what waits. The old file is put aside.
        """
        self._gates[stream].clear()  # What is recorded meanwhile waits for the new file.
        try:
            await self._change_file(stream)
        except BaseException as error:  # Also cancelled: the gate stays shut, and a new start finishes or undoes it.
            raise OutboxBrokenError(f"the file of the {stream} could not be changed: {error!r}") from error
        self._gates[stream].set()

    async def _change_file(self, stream: Stream) -> None:
        old, path = self._stores[stream], self._folder / f"{stream}.db"
        await old.settle()
        fresh = await _open(self._fresh(stream), self._edge_id, stream, self._budget, self._algorithm)
        after, head = 0, await fresh.chain_hash(0) or b""
        if stream is Stream.TELEMETRY:
            after = old.position.delivered_through
        while left := await old.load(after, _CARRY_AT_ONCE, 1 << 30):
            first = fresh.position.last_sequence + 1
            carried = carried_over(left, head, first_sequence=first, algorithm=fresh.algorithm)
            await fresh.adopt(carried)
            after, head = left[-1].through, carried[-1].chain_hash or head
        await fresh.close()
        await old.close()
        os.replace(path, self._folder / f"{stream}-{old.epoch}.old.db")
        os.replace(self._fresh(stream), path)
        log.warning("epoch_renewed", stream=stream, old_epoch=old.epoch)
        self._stores[stream] = await _open(path, self._edge_id, stream, self._budget, self._algorithm)
        self._calendars[stream] = DeliveryCalendar()  # Other numbers.

    def _fresh(self, stream: Stream) -> Path:
        return self._folder / f"{stream}.fresh.db"

    def anchor_boot(self) -> int:
        """Remember when this boot's monotonic clock stood at zero; call once the wall clock is synchronised."""
        now = self._clock.now()
        anchor = now.wall_ms - now.monotonic_ms
        self._boot_anchors[self._clock.boot_id] = anchor
        self._boot_anchors = dict(list(self._boot_anchors.items())[-_BOOTS_KEPT:])
        try:
            write_boots(self._folder / "boots.json", self._boot_anchors)
        except OSError as error:
            log.warning("boots_not_written", reason=str(error), effect="after a restart this boot's times stay unknown")
        return anchor

    async def prove(self) -> None:
        """Have each stream's thread answer. One that changes its file is left out: that takes as long as it takes."""
        for stream, store in self._stores.items():
            if self._gates[stream].is_set():
                await store.prove()

    async def close(self) -> None:
        await self._keep_calendars()
        for store in self._stores.values():
            await store.close()

    def _draft(self, fact: JournalFact | TelemetryFact | WrittenFact, at: Instant) -> EventDraft:
        body = fact.json if isinstance(fact, WrittenFact) else fact.model_dump_json(exclude_none=True).encode()
        return EventDraft(body, at, self._clock.boot_id, self._clock.synchronised())

    async def _thin_some(self, store: SqliteStreamStore) -> bool:
        """Make one event of the oldest ones that wait. False: nothing is left to thin."""
        after = max(store.position.delivered_through, self.protected_through(Stream.TELEMETRY))
        while True:
            events = await store.load(after, _THIN_AT_ONCE, 1 << 30)
            count = same_boot(events)
            if count > 1:
                break
            if count == len(events):
                return False
            after = events[0].through  # All of a boot that can give way has: the next boot's turn.
        events = events[:count]
        thinned = thin(events)
        await store.replace(events[0].sequence, events[-1].through, _draft_like(thinned))
        log.warning("telemetry_thinned", events=len(events), samples=thinned.fact.samples_dropped)
        return True

    def count_refused(self, samples: int) -> None:
        """Samples that could not be kept. Their number goes first when telemetry is taken again."""
        if samples and self._refused_samples == 0:
            self._refused_since_ms = self._clock.now().wall_ms
            log.error("telemetry_refused", used_bytes=self.used_bytes)
        self._refused_samples += samples

    def _told_refusals(self, sequence: int) -> list[TelemetryThinned]:
        if self._refused_samples == 0:
            return []
        return [
            TelemetryThinned(
                through=sequence,
                samples_dropped=self._refused_samples,
                events_dropped=1,
                from_wall_ms=self._refused_since_ms,
                until_wall_ms=self._clock.now().wall_ms,
            )
        ]

    def _journal_admission(self, now: Instant) -> Admission:
        return journal_admission(self._budget, self._stores[Stream.JOURNAL].used_bytes, self._free_bytes(now))

    def _telemetry_room(self, now: Instant) -> TelemetryRoom:
        journal, telemetry = (self._stores[stream].used_bytes for stream in (Stream.JOURNAL, Stream.TELEMETRY))
        free = self._free_bytes(now)
        return telemetry_room(self._budget, telemetry, free - journal_reserve(self._budget, journal, telemetry, free))

    def _free_bytes(self, now: Instant) -> int:
        """What may be filled with events. Looked up once a second: a disk that is full in between refuses by itself."""
        if now.monotonic_ms >= self._free_until_ms:
            disk, logs = os.statvfs(self._folder), sum(_size_of(self._folder / f"{stream}.db-wal") for stream in Stream)
            self._free = disk.f_bavail * disk.f_frsize + logs - self._headroom  # The logs are what it is for.
            self._free_until_ms = now.monotonic_ms + _FREE_LOOK_MS
        return self._free


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


async def _open(
    path: Path, edge_id: str, stream: Stream, budget: DiskBudget, algorithm: HashAlgorithm
) -> SqliteStreamStore:
    bound = log_bytes(_budget_of(stream, budget))
    return await SqliteStreamStore.open(path, edge_id, stream, new_epoch(), algorithm, log_bytes=bound)


def _budget_of(stream: Stream, budget: DiskBudget) -> int:
    return budget.journal_bytes if stream is Stream.JOURNAL else budget.telemetry_bytes


def _samples_in(facts: Sequence[TelemetryFact | WrittenFact]) -> int:
    written = sum(fact.samples for fact in facts if isinstance(fact, WrittenFact))
    taken = [fact for fact in facts if isinstance(fact, SamplesTaken)]
    return written + sum(len(series.values) for fact in taken for series in fact.series)


def _finish_renewal(folder: Path, stream: Stream) -> None:
    """A renewal that was interrupted: the new file is whole once the old one was put aside, and nothing before."""
    fresh, path = folder / f"{stream}.fresh.db", folder / f"{stream}.db"
    if not fresh.exists():
        return
    if not path.exists():
        os.replace(fresh, path)
        return
    for left in folder.glob(f"{fresh.name}*"):
        left.unlink()


def _draft_like(thinned: Thinned) -> EventDraft:
    """A draft that borrows the moment of the last event that it stands for."""
    last = thinned.last
    at = Instant(monotonic_ms=last.monotonic_ms, wall_ms=last.wall_ms)
    return EventDraft(
        thinned.fact.model_dump_json(exclude_none=True).encode(), at, last.boot_id, last.clock_synchronised
    )
