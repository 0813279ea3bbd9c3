"""Books what moved goods: receipts, issues, moves ... and their reversals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from onebook_collector.ledger.account import Account, AccountKind, BookedAccount, in_transit
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.cursor import TimeQuality
from onebook_collector.ledger.entry import Entry, Header, Origin
from onebook_collector.ledger.goods import BookedItem, BookedLot
from onebook_collector.ledger.judging import (
    UnbookableError,
    base_units,
    check_serials,
    known_item,
    refuse_repeated,
)
from onebook_collector.ledger.lookup import StoredLeg
from onebook_collector.ledger.posting import (
    Claim,
    Doubt,
    DoubtKind,
    Leg,
    Posted,
    SeenSerial,
    post_amount,
    post_reversal,
    post_serials,
)
from onebook_schemas.stock_events import (
    GoodsMoved,
    Holding,
    MovedLine,
    MovementKind,
    MovementReversed,
    PapersFollowed,
    StockStatus,
)

REVERSAL = "reversal"
PAPERS = "papers"

_OUTER_SOURCES = {
    MovementKind.RECEIPT: AccountKind.SUPPLIER,
    MovementKind.DONATION: AccountKind.DONOR,
    MovementKind.OPENING: AccountKind.OPENING,
    MovementKind.RECOVERY: AccountKind.CONSUMED,
    MovementKind.ROTATION_IN: AccountKind.IN_ROTATION,
}
_OUTER_TARGETS = {
    MovementKind.ISSUE: AccountKind.CONSUMED,
    MovementKind.LOAN: AccountKind.ON_LOAN,
    MovementKind.ROTATION_OUT: AccountKind.IN_ROTATION,
    MovementKind.DISPOSAL: AccountKind.DISPOSED,
}


def book_goods(state: BookState, site_id: str, origin: Origin, fact: GoodsMoved) -> int:
    """Post a movement of goods. Gives its ledger_seq; raises UnbookableError or RepeatedError before writing anything."""
    refuse_repeated(state, fact)
    if fact.corrects is not None:
        _check_corrects(state, fact.corrects)
    lines = [_check_line(state, line) for line in fact.lines]
    entry = Entry(state, origin, _header(fact))
    for line, item, units in lines:
        posted = _post_line(state, site_id, origin, fact, line, item, units)
        entry.add_line(posted.legs)
        if posted.doubts:
            entry.doubt(posted.doubts)
    if fact.papers is not None:
        entry.doubt([_papers_missing(state, site_id, fact, lines)])
    return entry.close()


def book_papers(state: BookState, origin: Origin, fact: PapersFollowed) -> int:
    """Post that the papers of a movement came: an entry without lines, which closes what was open. Raises like `book_goods`."""
    refuse_repeated(state, fact)
    accepted = state.known_movement(fact.accepted)
    if accepted is None:
        raise UnbookableError("accepted_unknown", f"movement {fact.accepted} is not in the book")
    if accepted.site_id != origin.site_id:
        raise UnbookableError("accepted_other_site", f"movement {fact.accepted} belongs to another site")
    document, waiting = fact.document, _papers_awaited(state, accepted.ledger_seq)
    reason = f"papers of {fact.accepted}"
    header = Header(fact.movement_id, PAPERS, fact.actor, reason, str(document.kind), document.number, fact.device)
    seq = Entry(state, origin, header).close()
    if waiting is not None:
        state.note_closing(waiting, fact.actor, f"papers {document.number}", origin.recorded_at, seq)
    return seq


def book_reversal(state: BookState, origin: Origin, fact: MovementReversed) -> int:
    """Post the exact opposite of a movement. Gives its ledger_seq; raises like `book_goods`."""
    refuse_repeated(state, fact)
    original = state.known_movement(fact.reverses)
    if original is None:
        raise UnbookableError("reverses_unknown", f"movement {fact.reverses} is not in the book")
    if state.is_reversed(fact.reverses):
        raise UnbookableError("reversed_already", f"movement {fact.reverses} has been reversed before")
    if original.site_id != origin.site_id:
        raise UnbookableError("reverses_other_site", f"movement {fact.reverses} belongs to another site")
    if original.kind == REVERSAL:
        raise UnbookableError("reverses_reversal", f"{fact.reverses} is a reversal; book the goods anew instead")
    header = Header(fact.movement_id, REVERSAL, fact.actor, fact.reason, device=fact.device, reverses=fact.reverses)
    if original.kind == PAPERS:
        raise UnbookableError("reverses_papers", f"{fact.reverses} moved no goods; say which papers are the right ones")
    lines, waiting = post_reversal(lines_of(state, original.ledger_seq)), _papers_awaited(state, original.ledger_seq)
    entry = Entry(state, origin, header)
    for legs in lines:
        entry.add_line(legs)
        entry.doubt(_below_zero(state, legs))
    seq = entry.close()
    if waiting is not None:
        state.note_closing(waiting, fact.actor, "reversed", origin.recorded_at, seq)
    return seq


def real_account(site_id: str, bin_code: str, status: StockStatus, holding: Holding) -> Account:
    return Account(
        AccountKind.REAL, site_id, bin_code, holding.owner_org, holding.custodian_org, holding.reserve_mode, status
    )


def see_serials(
    state: BookState, origin: Origin, item: BookedItem, numbers: Sequence[str], lot: BookedLot | None
) -> list[SeenSerial]:
    """What the book knows of these serials. Without a lot, each keeps the one that it has."""
    serials = state.serials(item, numbers)
    unknown_lot = state.lot(item, None)[0] if lot is None else lot
    seen = []
    for serial, place in zip(serials, state.places(serials), strict=True):
        if place is None:
            seen.append(SeenSerial(serial, None, None, unknown_lot, False))
            continue
        booked_lot = state.lot_by_id(place.lot_id)
        is_late = origin.event_time < place.since_ms and origin.time_quality != TimeQuality.UNKNOWN
        account = state.account_by_id(place.account_id)
        seen.append(SeenSerial(serial, account, booked_lot, lot or booked_lot, is_late))
    return seen


def lines_of(state: BookState, ledger_seq: int) -> list[list[Leg]]:
    """The legs of a booked movement, line by line."""
    lines: dict[int, list[Leg]] = {}
    for stored in state.lookup.legs(ledger_seq):
        lines.setdefault(stored.line, []).append(_leg(state, stored))
    return list(lines.values())


class _CheckedLine(NamedTuple):
    line: MovedLine
    item: BookedItem
    units: int


def _check_line(state: BookState, line: MovedLine) -> _CheckedLine:
    item = known_item(state, line.item)
    units = base_units(item, line.quantity)
    check_serials(item, units, line.serials)
    return _CheckedLine(line, item, units)


def _check_corrects(state: BookState, movement_id: str) -> None:
    known = state.known_movement(movement_id)
    if known is None or not state.is_reversed(movement_id):
        raise UnbookableError("corrects_unreversed", f"movement {movement_id} is not in the book, or not reversed")


def _header(fact: GoodsMoved) -> Header:
    document = fact.document
    source = fact.lines[0].source
    agree = len(fact.lines) == 1 or all(line.source is source for line in fact.lines)
    return Header(
        fact.movement_id,
        str(fact.kind),
        fact.actor,
        fact.reason,
        str(document.kind) if document else None,
        document.number if document else None,
        fact.device,
        str(source) if agree else None,
        None,
        fact.corrects,
    )


def _post_line(
    state: BookState, site_id: str, origin: Origin, fact: GoodsMoved, line: MovedLine, item: BookedItem, units: int
) -> Posted:
    claim = Claim(
        item,
        _source(state, site_id, fact, line),
        _target(state, site_id, fact, line),
        state.virtual(AccountKind.UNEXPLAINED, site_id),
    )
    lot, dates_differ = state.lot(item, line.lot)
    if item.by_serial:
        posted = post_serials(claim, see_serials(state, origin, item, line.serials, lot if line.lot else None))
    else:
        account_id = claim.source.account_id
        available = state.balance(account_id, item.item_id, lot.lot_id) if claim.source.has_an_end else 0
        posted = post_amount(claim, lot, units, available)
    if dates_differ:
        place = claim.target if claim.target.is_real else claim.source
        words = f"lot {lot.number} of {item.code} is booked with other dates"
        posted.doubts.append(Doubt(DoubtKind.LOT_DATES_DIFFER, place, item, lot, units, words))
    return posted


def _source(state: BookState, site_id: str, fact: GoodsMoved, line: MovedLine) -> BookedAccount:
    if line.from_bin is not None:
        return state.account(real_account(site_id, line.from_bin, line.from_status, line.holding))
    if fact.kind is MovementKind.RECOVERY and line.from_status is StockStatus.ON_LOAN:
        return state.virtual(AccountKind.ON_LOAN, site_id)
    return _outside(state, site_id, fact, _OUTER_SOURCES.get(fact.kind))


def _target(state: BookState, site_id: str, fact: GoodsMoved, line: MovedLine) -> BookedAccount:
    if line.to_bin is not None:
        return state.account(real_account(site_id, line.to_bin, line.to_status, line.holding))
    return _outside(state, site_id, fact, _OUTER_TARGETS.get(fact.kind))


def _outside(state: BookState, site_id: str, fact: GoodsMoved, kind: AccountKind | None) -> BookedAccount:
    if kind is not None:
        return state.virtual(kind, site_id)
    return state.account(in_transit(fact.document.number if fact.document else ""))


def _papers_missing(state: BookState, site_id: str, fact: GoodsMoved, lines: Sequence[_CheckedLine]) -> Doubt:
    """One open item for the whole movement; its first line stands for it."""
    line, item, units = lines[0]
    place = _target(state, site_id, fact, line)
    more = f" and {len(lines) - 1} more lines" if len(lines) > 1 else ""
    words = f"{item.code}{more} came before its papers"
    return Doubt(DoubtKind.PAPERS_MISSING, place, item, state.lot(item, line.lot)[0], units, words)


def _papers_awaited(state: BookState, ledger_seq: int) -> int | None:
    """The open item of a movement that came before its papers. Asked before an entry is opened, like all history."""
    return state.lookup.open_discrepancy(ledger_seq, DoubtKind.PAPERS_MISSING)


def _leg(state: BookState, stored: StoredLeg) -> Leg:
    return Leg(
        state.account_by_id(stored.account_id),
        state.item_by_id(stored.item_id),
        state.lot_by_id(stored.lot_id),
        stored.quantity,
        stored.serials,
    )


def _below_zero(state: BookState, legs: Sequence[Leg]) -> list[Doubt]:
    doubts = []
    for leg in legs:
        if leg.quantity < 0 and leg.account.is_real:
            balance = state.balance(leg.account.account_id, leg.item.item_id, leg.lot.lot_id)
            if balance < 0:
                words = f"after this reversal the book has {balance} on {leg.account.code}"
                doubts.append(Doubt(DoubtKind.REVERSAL_BELOW_ZERO, leg.account, leg.item, leg.lot, -balance, words))
    return doubts
