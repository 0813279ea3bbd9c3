"""Entry: one movement being written. Its lines change balances at once; closing gives it its place in the chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from onebook_collector.clock import business_day
from onebook_collector.ledger.account import BookedAccount
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.goods import BookedItem, BookedLot, SerialPlace
from onebook_collector.ledger.hashing import movement_text, next_hash
from onebook_collector.ledger.lookup import BookedLog, Movement
from onebook_collector.ledger.posting import Doubt, Leg


class Header(NamedTuple):
    """What is said once for a whole movement. In the order of the columns of table `movement`, like the start of Origin."""

    movement_id: str
    kind: str
    actor: str
    reason: str | None = None
    document_kind: str | None = None
    document_no: str | None = None
    device: str | None = None
    source: str | None = None
    reverses: str | None = None
    corrects: str | None = None


class Origin(NamedTuple):
    """Where and when something happened, and which envelope says so (none: it was done at the centre)."""

    site_id: str | None
    event_time: int
    time_quality: str
    recorded_at: int
    log: BookedLog | None = None
    sequence: int | None = None
    chain_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class CountAssertion:
    """ "At that moment there were so many", and what the book had for that moment. No lot: all lots of the bin together."""

    account: BookedAccount
    item: BookedItem
    lot: BookedLot | None
    counted: int
    book_at: int
    counted_at: int

    @property
    def difference(self) -> int:
        return self.counted - self.book_at


class Entry:
    """Takes the next ledger_seq. Whoever opens one must close it, and ask no history before: its rows are half there."""

    __slots__ = ("_count", "_day", "_header", "_lines", "_origin", "_postings", "_state", "ledger_seq")

    def __init__(self, state: BookState, origin: Origin, header: Header) -> None:
        self._state = state
        self._origin = origin
        self._header = header
        self._day = business_day(origin.event_time)
        self._lines = 0
        self._postings: list[Sequence[Any]] = []
        self._count: CountAssertion | None = None
        self.ledger_seq = state.ledger_seq + 1

    def add_line(self, legs: Iterable[Leg]) -> None:
        """Book the legs of one line, which sum to zero."""
        self._lines += 1
        seq, line, day, state = self.ledger_seq, self._lines, self._day, self._state
        event_time = self._origin.event_time
        postings, balances, nets = state.rows.postings, state.rows.balances, state.rows.day_nets
        for number, (account, item, lot, quantity, serials) in enumerate(legs, 1):
            account_id, item_id, lot_id = key = account.account_id, item.item_id, lot.lot_id
            postings.append((seq, line, number, account_id, item_id, lot_id, quantity, event_time))
            added = balances.get(key)
            if added is None:
                state.hold(key)
            balances[key] = (added[0] + quantity if added else quantity, seq)
            day_key = (account_id, item_id, lot_id, day)
            nets[day_key] = nets.get(day_key, 0) + quantity
            names = [serial.number for serial in serials] if serials else ()
            self._postings.append((line, number, account.code, item.code, lot.number, quantity, names))
            if serials:
                self._move_serials(line, number, account, lot, quantity, serials)

    def assert_count(self, count: CountAssertion) -> None:
        self._count = count
        lot_id = count.lot.lot_id if count.lot else None
        figures = (count.counted, count.book_at, count.difference, count.counted_at)
        row = (self.ledger_seq, count.account.account_id, count.item.item_id, lot_id, *figures)
        self._state.rows.count_assertions.append(row)

    def doubt(self, doubts: Iterable[Doubt]) -> None:
        """Open discrepancies: a person should look at this movement."""
        state, origin = self._state, self._origin
        for kind, account, item, lot, quantity, detail in doubts:
            where = (origin.site_id, account.account_id, item.item_id, lot.lot_id if lot else None)
            row = (
                state.next_id("discrepancy"),
                self.ledger_seq,
                kind.value,
                *where,
                quantity,
                detail,
                origin.recorded_at,
            )
            state.rows.discrepancies.append(row)

    def close(self) -> int:
        """Chain the movement to the one before. Gives its ledger_seq."""
        state, origin = self._state, self._origin
        columns = (self.ledger_seq, *self._header, *origin[:4])
        log_id, envelope = None, None
        if origin.log is not None:
            log_id, key = origin.log.log_id, origin.log.key
            envelope = (key.edge_id, key.epoch, str(key.stream), origin.sequence, origin.chain_hash.hex())
        text = movement_text(columns, envelope, self._postings, self._count_columns())
        state.head = next_hash(state.head, text, state.algorithm)
        state.ledger_seq = self.ledger_seq
        state.keep_movement(Movement._make((*columns, log_id, origin.sequence, state.head)))
        return self.ledger_seq

    def _count_columns(self) -> Sequence[Any] | None:
        count = self._count
        if count is None:
            return None
        lot_no = count.lot.number if count.lot else None
        figures = (count.counted, count.book_at, count.difference, count.counted_at)
        return (count.account.code, count.item.code, lot_no, *figures)

    def _move_serials(
        self, line: int, leg: int, account: BookedAccount, lot: BookedLot, quantity: int, serials: Sequence[Any]
    ) -> None:
        rows = [(self.ledger_seq, line, leg, at, serial.serial_id) for at, serial in enumerate(serials, 1)]
        self._state.rows.posting_serials.extend(rows)
        if quantity > 0:
            place = SerialPlace(account.account_id, lot.lot_id, self._origin.event_time, self.ledger_seq)
            for serial in serials:
                self._state.put(serial, place)
