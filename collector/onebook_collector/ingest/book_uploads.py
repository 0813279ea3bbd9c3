"""Book the uploads of many edges, inside one transaction of the ledger. Opens nothing: the book is handed in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onebook_collector.ingest.decide import (
    Outcome,
    Pace,
    TelemetryDecision,
    ack_for,
    decide_journal,
)
from onebook_collector.ledger.book import Book, Verdict, VerdictKind
from onebook_collector.ledger.cursor import FreshEvent, LogKey, TimeQuality
from onebook_schemas.chain import HashAlgorithm, hash_of
from onebook_schemas.uplink import Ack, Refused, Upload


@dataclass(frozen=True, slots=True)
class ReceivedUpload:
    """An upload, the bytes that it came in, and when."""

    upload: Upload
    message: bytes
    received_ms: int

    @property
    def key(self) -> LogKey:
        header = self.upload.header
        return LogKey(header.edge_id, header.epoch, header.stream)


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of one upload. `ack` is None when nothing may be answered."""

    received: ReceivedUpload
    outcome: Outcome
    ack: Ack | None
    verdicts: tuple[Verdict, ...] = ()
    fork_reason: str | None = None

    def noted_lines(self) -> Iterator[bytes]:
        """Journal events that were taken now and change no stock."""
        upload = self.received.upload
        for verdict in self.verdicts:
            if verdict.kind is VerdictKind.NOTED:
                yield upload.lines[verdict.sequence - upload.header.first_sequence]


class UnbookableEventError(Exception):
    """Booking itself failed on this event: our bug, met on one event. Its transaction is rolled back."""

    def __init__(self, sequence: int) -> None:
        super().__init__(f"booking failed on sequence {sequence}")
        self.sequence = sequence


def book_journal_upload(
    book: Book,
    received: ReceivedUpload,
    pace: Pace,
    unbookable: frozenset[int] = frozenset(),
    *,
    one_by_one: bool = False,
) -> Booked:
    """Decide and book. `unbookable` names sequences on which booking failed before: they go to quarantine.

    `one_by_one` finds such an event: it raises UnbookableEventError.
    """
    key, upload = received.key, received.upload
    cursor = book.cursor(key, upload.header.hash_algorithm)
    decision = decide_journal(cursor, upload, received.received_ms, lambda sequence: book.stored_hash(key, sequence))
    verdicts: Sequence[Verdict] = ()
    if decision.outcome in (Outcome.FRESH, Outcome.FORK):
        book.open_log(key, received.received_ms, cursor.algorithm)
    if decision.outcome is Outcome.FRESH:
        fresh = [_set_aside(event) if event.sequence in unbookable else event for event in decision.fresh]
        groups = [[event] for event in fresh] if one_by_one else [fresh]
        verdicts = [verdict for group in groups for verdict in _post(book, received, group, named=one_by_one)]
        newest_ms = max(cursor.last_event_ms, *(event.event_time_ms for event in fresh))
        _advance(book, received, decision.accepted_through, decision.head, newest_ms)
    elif decision.outcome is Outcome.FORK:
        book.record_fork(key, received.message, decision.fork_reason or "", received.received_ms)
    ack = ack_for(upload, decision.outcome, decision.accepted_through, _refusals(verdicts), pace)
    return Booked(received, decision.outcome, ack, tuple(verdicts), decision.fork_reason)


def book_telemetry_cursor(book: Book, received: ReceivedUpload, decision: TelemetryDecision, pace: Pace) -> Booked:
    """Move the cursor past telemetry whose points are in the metrics store already; keep what could not be read.

    The decision was made before this transaction: another collector may have moved the cursor since. It only goes forward, and
    what the other one has set aside is not set aside again.
    """
    key, accepted_through = received.key, decision.accepted_through
    verdicts: Sequence[Verdict] = ()
    if decision.outcome is Outcome.FRESH:
        cursor = book.cursor(key, received.upload.header.hash_algorithm)
        book.open_log(key, received.received_ms, cursor.algorithm)
        rest = [one for one in decision.unreadable if one[0] > cursor.accepted_through]
        if rest:
            unreadable = [_unreadable(*one, received.received_ms, cursor.algorithm) for one in rest]
            verdicts = book.post(key, book.site_of(key.edge_id), unreadable, received.received_ms)
        accepted_through = max(accepted_through, cursor.accepted_through)
        if accepted_through > cursor.accepted_through:
            _advance(book, received, accepted_through, cursor.head, cursor.last_event_ms)
    ack = ack_for(received.upload, decision.outcome, accepted_through, _refusals(verdicts), pace)
    return Booked(received, decision.outcome, ack, tuple(verdicts))


def _post(book: Book, received: ReceivedUpload, fresh: Sequence[FreshEvent], *, named: bool) -> Sequence[Verdict]:
    key = received.key
    try:
        return book.post(key, book.site_of(key.edge_id), fresh, received.received_ms)
    except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
        if named:
            raise UnbookableEventError(fresh[0].sequence) from error
        raise


def _advance(book: Book, received: ReceivedUpload, accepted_through: int, head: bytes, newest_ms: int) -> None:
    waiting = received.upload.header.waiting
    book.advance(received.key, accepted_through, head, newest_ms, received.received_ms, waiting=waiting)


def _set_aside(event: FreshEvent) -> FreshEvent:
    return event._replace(event=None, refusal="not booked: the collector failed on this event; see its log")


def _unreadable(sequence: int, line: bytes, reason: str, received_ms: int, algorithm: HashAlgorithm) -> FreshEvent:
    return FreshEvent(sequence, line, hash_of(line, algorithm), None, reason, received_ms, TimeQuality.UNKNOWN)


def _refusals(verdicts: Sequence[Verdict]) -> list[Refused]:
    return [
        Refused(sequence=verdict.sequence, reason=(verdict.reason or "")[:200])
        for verdict in verdicts
        if verdict.kind is VerdictKind.QUARANTINED
    ]
