"""Planted bugs. Each is one mistake that somebody could make in the code of the uplink; the simulation must notice each.

A mutant replaces one method of a production class, or of the node that drives it, while a trial runs.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from onebook_collector.ingest import book_uploads, decide
from onebook_collector.ingest.book_uploads import Booked, ReceivedUpload
from onebook_collector.ingest.decide import Decision, Outcome
from onebook_collector.ledger.bookkeeper import Bookkeeper
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_edge.outbox import outbox as outbox_module
from onebook_edge.outbox.store import StoredEvent
from onebook_edge.uplink.machine import AckReceived, Loaded, UplinkMachine, UplinkOutput
from onebook_schemas.chain import chain_heads
from onebook_schemas.encoding import decode_upload, encode_upload
from onebook_schemas.uplink import Ack, Upload
from tests.simulation import disk, nodes
from tests.simulation.disk import Dropped, SimulatedOutbox, SimulatedStore
from tests.simulation.nodes import CollectorNode, EdgeNode

Swap = tuple[Any, str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """Noticed within so many seeds, from seed 0; or by a scenario, where seeds meet its case too seldom."""

    name: str
    mistake: str
    swaps: Sequence[Swap]
    caught_within: int = 100
    caught_by: str | None = None

    @contextlib.contextmanager
    def planted(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for owner, attribute, instead in self.swaps:
                stack.enter_context(mock.patch.object(owner, attribute, instead))
            yield


# The edge's machine ---------------------------------------------------------------------------------------------

_take_ack = UplinkMachine._take_ack
_take_loaded = UplinkMachine._take_loaded


def _ignores_rewinds(self: UplinkMachine, ack: Ack, now_ms: int) -> list[UplinkOutput]:
    lane = self._lanes[ack.stream]
    return [] if ack.accepted_through < lane.delivered else _take_ack(self, ack, now_ms)


def _hears_any_ack(self: UplinkMachine, ack: Ack, now_ms: int) -> list[UplinkOutput]:
    flying = self._lanes[ack.stream].in_flight
    if flying is not None:
        ack = ack.model_copy(update={"first_sequence": flying.header.first_sequence})
    return _take_ack(self, ack, now_ms)


def _hears_any_epoch(self: UplinkMachine, ack: Ack, now_ms: int) -> list[UplinkOutput]:
    return _take_ack(self, ack.model_copy(update={"epoch": self._lanes[ack.stream].epoch}), now_ms)


def _believes_delivered(self: UplinkMachine, ack: Ack, now_ms: int) -> list[UplinkOutput]:
    flying = self._lanes[ack.stream].in_flight
    if flying is not None and ack.first_sequence == flying.header.first_sequence:
        ack = ack.model_copy(update={"accepted_through": max(ack.accepted_through, flying.header.last_sequence)})
    return _take_ack(self, ack, now_ms)


def _never_resends(self: UplinkMachine, now_ms: int) -> list[UplinkOutput]:
    for lane in self._lanes.values():
        if lane.in_flight is not None:
            lane.due_at = None
    return _wake(self, now_ms)


_wake = UplinkMachine._wake
_connect = UplinkMachine._connect


def _never_probes(original: Callable[..., list[UplinkOutput]]) -> Callable[..., list[UplinkOutput]]:
    def without_probes(self: UplinkMachine, now_ms: int) -> list[UplinkOutput]:
        outputs = original(self, now_ms)
        kept = []
        for output in outputs:
            if getattr(output, "events_max", None) == 0:
                self._lanes[output.stream].loading = None
            else:
                kept.append(output)
        return kept

    return without_probes


def _skips_what_was_thinned(self: UplinkMachine, lane: Any, loaded: Loaded, now_ms: int) -> list[UplinkOutput]:
    """As the machine was before the simulation: an event that begins before the cursor was taken for a hole."""
    if loaded.events and loaded.events[0].sequence <= loaded.after:
        return [self._halt(lane, nodes.HaltReason.HISTORY_GONE, loaded.after)]
    return _take_loaded(self, lane, loaded, now_ms)


def _believes_what_it_was_told(self: UplinkMachine, lane: Any, loaded: Loaded, now_ms: int) -> list[UplinkOutput]:
    """As the machine was before the simulation: where the outbox had no more events, it asked again and again."""
    told = lane.last
    outputs = _take_loaded(self, lane, loaded, now_ms)
    lane.last = max(lane.last, told)
    return outputs


def _sends_without_a_chain(self: UplinkMachine, lane: Any, loaded: Loaded, now_ms: int) -> list[UplinkOutput]:
    """As the machine was before the simulation: an upload whose first hash is not known was sent, and never answered."""
    known = replace(loaded, chain_before=loaded.chain_before or bytes(32))
    return _take_loaded(self, lane, known, now_ms)


# The edge's outbox and what drives it ---------------------------------------------------------------------------


def _believes_the_broker(self: EdgeNode, body: bytes) -> None:
    header = decode_upload(body).header
    ack = Ack(
        epoch=header.epoch,
        stream=header.stream,
        first_sequence=header.first_sequence,
        accepted_through=header.last_sequence,
    )
    self._tell(AckReceived(ack))


def _writes_anew(self: EdgeNode, upload: Upload) -> bytes:
    first = self._encoded.get(upload.header.stream, (None, b""))[0]
    if first is not upload:
        return _bytes_of(self, upload)
    with contextlib.suppress(ValueError):
        lines = tuple(json.dumps(json.loads(line)).encode() for line in upload.lines)
        return encode_upload(replace(upload, lines=lines))
    return _bytes_of(self, upload)


_bytes_of = EdgeNode._bytes_of


def _forgets_to_sync(self: SimulatedStore) -> None:
    """Everything waits for the system to write it some day."""


async def _loads_unsynced(self: SimulatedStore, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
    at = self._live.behind(after)
    return tuple(self._live.events[sequence] for sequence in self._live.order[at : at + events_max])


async def _drops_anything(self: SimulatedStore, keep_bytes: int, delivered_before_ms: int) -> int:
    gone = []
    left = self._live.used_bytes
    for event in self.kept():
        if left <= keep_bytes:
            break
        gone.append(event)
        left -= len(event.body) + disk.ROW_BYTES
    if gone:
        self._write(Dropped(tuple(event.sequence for event in gone)))
        self._watch.dropped(self, gone)
    return len(gone)


async def _drops_all_delivered(self: SimulatedStore, keep_bytes: int, delivered_before_ms: int) -> int:
    gone = [event for event in self.kept() if event.through <= self._live.delivered]
    if gone and self._live.used_bytes > keep_bytes:
        self._write(Dropped(tuple(event.sequence for event in gone)))
        self._watch.dropped(self, gone)
    return len(gone)


_thin = outbox_module.thin


def _forgets_the_count(events: Sequence[StoredEvent]) -> Any:
    thinned = _thin(events)
    return replace(thinned, fact=thinned.fact.model_copy(update={"samples_dropped": 0}))


def _forgets_the_extremes(events: Sequence[StoredEvent]) -> Any:
    thinned = _thin(events)
    return replace(thinned, fact=thinned.fact.model_copy(update={"extremes": ()}))


def _never_tells(self: SimulatedOutbox, sequence: int) -> list[Any]:
    return []


def _carries_nothing(events: Sequence[StoredEvent], head: bytes) -> list[StoredEvent]:
    return []


# The collector --------------------------------------------------------------------------------------------------

_decide_journal = decide.decide_journal
_decide_telemetry = decide.decide_telemetry


def _as_if_new(cursor: Cursor, upload: Upload) -> Cursor:
    return replace(
        cursor,
        accepted_through=upload.header.first_sequence - 1,
        head=bytes.fromhex(upload.header.chain_before or ""),
    )


def _takes_duplicates(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    known = upload.header.first_sequence <= cursor.accepted_through and not upload.is_probe
    return _decide_journal(_as_if_new(cursor, upload) if known else cursor, upload, *rest)


def _jumps_gaps(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    beyond = upload.header.first_sequence > cursor.accepted_through + 1 and not upload.is_probe
    return _decide_journal(_as_if_new(cursor, upload) if beyond else cursor, upload, *rest)


def _jumps_telemetry_gaps(cursor: Cursor, upload: Upload) -> Any:
    beyond = upload.header.first_sequence > cursor.accepted_through + 1 and not upload.is_probe
    return _decide_telemetry(_as_if_new(cursor, upload) if beyond else cursor, upload)


def _checks_no_chain(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    if not upload.is_probe and upload.header.first_sequence == cursor.accepted_through + 1:
        heads = chain_heads(cursor.head, upload.lines)
        header = upload.header.model_copy(
            update={"chain_before": cursor.head.hex(), "chain_after": heads[-1].hex()}
        )  # fmt: skip
        upload = replace(upload, header=header)
    return _decide_journal(cursor, upload, *rest)


def _stops_at_refusals(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    decision = _decide_journal(cursor, upload, *rest)
    good = []
    for event in decision.fresh:
        if event.refusal is not None:
            break
        good.append(event)
    if len(good) == len(decision.fresh):
        return decision
    if not good:
        return Decision(Outcome.GAP, cursor.accepted_through, cursor.head)
    return replace(
        decision, fresh=tuple(good), accepted_through=good[-1].sequence, head=good[-1].chain_hash
    )  # fmt: skip


def _drops_refusals(cursor: Cursor, upload: Upload, *rest: Any) -> Decision:
    decision = _decide_journal(cursor, upload, *rest)
    good = tuple(event for event in decision.fresh if event.refusal is None)
    return replace(decision, fresh=good) if good else decision


def _answers_forks(upload: Upload, outcome: Outcome, accepted_through: int, *rest: Any) -> Ack | None:
    return _ack_for(upload, Outcome.DUPLICATE if outcome is Outcome.FORK else outcome, accepted_through, *rest)


_ack_for = decide.ack_for
_book = CollectorNode._book


def _answers_before_the_commit(self: CollectorNode, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
    for one in uploads:
        header = one.upload.header
        if not one.upload.is_probe:
            ack = Ack(
                epoch=header.epoch,
                stream=header.stream,
                first_sequence=header.first_sequence,
                accepted_through=header.last_sequence,
            )
            self.answer(one.key, ack)
    return _book(self, uploads)


def _keeps_no_evidence(self: Bookkeeper, key: LogKey, upload_bytes: bytes, reason: str, received_ms: int) -> None:
    self._hold(self.open_log(key, received_ms), forked=True)


def _writes_points_late(self: CollectorNode, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
    """The points follow the cursor: a crash between loses them."""
    metrics, self.centre.metrics = self.centre.metrics, {}
    try:
        booked = _book(self, uploads)
    finally:
        fresh, self.centre.metrics = self.centre.metrics, metrics
    self.step("between the cursor and its points")
    for key, event in fresh.items():
        self.centre.metrics.setdefault(key, event)
    return booked


MUTANTS: Mapping[str, Mutant] = {
    mutant.name: mutant
    for mutant in (
        Mutant(
            "advance_on_puback",
            "the broker's receipt counts as delivery",
            [(EdgeNode, "hear_receipt", _believes_the_broker)],
        ),
        Mutant(
            "advance_on_any_answer",
            "whatever an ack says, the upload in flight counts as delivered",
            [(UplinkMachine, "_take_ack", _believes_delivered)],
        ),
        Mutant(
            "rewinds_ignored",
            "an ack that lies before the upload changes nothing",
            [(UplinkMachine, "_take_ack", _ignores_rewinds)],
        ),
        Mutant(
            "any_ack_heard",
            "an ack for an older upload is taken for this one",
            [(UplinkMachine, "_take_ack", _hears_any_ack)],
        ),
        Mutant(
            "epoch_ignored",
            "an ack for an earlier card is taken for this one",
            [(UplinkMachine, "_take_ack", _hears_any_epoch)],
        ),
        Mutant("no_resend", "what was sent once is not sent again", [(UplinkMachine, "_wake", _never_resends)]),
        Mutant(
            "no_probe",
            "an idle edge says nothing",
            [(UplinkMachine, "_wake", _never_probes(_wake)), (UplinkMachine, "_connect", _never_probes(_connect))],
        ),
        Mutant(
            "thinned_event_skipped",
            "an event that begins before the cursor is taken for a hole",
            [(UplinkMachine, "_take_loaded", _skips_what_was_thinned)],
            caught_by="thinned_event_begins_before_the_cursor",
        ),
        Mutant(
            "chain_start_unknown",
            "an upload is sent although the hash before it is not known",
            [(UplinkMachine, "_take_loaded", _sends_without_a_chain)],
            caught_by="restore_asks_for_the_journal_where_it_is_gone",
        ),
        Mutant(
            "end_of_old_epoch_believed",
            "what was said of an epoch that is put aside holds for the new one",
            [(UplinkMachine, "_take_loaded", _believes_what_it_was_told)],
            caught_by="old_copy_measures_while_it_learns",
        ),
        Mutant("resend_written_anew", "a resend is serialised again", [(EdgeNode, "_bytes_of", _writes_anew)]),
        Mutant("nothing_synced", "a commit does not wait for the disk", [(SimulatedStore, "sync", _forgets_to_sync)]),
        Mutant(
            "telemetry_sent_unsynced",
            "telemetry is sent before it is on the disk",
            [(SimulatedStore, "load", _loads_unsynced)],
        ),
        Mutant(
            "undelivered_dropped",
            "retention deletes what waits",
            [(SimulatedStore, "drop_delivered", _drops_anything)],
        ),
        Mutant(
            "all_delivered_dropped",
            "retention deletes the event at the cursor too",
            [(SimulatedStore, "drop_delivered", _drops_all_delivered)],
        ),
        Mutant("thinning_without_count", "thinning forgets the count", [(outbox_module, "thin", _forgets_the_count)]),
        Mutant(
            "thinning_without_extremes", "thinning forgets extremes", [(outbox_module, "thin", _forgets_the_extremes)]
        ),
        Mutant("refusals_untold", "refused samples are not told", [(SimulatedOutbox, "_told_refusals", _never_tells)]),
        Mutant(
            "epoch_leaves_events_behind",
            "a new epoch begins empty, whatever still waited in the old one",
            [(disk, "carried_over", _carries_nothing)],
            caught_by="acks_of_another_life_reach_an_old_copy",
        ),
        Mutant(
            "ack_before_commit",
            "the ack leaves before the commit",
            [(CollectorNode, "_book", _answers_before_the_commit)],
        ),
        Mutant(
            "points_after_cursor",
            "telemetry is written after the cursor has moved",
            [(CollectorNode, "_book", _writes_points_late)],
        ),
        Mutant(
            "duplicates_taken",
            "what the book holds is booked again",
            [(book_uploads, "decide_journal", _takes_duplicates)],
        ),
        Mutant(
            "cursor_jumps_gaps",
            "an upload beyond the cursor is taken",
            [(book_uploads, "decide_journal", _jumps_gaps)],
        ),
        Mutant(
            "telemetry_jumps_gaps",
            "telemetry beyond the cursor is taken",
            [(nodes, "decide_telemetry", _jumps_telemetry_gaps)],
        ),
        Mutant(
            "chain_unchecked",
            "the chain is not checked",
            [(book_uploads, "decide_journal", _checks_no_chain)],
            caught_by="bytes_change_on_the_way",
        ),
        Mutant(
            "quarantine_stops_the_cursor",
            "a bad event blocks what is behind it",
            [(book_uploads, "decide_journal", _stops_at_refusals)],
        ),
        Mutant("refused_dropped", "a bad event is thrown away", [(book_uploads, "decide_journal", _drops_refusals)]),
        Mutant("fork_answered", "a forked log is answered", [(book_uploads, "ack_for", _answers_forks)]),
        Mutant(
            "fork_without_evidence",
            "the other content is thrown away",
            [(Bookkeeper, "record_fork", _keeps_no_evidence)],
        ),
    )
}
