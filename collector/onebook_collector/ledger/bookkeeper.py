"""The book's rules over its state: a verdict for each event. Both stores keep their books with this code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from onebook_collector.errors import NotFoundError
from onebook_collector.ledger.book import LedgerSettings, Verdict, VerdictKind
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.cursor import Cursor, FreshEvent, LogKey, TimeQuality
from onebook_collector.ledger.entry import Origin
from onebook_collector.ledger.judging import RepeatedError, StockFact, UnbookableError
from onebook_collector.ledger.lookup import BookedLog, Lookup
from onebook_collector.ledger.moving import book_goods, book_papers, book_reversal
from onebook_collector.ledger.stocktake import book_count
from onebook_schemas.chain import HashAlgorithm, chain_start
from onebook_schemas.stock_events import GoodsMoved, MovementReversed, PapersFollowed

EVENT_TIME_MAX = 253_402_300_799_999  # The last millisecond of the year 9999.
UNREADABLE = "unreadable"  # In place of the type of an event that could not be read.


class Bookkeeper(BookState):
    """A Book. See `book.Book` for the contract of the public methods."""

    def __init__(self, lookup: Lookup, settings: LedgerSettings) -> None:
        super().__init__(lookup)
        self.settings = settings

    def cursor(self, key: LogKey, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> Cursor:
        log = self.log(key)
        return log.cursor if log else Cursor(0, chain_start(*key, algorithm=algorithm), algorithm=algorithm)

    def post(self, key: LogKey, site_id: str | None, fresh: Sequence[FreshEvent], received_ms: int) -> list[Verdict]:
        log = self.open_log(key, received_ms)
        self.look_up_movements(_movement_ids(fresh))
        return [self._take(log, site_id, one, received_ms) for one in fresh]

    def advance(
        self,
        key: LogKey,
        accepted_through: int,
        head: bytes,
        last_event_ms: int,
        received_ms: int,
        *,
        waiting: int = 0,
    ) -> None:
        log = self.open_log(key, received_ms)
        if last_event_ms > EVENT_TIME_MAX:  # An impossible time says nothing about the events after it.
            last_event_ms = log.cursor.last_event_ms
        cursor = Cursor(accepted_through, head, log.cursor.forked, last_event_ms, log.cursor.algorithm)
        self.keep_log(log._replace(cursor=cursor, waiting=waiting, last_received_ms=received_ms))

    def _take(self, log: BookedLog, site_id: str | None, one: FreshEvent, received_ms: int) -> Verdict:
        """Judge one event and keep its envelope."""
        event_time, quality = one.event_time_ms, str(one.time_quality)
        verdict = None
        if not 0 <= event_time <= EVENT_TIME_MAX:
            verdict = _quarantine(one, f"impossible_time: {event_time} ms is no moment between 1970 and 9999")
            event_time, quality = received_ms, str(TimeQuality.UNKNOWN)
        elif one.event is None:
            verdict = _quarantine(one, one.refusal or UNREADABLE)
        else:
            origin = Origin(site_id, event_time, quality, received_ms, log, one.sequence, one.chain_hash)
            verdict = self._judge(one, origin)
        kind = one.event.fact.type if one.event else UNREADABLE
        self.rows.envelopes.append(
            (log.log_id, one.sequence, kind, one.body, one.chain_hash, event_time, quality, received_ms,
             str(verdict.kind), verdict.reason, verdict.ledger_seq)
        )  # fmt: skip
        self.keep_hash(log.log_id, one.sequence, one.chain_hash)
        return verdict

    def _judge(self, one: FreshEvent, origin: Origin) -> Verdict:
        assert one.event is not None
        fact = one.event.fact
        if not isinstance(fact, StockFact):
            return Verdict(one.sequence, VerdictKind.NOTED)
        try:
            if b"\\u0000" in one.body:
                raise UnbookableError("unprintable", "a text holds a NUL character, which no database of ours can keep")
            return Verdict(one.sequence, VerdictKind.POSTED, None, self.book_fact(origin, fact))
        except UnbookableError as error:
            return _quarantine(one, error.reason)
        except RepeatedError as repeated:
            return Verdict(one.sequence, VerdictKind.NOTED, f"repeated: booked as entry {repeated.ledger_seq}")

    def book_fact(self, origin: Origin, fact: StockFact) -> int:
        """Book what happened to goods. Raises UnbookableError or RepeatedError, with nothing written."""
        if origin.site_id is None:
            raise UnbookableError("edge_not_registered", "register the edge at its site, then release this event")
        if isinstance(fact, GoodsMoved):
            return book_goods(self, origin.site_id, origin, fact)
        if isinstance(fact, MovementReversed):
            return book_reversal(self, origin, fact)
        if isinstance(fact, PapersFollowed):
            return book_papers(self, origin, fact)
        return book_count(self, self.settings, origin.site_id, origin, fact)

    def record_fork(self, key: LogKey, upload_bytes: bytes, reason: str, received_ms: int) -> None:
        log = self.open_log(key, received_ms)
        digest = sha256(upload_bytes).hexdigest()
        if not self.lookup.has_fork(log.log_id, digest):
            self.rows.forks.append((self.next_id("fork"), log.log_id, digest, upload_bytes, reason, received_ms))
        self._hold(log, forked=True)

    def release_fork(self, key: LogKey, actor: str, note: str, now_ms: int) -> None:
        log = self.log(key)
        if log is None or not log.cursor.forked:
            raise NotFoundError(f"no log of {key.edge_id} with epoch {key.epoch} is held")
        self.rows.fork_releases.append((self.next_id("fork_release"), log.log_id, actor, note, now_ms))
        self._hold(log, forked=False)

    def _hold(self, log: BookedLog, *, forked: bool) -> None:
        self.keep_log(log._replace(cursor=replace(log.cursor, forked=forked)))


def _quarantine(one: FreshEvent, reason: str) -> Verdict:
    return Verdict(one.sequence, VerdictKind.QUARANTINED, reason)


def _movement_ids(fresh: Sequence[FreshEvent]) -> list[str]:
    ids = []
    for one in fresh:
        fact = one.event.fact if one.event else None
        if isinstance(fact, StockFact):
            ids.append(fact.movement_id)
            if isinstance(fact, MovementReversed):
                ids.append(fact.reverses)
            if isinstance(fact, PapersFollowed):
                ids.append(fact.accepted)
    return ids
