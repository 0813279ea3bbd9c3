"""Planted bugs. Each is one mistake that somebody could make in the code of the uplink; the simulation must notice each.

A mutant takes the place of one method of a production class, or of the node that drives it, while a trial runs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from onebook_collector.ingest import book_uploads, decide
from onebook_collector.ingest.book_uploads import Booked, ReceivedUpload
from onebook_collector.ingest.decide import Decision, Outcome
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.bookkeeper import Bookkeeper
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.lookup import BookedLog
from onebook_edge.outbox import outbox as outbox_module
from onebook_edge.outbox import thinning
from onebook_edge.outbox.retention import DAY_MS
from onebook_edge.outbox.store import StoredEvent
from onebook_edge.uplink.machine import (
    AckReceived,
    HaltReason,
    Load,
    Loaded,
    UplinkMachine,
    UplinkOutput,
)
from onebook_schemas.chain import HashAlgorithm, chain_heads
from onebook_schemas.encoding import decode_upload, encode_upload
from onebook_schemas.uplink import Ack, Stream, Upload, UploadHeader
from tests.simulation import collector_node, disk
from tests.simulation.collector_node import CollectorNode
from tests.simulation.disk import Dropped, SimulatedOutbox, SimulatedStore, size_of
from tests.simulation.edge_node import EdgeNode

CAUGHT_WITHIN = 100
"""Seeds, from seed 0. A mutant whose case seeds meet too seldom names the scenario that catches it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    name: str
    mistake: str
    places: tuple[tuple[Any, str], ...]
    instead: Callable[..., Any]
    caught_by: str | None

    @contextlib.contextmanager
    def planted(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for owner, attribute in self.places:
                stack.enter_context(mock.patch.object(owner, attribute, self.instead))
            yield


MUTANTS: dict[str, Mutant] = {}
_InsteadT = Callable[..., Any]


def instead_of(owner: Any, attribute: str, *, caught_by: str | None = None) -> Callable[[_InsteadT], _InsteadT]:
    """Register a function under its own name; its docstring is the mistake."""

    def register(instead: _InsteadT) -> _InsteadT:
        name = instead.__name__
        MUTANTS[name] = Mutant(name, instead.__doc__ or "", ((owner, attribute),), instead, caught_by)
        return instead

    return register


def _claim(header: UploadHeader, accepted_through: int) -> Ack:
    return Ack(
        epoch=header.epoch,
        stream=header.stream,
        first_sequence=header.first_sequence,
        accepted_through=accepted_through,
    )


# The edge's machine ---------------------------------------------------------------------------------------------

_take_ack, _take_loaded = UplinkMachine._take_ack, UplinkMachine._take_loaded
_wake, _load = UplinkMachine._wake, UplinkMachine._load
_Outputs = list[UplinkOutput]


@instead_of(UplinkMachine, "_take_ack")
def rewinds_ignored(self: UplinkMachine, ack: Ack, now_ms: int) -> _Outputs:
    """An ack that lies before what is delivered changes nothing."""
    return [] if ack.accepted_through < self._lanes[ack.stream].delivered else _take_ack(self, ack, now_ms)


@instead_of(UplinkMachine, "_take_ack")
def any_ack_heard(self: UplinkMachine, ack: Ack, now_ms: int) -> _Outputs:
    """An ack for an older upload is taken for this one's."""
    flying = self._lanes[ack.stream].in_flight
    first = flying.header.first_sequence if flying else ack.first_sequence
    return _take_ack(self, ack.model_copy(update={"first_sequence": first}), now_ms)


@instead_of(UplinkMachine, "_take_ack")
def any_epoch_heard(self: UplinkMachine, ack: Ack, now_ms: int) -> _Outputs:
    """An ack for an earlier card is taken for this one's."""
    return _take_ack(self, ack.model_copy(update={"epoch": self._lanes[ack.stream].epoch}), now_ms)


@instead_of(UplinkMachine, "_take_ack")
def any_answer_delivers(self: UplinkMachine, ack: Ack, now_ms: int) -> _Outputs:
    """Whatever the cursor in it says, an answer to the upload in flight counts as delivery."""
    flying = self._lanes[ack.stream].in_flight
    if flying is not None and ack.first_sequence == flying.header.first_sequence:
        ack = _claim(flying.header, max(ack.accepted_through, flying.header.last_sequence))
    return _take_ack(self, ack, now_ms)


@instead_of(UplinkMachine, "_wake")
def never_sent_again(self: UplinkMachine, now_ms: int) -> _Outputs:
    """What was sent once is not sent again."""
    for lane in self._lanes.values():
        if lane.in_flight is not None:
            lane.due_at = None
    return _wake(self, now_ms)


@instead_of(UplinkMachine, "_load", caught_by="collector_is_restored")
def never_probes(self: UplinkMachine, lane: Any, events_max: int) -> Load:
    """An idle edge says nothing."""
    load = _load(self, lane, events_max)
    return load if events_max else replace(load, after=-1)  # An answer that the lane will not take.


@instead_of(UplinkMachine, "_take_loaded", caught_by="thinned_event_begins_before_the_cursor")
def thinned_event_is_a_hole(self: UplinkMachine, lane: Any, loaded: Loaded, now_ms: int) -> _Outputs:
    """An event that begins before the cursor is taken for a hole in history."""
    if loaded.events and loaded.events[0].sequence <= loaded.after:
        return [self._halt(lane, HaltReason.HISTORY_GONE, loaded.after)]
    return _take_loaded(self, lane, loaded, now_ms)


@instead_of(UplinkMachine, "_take_loaded", caught_by="restore_asks_for_the_journal_where_it_is_gone")
def unknown_hash_sent(self: UplinkMachine, lane: Any, loaded: Loaded, now_ms: int) -> _Outputs:
    """An upload is sent although the hash before it is not known: nobody can check it, nobody answers."""
    return _take_loaded(self, lane, replace(loaded, chain_before=loaded.chain_before or bytes(32)), now_ms)


@instead_of(UplinkMachine, "_take_loaded", caught_by="old_copy_measures_while_it_learns")
def end_of_old_epoch_believed(self: UplinkMachine, lane: Any, loaded: Loaded, now_ms: int) -> _Outputs:
    """What was said of an epoch that is put aside holds for the new one: it is asked for again and again."""
    told = lane.last
    outputs = _take_loaded(self, lane, loaded, now_ms)
    lane.last = max(lane.last, told)
    return outputs


# The edge's outbox, and what drives it --------------------------------------------------------------------------

_bytes_of = EdgeNode._bytes_of
_thin = thinning.thin


@instead_of(EdgeNode, "hear_receipt")
def advance_on_puback(self: EdgeNode, body: bytes) -> None:
    """The broker's receipt counts as delivery."""
    header = decode_upload(body).header
    self._tell(AckReceived(_claim(header, header.last_sequence)))


@instead_of(EdgeNode, "_bytes_of")
def resend_written_anew(self: EdgeNode, upload: Upload) -> bytes:
    """A resend is serialised again, and the same JSON is not the same bytes."""
    if self._encoded.get(upload.header.stream, (None, b""))[0] is upload:
        with contextlib.suppress(ValueError):
            lines = tuple(json.dumps(json.loads(line)).encode() for line in upload.lines)
            return encode_upload(replace(upload, lines=lines))
    return _bytes_of(self, upload)


@instead_of(SimulatedStore, "sync")
def nothing_synced(self: SimulatedStore) -> None:
    """A commit does not wait for the disk: a sequence that people were told is given again after a power cut."""


@instead_of(SimulatedStore, "load")
async def telemetry_sent_unsynced(
    self: SimulatedStore, after: int, events_max: int, bytes_max: int
) -> tuple[StoredEvent, ...]:
    """Telemetry is sent before it is on the disk."""
    at = self._live.behind(after)
    return tuple(self._live.events[sequence] for sequence in self._live.order[at : at + events_max])


@instead_of(SimulatedStore, "drop_delivered")
async def undelivered_dropped(self: SimulatedStore, keep_bytes: int, aged_through: int) -> int:
    """Retention deletes what waits."""
    gone: list[StoredEvent] = []
    for event in self.kept():
        if self.usage.used_bytes - sum(map(size_of, gone)) <= keep_bytes:
            break
        gone.append(event)
    return _drop(self, gone, keep_bytes)


@instead_of(SimulatedStore, "drop_delivered")
async def all_delivered_dropped(self: SimulatedStore, keep_bytes: int, aged_through: int) -> int:
    """Retention deletes the event at the cursor too: the chain has nothing to go on from."""
    gone = [event for event in self.kept() if event.through <= self.position.delivered_through]
    return _drop(self, gone if self.usage.used_bytes > keep_bytes else [], keep_bytes=0)  # How much goes is no mistake.


def _drop(store: SimulatedStore, gone: Sequence[StoredEvent], keep_bytes: int) -> int:
    if gone:
        store._write(Dropped(tuple(event.sequence for event in gone)))
        store._watch.dropped(store, gone, keep_bytes)
    return len(gone)


@instead_of(SimulatedOutbox, "make_room", caught_by="clock_was_in_1970_and_leaps_years_ahead")
async def aged_by_the_wall_clock(self: SimulatedOutbox) -> None:
    """Delivered events go by what the wall clock said when they were captured, and says now."""
    before_ms = self._clock.now().wall_ms - self._budget.retain_days * DAY_MS
    store: Any = self[Stream.JOURNAL]
    old = [event for event in store.kept() if json.loads(event.body)["wall_ms"] < before_ms]
    await store.drop_delivered(1 << 60, max((event.through for event in old), default=0))


@instead_of(outbox_module, "thin")
def thinning_forgets_the_count(events: Sequence[StoredEvent]) -> Any:
    """How many samples were dropped is not told."""
    thinned = _thin(events)
    return replace(thinned, fact=thinned.fact.model_copy(update={"samples_dropped": 0}))


@instead_of(outbox_module, "thin")
def thinning_forgets_the_extremes(events: Sequence[StoredEvent]) -> Any:
    """The peak that mattered is gone."""
    thinned = _thin(events)
    return replace(thinned, fact=thinned.fact.model_copy(update={"extremes": ()}))


@instead_of(SimulatedOutbox, "_told_refusals")
def refusals_untold(self: SimulatedOutbox, sequence: int) -> list[Any]:
    """Samples that there was no room for are not told."""
    return []


@instead_of(disk, "carried_over", caught_by="acks_of_another_life_reach_an_old_copy")
def epoch_leaves_events_behind(events: Sequence[StoredEvent], head: bytes, **_: Any) -> list[StoredEvent]:
    """A new epoch begins empty, whatever the collector lacks of the old one."""
    return []


# The collector --------------------------------------------------------------------------------------------------

_decide_journal, _decide_telemetry, _ack_for = decide.decide_journal, decide.decide_telemetry, decide.ack_for
_book = CollectorNode._book
_open_log = BookState.open_log


@instead_of(BookState, "open_log")
def algorithm_forgotten(
    self: BookState, key: LogKey, received_ms: int, algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> BookedLog:
    """Every log is begun with SHA-256, whatever its edge says."""
    return _open_log(self, key, received_ms)


def _as_if_new(cursor: Cursor, upload: Upload) -> Cursor:
    head = bytes.fromhex(upload.header.chain_before or "")
    return replace(cursor, accepted_through=upload.header.first_sequence - 1, head=head)


@instead_of(book_uploads, "decide_journal")
def duplicates_taken(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    """What the book holds is booked again."""
    known = upload.header.first_sequence <= cursor.accepted_through and not upload.is_probe
    return _decide_journal(_as_if_new(cursor, upload) if known else cursor, upload, *rest)


@instead_of(book_uploads, "decide_journal")
def gaps_jumped(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    """An upload beyond the cursor is taken."""
    beyond = upload.header.first_sequence > cursor.accepted_through + 1 and not upload.is_probe
    return _decide_journal(_as_if_new(cursor, upload) if beyond else cursor, upload, *rest)


@instead_of(collector_node, "decide_telemetry")
def telemetry_gaps_jumped(cursor: Cursor, upload: Upload) -> Any:
    """Telemetry beyond the cursor is taken."""
    beyond = upload.header.first_sequence > cursor.accepted_through + 1 and not upload.is_probe
    return _decide_telemetry(_as_if_new(cursor, upload) if beyond else cursor, upload)


@instead_of(book_uploads, "decide_journal", caught_by="bytes_change_on_the_way")
def chain_unchecked(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    """What comes next in number is taken, whatever its hash."""
    if not upload.is_probe and upload.header.first_sequence == cursor.accepted_through + 1:
        after = chain_heads(cursor.head, upload.lines, algorithm=cursor.algorithm)[-1]
        hashes = {"chain_before": cursor.head.hex(), "chain_after": after.hex()}
        upload = replace(upload, header=upload.header.model_copy(update=hashes))
    return _decide_journal(cursor, upload, *rest)


@instead_of(book_uploads, "decide_journal")
def quarantine_stops_the_cursor(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    """A bad event blocks what is behind it."""
    decision = _decide_journal(cursor, upload, *rest)
    bad = [position for position, event in enumerate(decision.fresh) if event.refusal is not None]
    if not bad:
        return decision
    good = decision.fresh[: bad[0]]
    if not good:
        return Decision(Outcome.GAP, cursor.accepted_through, cursor.head)
    return replace(decision, fresh=good, accepted_through=good[-1].sequence, head=good[-1].chain_hash)


@instead_of(book_uploads, "decide_journal")
def refused_events_dropped(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    """A bad event is thrown away."""
    decision = _decide_journal(cursor, upload, *rest)
    good = tuple(event for event in decision.fresh if event.refusal is None)
    return replace(decision, fresh=good) if good else decision


@instead_of(book_uploads, "ack_for")
def forks_answered(upload: Upload, outcome: Outcome, accepted_through: int, *rest: Any) -> Ack | None:
    """A log with two contents is answered like any other."""
    return _ack_for(upload, Outcome.DUPLICATE if outcome is Outcome.FORK else outcome, accepted_through, *rest)


@instead_of(Bookkeeper, "record_fork")
def forks_without_evidence(
    self: Bookkeeper, key: LogKey, upload_bytes: bytes, reason: str, received_ms: int
) -> None:  # fmt: skip
    """The other content is thrown away."""
    self._hold(self.open_log(key, received_ms), forked=True)


@instead_of(CollectorNode, "_book")
def ack_before_commit(self: CollectorNode, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
    """The ack leaves before the commit."""
    for one in uploads:
        if not one.upload.is_probe:
            self.answer(one.key, _claim(one.upload.header, one.upload.header.last_sequence))
    return _book(self, uploads)


@instead_of(CollectorNode, "_book")
def points_after_cursor(self: CollectorNode, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
    """Telemetry is written after the cursor has moved: a crash between loses it."""
    metrics, self.centre.metrics = self.centre.metrics, {}
    try:
        booked = _book(self, uploads)
    finally:
        fresh, self.centre.metrics = self.centre.metrics, metrics
    self.step("between the cursor and its points")
    for key, event in fresh.items():
        self.centre.metrics.setdefault(key, event)
    return booked
