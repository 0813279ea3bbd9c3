"""What to do with an upload. Pure: duplicates end here, forks are found here, gaps are answered here.

Theory of operation. The cursor of a log says what is committed. Against it an upload is one of six things:

  damaged    its events do not give the hash that it states itself: changed on the way. Answer nothing; it will be sent again.
  gap        begins beyond the cursor + 1: we lost history (restored backup). Store nothing, answer with our cursor, so that
             the edge steps back.
  fork       its chain does not continue, or does not repeat, what is stored: a cloned card, or a stolen key. Store the
             bytes as evidence, answer nothing, until a person decides.
  duplicate  all of it is committed. Answer again.
  fresh      begins at the cursor + 1.
  overlap    begins at or before the cursor and ends beyond it: what is committed is skipped, the rest is fresh.

An event that cannot be read is fresh too: it carries its refusal and moves the cursor like any other.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from onebook_collector.clock import EARLIEST_CLAIM_MS
from onebook_collector.ledger.cursor import Cursor, FreshEvent, TimeQuality
from onebook_schemas.chain import chain_heads
from onebook_schemas.encoding import explain
from onebook_schemas.envelope import JournalEvent, TelemetryEvent, journal_event_of, telemetry_event_of
from onebook_schemas.uplink import Ack, Refused, Upload


class Outcome(enum.StrEnum):
    FRESH = "fresh"
    DUPLICATE = "duplicate"
    GAP = "gap"
    FORK = "fork"
    DAMAGED = "damaged"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Pace:
    """What the collector asks of the fleet when a whole province comes back at once."""

    pace_ms: int = 0
    upload_events_max: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from an upload. `accepted_through` and `head` are the cursor after it."""

    outcome: Outcome
    accepted_through: int
    head: bytes
    fresh: tuple[FreshEvent, ...] = ()
    fork_reason: str | None = None


def decide_journal(
    cursor: Cursor, upload: Upload, received_ms: int, stored_hash: Callable[[int], bytes | None]
) -> Decision:
    """Split a journal upload into what is new and what the book already holds.

    `stored_hash(sequence)` gives the chain hash of a committed entry; it is asked only when an upload lies wholly below
    the cursor.
    """
    header = upload.header
    if cursor.forked:
        return _fork(cursor, "this log is held until a person decides")
    if header.hash_algorithm is not cursor.algorithm:
        return _fork(cursor, f"this log is chained with {cursor.algorithm}, and now says {header.hash_algorithm}")
    if header.first_sequence > cursor.accepted_through + 1:
        return Decision(Outcome.GAP, cursor.accepted_through, cursor.head)
    if upload.is_probe:
        return _judge_probe(cursor, upload, stored_hash)
    heads = chain_heads(bytes.fromhex(header.chain_before or ""), upload.lines, algorithm=cursor.algorithm)
    if header.chain_before is None or heads[-1].hex() != header.chain_after:
        return Decision(Outcome.DAMAGED, cursor.accepted_through, cursor.head)
    known = cursor.accepted_through - header.first_sequence + 1  # Events of this upload that are committed already.
    if known >= len(heads):
        same = stored_hash(header.last_sequence) == heads[-1]
        duplicate = Decision(Outcome.DUPLICATE, cursor.accepted_through, cursor.head)
        return duplicate if same else _fork(cursor, f"other content for sequence {header.last_sequence}")
    joint = heads[known - 1] if known > 0 else bytes.fromhex(header.chain_before)
    if joint != cursor.head:
        return _fork(cursor, f"the chain does not continue at sequence {cursor.accepted_through}")
    return _take_fresh(cursor, upload, heads, known, received_ms)


def ack_for(
    upload: Upload, outcome: Outcome, accepted_through: int, refused: Sequence[Refused] = (), pace: Pace = Pace()
) -> Ack | None:
    """The answer to an upload; None for one that was damaged on the way, and while a fork waits for a person.

    Refusals are named once, in the ack that follows the commit: a resent upload is not judged again.
    """
    if outcome in (Outcome.FORK, Outcome.DAMAGED):
        return None
    return Ack(
        epoch=upload.header.epoch,
        stream=upload.header.stream,
        first_sequence=upload.header.first_sequence,
        accepted_through=accepted_through,
        refused=tuple(refused),
        pace_ms=pace.pace_ms,
        upload_events_max=pace.upload_events_max,
    )


@dataclass(frozen=True, slots=True)
class TelemetryDecision:
    """What follows from a telemetry upload. Unreadable events are counted by reason and kept by the caller."""

    outcome: Outcome
    accepted_through: int
    fresh: tuple[TelemetryEvent, ...] = ()
    unreadable: tuple[tuple[int, bytes, str], ...] = ()  # sequence, bytes, reason


def decide_telemetry(cursor: Cursor, upload: Upload) -> TelemetryDecision:
    """Split a telemetry upload. There is no chain here: thinning replaces events, and points are keyed by their source."""
    header = upload.header
    if header.first_sequence > cursor.accepted_through + 1:
        return TelemetryDecision(Outcome.GAP, cursor.accepted_through)
    if upload.is_probe:
        return TelemetryDecision(Outcome.PROBE, cursor.accepted_through)
    if header.last_sequence <= cursor.accepted_through:
        return TelemetryDecision(Outcome.DUPLICATE, cursor.accepted_through)
    fresh, unreadable = [], []
    for sequence, line, event, reason in _telemetry_events(upload):
        if event is None:
            if sequence > cursor.accepted_through:
                unreadable.append((sequence, line, reason))
        elif event.through > cursor.accepted_through:
            fresh.append(event)
    return TelemetryDecision(Outcome.FRESH, header.last_sequence, tuple(fresh), tuple(unreadable))


def _judge_probe(cursor: Cursor, upload: Upload, stored_hash: Callable[[int], bytes | None]) -> Decision:
    """A probe ends where it begins; its chain head must be one that the book holds."""
    header = upload.header
    if header.chain_before is not None:
        at = header.first_sequence - 1
        stored = cursor.head if at == cursor.accepted_through else stored_hash(at)
        if stored is not None and stored.hex() != header.chain_before:
            return _fork(cursor, f"a probe states another hash for sequence {at}")
    return Decision(Outcome.PROBE, cursor.accepted_through, cursor.head)


def _take_fresh(cursor: Cursor, upload: Upload, heads: list[bytes], known: int, received_ms: int) -> Decision:
    header, fresh, last_event_ms = upload.header, [], cursor.last_event_ms
    news = zip(upload.lines[known:], heads[known:], strict=True)
    for sequence, (line, head) in enumerate(news, header.first_sequence + known):
        event, refusal = _read_journal_event(line, sequence)
        event_time_ms, quality = _date_event(event, header.boot_anchors, last_event_ms, received_ms)
        if event_time_ms > last_event_ms:
            last_event_ms = event_time_ms
        fresh.append(FreshEvent(sequence, line, head, event, refusal, event_time_ms, quality))
    return Decision(Outcome.FRESH, header.last_sequence, heads[-1], tuple(fresh))


def _read_journal_event(line: bytes, sequence: int) -> tuple[JournalEvent | None, str | None]:
    try:
        event = journal_event_of(line)
    except ValidationError as error:
        return None, f"unreadable: {explain(error)}"
    if event.sequence != sequence:
        return None, f"unreadable: the event says sequence {event.sequence}, its place is {sequence}"
    return event, None


def _telemetry_events(upload: Upload) -> list[tuple[int, bytes, TelemetryEvent | None, str]]:
    """Each line with its sequence. An unreadable line is given the sequence after the one before it."""
    found: list[tuple[int, bytes, TelemetryEvent | None, str]] = []
    expected = upload.header.first_sequence
    for line in upload.lines:
        try:
            event = telemetry_event_of(line)
        except ValidationError as error:
            found.append((expected, line, None, f"unreadable: {explain(error)}"))
            expected += 1
            continue
        if event.sequence < expected or event.through > upload.header.last_sequence:
            found.append((expected, line, None, f"unreadable: sequence {event.sequence} is out of place"))
            expected += 1
            continue
        found.append((event.sequence, line, event, ""))
        expected = event.through + 1
    return found


def _date_event(
    event: JournalEvent | None, boot_anchors: dict[str, int], last_event_ms: int, received_ms: int
) -> tuple[int, TimeQuality]:
    """When it happened, and how far that can be believed."""
    if event is None:
        return received_ms, TimeQuality.UNKNOWN
    if event.clock_synchronised:
        return event.wall_ms, TimeQuality.SYNCED
    anchor = boot_anchors.get(event.boot_id)
    if anchor is not None:
        return anchor + event.monotonic_ms, TimeQuality.ESTIMATED
    if event.wall_ms >= EARLIEST_CLAIM_MS and last_event_ms <= event.wall_ms <= received_ms:
        return event.wall_ms, TimeQuality.UNKNOWN
    return received_ms, TimeQuality.UNKNOWN


def _fork(cursor: Cursor, reason: str) -> Decision:
    return Decision(Outcome.FORK, cursor.accepted_through, cursor.head, fork_reason=reason)
