"""Books counts. "At that moment there were so many" is compared with the book as of that moment, by event time.

A small difference is adjusted at once; a larger one waits for a person. What is adjusted is always the difference as the book
sees it when the adjustment is booked, so that two counts of the same shortage, or a late receipt, do not adjust twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.entry import CountAssertion, Entry, Header, Origin
from onebook_collector.ledger.goods import BookedItem, BookedLot
from onebook_collector.ledger.judging import base_units, check_serials, known_item, refuse_repeated
from onebook_collector.ledger.lookup import Movement
from onebook_collector.ledger.moving import real_account, see_serials
from onebook_collector.ledger.posting import (
    Claim,
    Doubt,
    DoubtKind,
    Posted,
    SeenSerial,
    name_serials,
    post_amount,
    post_serials,
)
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.stock_events import StockCounted

STOCKTAKE = "stocktake"
ADJUSTMENT = "adjustment"
_ADJUSTMENTS = uuid.UUID("6f1c2a54-6c0e-5a55-9d1e-0b1a52a6b7f0")  # Name space: one adjustment for each count.


def book_count(state: BookState, settings: LedgerSettings, site_id: str, origin: Origin, fact: StockCounted) -> int:
    """Post a count as a movement. Gives its ledger_seq; raises UnbookableError or RepeatedError before writing anything."""
    refuse_repeated(state, fact)
    item = known_item(state, fact.item)
    units = base_units(item, fact.counted)
    if fact.serials is not None:
        check_serials(item, units, fact.serials)
    count = _assertion(state, site_id, origin.event_time, fact, item, units)
    error = _error_of(state, origin, count, fact)
    entry = Entry(state, origin, _header(fact))
    entry.assert_count(count)
    if error.size and error.is_nameable and error.size <= settings.count_review_fraction * max(count.book_at, 0):
        _adjust(state, entry, error, site_id)
    elif error.size:
        entry.doubt([_to_review(count)])
    return entry.close()


def approve_count(state: BookState, movement_id: str, reviewer: str, now_ms: int) -> int | None:
    """Adjust the book to a count that waits for a person. Gives the adjustment's ledger_seq; None if the book agrees by now.

    Raises NotFoundError; RefusedError when the count does not wait, was reversed, or names no serials for goods that have them.
    """
    known, discrepancy_id = _waiting(state, movement_id)
    assert known.log_id is not None
    assert known.sequence is not None
    event = journal_event_of(state.lookup.body(known.log_id, known.sequence))
    fact, site_id = event.fact, known.site_id
    assert isinstance(fact, StockCounted)
    assert site_id is not None
    item = known_item(state, fact.item)
    count = _assertion(state, site_id, known.event_time, fact, item, base_units(item, fact.counted))
    origin = Origin(site_id, known.event_time, known.time_quality, now_ms)
    error = _error_of(state, origin, count, fact)
    if not error.is_nameable:
        raise RefusedError("count_without_serials", f"{item.code} is tracked by serial: count it again by serial")
    seq = None
    if error.size:
        adjustment_id = str(uuid.uuid5(_ADJUSTMENTS, movement_id))
        reason = f"count {movement_id} approved"
        header = Header(adjustment_id, ADJUSTMENT, reviewer, reason, source=ADJUSTMENT)
        entry = Entry(state, origin, header)
        _adjust(state, entry, error, site_id)
        seq = entry.close()
    state.note_closing(discrepancy_id, reviewer, "approved", now_ms, seq)
    return seq


def _waiting(state: BookState, movement_id: str) -> tuple[Movement, int]:
    known = state.known_movement(movement_id)
    if known is None or known.kind != STOCKTAKE:
        raise NotFoundError(f"no count {movement_id}")
    if state.is_reversed(movement_id):
        raise RefusedError("count_reversed", f"count {movement_id} was reversed")
    discrepancy_id = state.lookup.open_discrepancy(known.ledger_seq, DoubtKind.COUNT_TO_REVIEW)
    if discrepancy_id is None:
        raise RefusedError("count_not_waiting", f"count {movement_id} does not wait for a review")
    return known, discrepancy_id


def _assertion(
    state: BookState, site_id: str, counted_at: int, fact: StockCounted, item: BookedItem, units: int
) -> CountAssertion:
    account = state.account(real_account(site_id, fact.bin, fact.status, fact.holding))
    lot = state.lot(item, fact.lot)[0] if fact.lot else None
    book_now = sum(held for one, held in state.lots_held(account, item) if lot is None or one.lot_id == lot.lot_id)
    lot_id = lot.lot_id if lot else None
    since = state.lookup.net_after(account.account_id, item.item_id, lot_id, counted_at)
    return CountAssertion(account, item, lot, units, book_now - since, counted_at)


@dataclass(frozen=True, slots=True)
class _Error:
    """How far a count and the book are apart."""

    count: CountAssertion
    size: int  # Base units; for serials those missing and those found, together.
    is_nameable: bool = True  # False: pieces with serials were counted without them.
    missing: Sequence[SeenSerial] = ()
    found: Sequence[SeenSerial] = ()


def _error_of(state: BookState, origin: Origin, count: CountAssertion, fact: StockCounted) -> _Error:
    if not count.item.by_serial:
        return _Error(count, abs(count.difference))
    if fact.serials is None:
        return _Error(count, abs(count.difference), is_nameable=not count.difference)
    item, lot, lot_id = count.item, count.lot, count.lot.lot_id if count.lot else None
    booked = state.lookup.serials_at(count.account.account_id, item.item_id, lot_id, count.counted_at)
    counted = set(fact.serials)
    missing = see_serials(state, origin, item, sorted(booked - counted), lot)
    found = see_serials(state, origin, item, [number for number in fact.serials if number not in booked], lot)
    return _Error(count, len(missing) + len(found), True, missing, found)


def _adjust(state: BookState, entry: Entry, error: _Error, site_id: str) -> None:
    for posted in _adjustments(state, error, site_id):
        if posted.legs:
            entry.add_line(posted.legs)
        entry.doubt(posted.doubts)


def _adjustments(state: BookState, error: _Error, site_id: str) -> Iterable[Posted]:
    """The lines that make the book agree with the count."""
    count = error.count
    unexplained = state.virtual(AccountKind.UNEXPLAINED, site_id)
    loss = Claim(count.item, count.account, state.virtual(AccountKind.STOCKTAKE_LOSS, site_id), unexplained)
    gain = Claim(count.item, state.virtual(AccountKind.STOCKTAKE_GAIN, site_id), count.account, unexplained)
    if error.missing or error.found:
        yield _adjust_serials(loss, [one for one in error.missing if one.place == count.account], error.missing)
        yield _adjust_serials(gain, [one for one in error.found if one.place != count.account], error.found)
    elif count.difference > 0:
        yield post_amount(gain, _gaining_lot(state, count), count.difference, 0)
    else:
        yield from (
            post_amount(loss, lot, units, state.balance(count.account.account_id, count.item.item_id, lot.lot_id))
            for lot, units in _losing_lots(state, count)
        )


def _adjust_serials(claim: Claim, movable: Sequence[SeenSerial], wrong: Sequence[SeenSerial]) -> Posted:
    """Moves serials to where they were counted, but not those of which the book knows something newer."""
    current = [one for one in movable if not one.is_late]
    posted = post_serials(claim, current)
    newer = [one.serial for one in wrong if one not in current]
    if newer:
        words = f"the book knows something newer than the count: {name_serials(newer)}"
        account = claim.source if claim.source.is_real else claim.target
        posted.doubts.append(Doubt(DoubtKind.COUNT_CONTRADICTED, account, claim.item, None, len(newer), words))
    return posted


def _gaining_lot(state: BookState, count: CountAssertion) -> BookedLot:
    """What is too much without a lot goes to the only lot there, else to the unknown lot."""
    if count.lot is not None:
        return count.lot
    there = [lot for lot, held in state.lots_held(count.account, count.item) if held > 0]
    return there[0] if len(there) == 1 else state.lot(count.item, None)[0]


def _losing_lots(state: BookState, count: CountAssertion) -> list[tuple[BookedLot, int]]:
    """What is missing without a lot is taken from those that expire first: they are issued first."""
    missing = -count.difference
    if count.lot is not None:
        return [(count.lot, missing)]
    held = [(lot, quantity) for lot, quantity in state.lots_held(count.account, count.item) if quantity > 0]
    taken = []
    for lot, quantity in sorted(held, key=lambda one: (one[0].expires_on or "9999", one[0].number)):
        part = min(quantity, missing)
        if part:
            taken.append((lot, part))
            missing -= part
    return [*taken, (state.lot(count.item, None)[0], missing)] if missing else taken


def _to_review(count: CountAssertion) -> Doubt:
    words = f"counted {count.counted}, the book had {count.book_at} on {count.account.code} (base units)"
    return Doubt(DoubtKind.COUNT_TO_REVIEW, count.account, count.item, count.lot, count.difference, words)


def _header(fact: StockCounted) -> Header:
    document = fact.document
    return Header(
        fact.movement_id,
        STOCKTAKE,
        fact.actor,
        document_kind=str(document.kind) if document else None,
        document_no=document.number if document else None,
        device=fact.device,
        source=str(fact.source),
    )
