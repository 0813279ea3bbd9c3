"""The desk: what people at the centre decide about quarantined events, counts, discrepancies, a restore."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from onebook_collector.clock import new_id
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import registry, stocktake
from onebook_collector.ledger.bookkeeper import Bookkeeper
from onebook_collector.ledger.cursor import LogKey, TimeQuality
from onebook_collector.ledger.entry import Entry, Header, Origin
from onebook_collector.ledger.judging import RepeatedError, StockFact, UnbookableError
from onebook_collector.ledger.lookup import SetAside
from onebook_schemas.encoding import explain
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.stock_events import StockEvent

RESTORED = "restored"
_stock_fact_of: TypeAdapter[StockFact] = TypeAdapter(StockEvent)


class Desk(Bookkeeper):
    """A bookkeeper who also carries out decisions. See `book.Book` for the contract of the methods."""

    def approve_count(self, movement_id: str, reviewer: str, now_ms: int) -> int | None:
        return stocktake.approve_count(self, movement_id, reviewer, now_ms)

    def release(self, key: LogKey, sequence: int, actor: str, now_ms: int, *, replacement: bytes | None = None) -> int:
        aside = self._undecided(key, sequence)
        fact = _fact_to_book(aside, replacement)
        log, site_id = self.log(key), self.site_of(key.edge_id)
        origin = Origin(site_id, aside.event_time, aside.time_quality, now_ms, log, sequence, aside.chain_hash)
        try:
            seq = self.book_fact(origin, fact)
        except UnbookableError as error:
            raise RefusedError(error.code, error.words) from error
        except RepeatedError as repeated:
            raise RefusedError("booked_already", f"this movement is entry {repeated.ledger_seq}") from repeated
        row = (aside.log_id, sequence, "released", actor, "", now_ms, seq, replacement)
        self.rows.quarantine_decisions.append(row)
        return seq

    def reject(self, key: LogKey, sequence: int, actor: str, reason: str, now_ms: int) -> None:
        aside = self._undecided(key, sequence)
        self.rows.quarantine_decisions.append((aside.log_id, sequence, "rejected", actor, reason, now_ms, None, None))

    def register_edge(self, edge_id: str, site_id: str) -> None:
        registry.register_edge(self, edge_id, site_id)

    def close_discrepancy(self, discrepancy_id: int, actor: str, note: str, now_ms: int) -> None:
        if not self.lookup.is_open(discrepancy_id):
            raise NotFoundError(f"no open discrepancy {discrepancy_id}")
        self.note_closing(discrepancy_id, actor, note, now_ms)

    def new_feed_epoch(self, reason: str, now_ms: int, *, feed_epoch: str | None = None) -> str:
        feed_epoch = feed_epoch or new_id()
        origin = Origin(None, now_ms, TimeQuality.SYNCED.value, now_ms)
        seq = Entry(self, origin, Header(feed_epoch, RESTORED, "collector", reason)).close()
        self.rows.feed_epochs.append((seq, feed_epoch, now_ms, reason))
        return feed_epoch

    def _undecided(self, key: LogKey, sequence: int) -> SetAside:
        log = self.log(key)
        aside = self.lookup.set_aside(log.log_id, sequence) if log else None
        if aside is None:
            raise NotFoundError(f"event {sequence} of {key.edge_id}/{key.epoch} is not in quarantine")
        if aside.is_decided:
            raise RefusedError("decided_already", f"event {sequence} of {key.edge_id}/{key.epoch} was decided before")
        return aside


def _fact_to_book(aside: SetAside, replacement: bytes | None) -> StockFact:
    try:
        if replacement is not None:
            return _stock_fact_of.validate_json(replacement)
        fact = journal_event_of(aside.body).fact
    except ValidationError as error:
        raise RefusedError("unreadable", explain(error)) from error
    if not isinstance(fact, StockFact):
        raise RefusedError("no_stock_event", f"a {fact.type} books nothing")
    return fact
