"""MemoryBook: the whole book in dictionaries and lists, for simulations and tests. It passes the contract of the SQL book."""

from __future__ import annotations

import copy
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from onebook_collector.ledger.account import Account, BookedAccount
from onebook_collector.ledger.book import LedgerSettings, VerdictKind
from onebook_collector.ledger.book_state import Rows
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.desk import Desk
from onebook_collector.ledger.goods import BookedItem, BookedLot, BookedSerial, SerialPlace
from onebook_collector.ledger.lookup import BalanceKey, BookedLog, Movement, SetAside, StoredLeg
from onebook_schemas.chain import HashAlgorithm


class Snapshot(NamedTuple):
    """A book as it stood. Opaque; values inside are shared, for they never change."""

    state: Mapping[str, Any]
    rows: Rows


class MemoryBook(Desk):
    """Nothing is written anywhere: `rows` only grow, and are the tables."""

    def __init__(self, settings: LedgerSettings | None = None) -> None:
        super().__init__(_RowsLookup(self), settings or LedgerSettings())
        self.algorithm = self.settings.hash_algorithm or HashAlgorithm.SHA256

    def stock(self) -> dict[tuple[str, str, str], int]:
        """Balances in base units by account code, item code and lot number, without those that are zero."""
        return {
            (self.account_by_id(account).code, self.item_by_id(item).code, self.lot_by_id(lot).number): quantity
            for (account, item, lot), (quantity, _seq) in self.rows.balances.items()
            if quantity
        }

    def snapshot(self) -> Snapshot:
        """The book as it stands now; copies no entry."""
        state = {name: copy.copy(value) for name, value in vars(self).items() if name not in _NOT_STATE}
        return Snapshot(state, _copy_of(self.rows))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back: a crash lost the transaction, or a backup was restored. The same snapshot can be restored again."""
        vars(self).update({name: copy.copy(value) for name, value in snapshot.state.items()})
        self.rows = _copy_of(snapshot.rows)


_NOT_STATE = ("lookup", "rows", "settings")


def _copy_of(rows: Rows) -> Rows:
    return Rows(*(copy.copy(getattr(rows, each.name)) for each in fields(Rows)))


class _RowsLookup:
    """History is read from the rows; names and places are all in the dictionaries, so there is nothing more to find."""

    def __init__(self, book: MemoryBook) -> None:
        self._book = book

    def find_site_of(self, edge_id: str) -> str | None:
        return None

    def find_item(self, code: str) -> BookedItem | None:
        return None

    def find_item_by_id(self, item_id: int) -> BookedItem | None:
        return None

    def find_log(self, key: LogKey) -> BookedLog | None:
        return None

    def find_account(self, account: Account) -> BookedAccount | None:
        return None

    def find_account_by_id(self, account_id: int) -> BookedAccount | None:
        return None

    def find_lot(self, item_id: int, number: str) -> BookedLot | None:
        return None

    def find_lot_by_id(self, lot_id: int) -> BookedLot | None:
        return None

    def find_serials(self, item_id: int, numbers: Sequence[str]) -> Iterable[BookedSerial]:
        return ()

    def find_places(self, serial_ids: Sequence[int]) -> Iterable[tuple[int, SerialPlace]]:
        return ()

    def find_movements(self, movement_ids: Sequence[str]) -> Iterable[Movement]:
        return ()

    def has_reversal(self, movement_id: str) -> bool:
        return False

    def find_balances(self, account_id: int) -> Iterable[tuple[BalanceKey, int]]:
        return ()

    def find_hash(self, log_id: int, sequence: int) -> bytes | None:
        return None

    def has_fork(self, log_id: int, digest: str) -> bool:
        return any(row[1:3] == (log_id, digest) for row in self._book.rows.forks)

    def body(self, log_id: int, sequence: int) -> bytes:
        rows = self._book.rows.envelopes
        return next(bytes(row[3]) for row in reversed(rows) if row[:2] == (log_id, sequence))

    def legs(self, ledger_seq: int) -> list[StoredLeg]:
        serials: dict[tuple[int, int], list[BookedSerial]] = {}
        for _seq, line, leg, _position, serial_id in _of(self._book.rows.posting_serials, ledger_seq):
            serials.setdefault((line, leg), []).append(self._serial(serial_id))
        return [
            StoredLeg(line, account_id, item_id, lot_id, quantity, tuple(serials.get((line, leg), ())))
            for _seq, line, leg, account_id, item_id, lot_id, quantity, _at in _of(self._book.rows.postings, ledger_seq)
        ]

    def net_after(self, account_id: int, item_id: int, lot_id: int | None, event_time: int) -> int:
        return sum(
            row[6]
            for row in self._book.rows.postings
            if row[3] == account_id and row[4] == item_id and lot_id in (None, row[5]) and row[7] > event_time
        )

    def serials_at(self, account_id: int, item_id: int, lot_id: int | None, event_time: int) -> set[str]:
        rows, nets = self._book.rows, dict[int, int]()
        legs = {
            row[:3]: 1 if row[6] > 0 else -1
            for row in rows.postings
            if row[3] == account_id and row[4] == item_id and lot_id in (None, row[5]) and row[7] <= event_time
        }
        for seq, line, leg, _position, serial_id in rows.posting_serials:
            nets[serial_id] = nets.get(serial_id, 0) + legs.get((seq, line, leg), 0)
        return {self._serial(serial_id).number for serial_id, net in nets.items() if net > 0}

    def set_aside(self, log_id: int, sequence: int) -> SetAside | None:
        rows = self._book.rows
        decided = any(row[:2] == (log_id, sequence) for row in rows.quarantine_decisions)
        found = (row for row in rows.envelopes if row[:2] == (log_id, sequence) and row[8] == VerdictKind.QUARANTINED)
        return next((SetAside(log_id, row[3], row[4], row[5], row[6], decided) for row in found), None)

    def is_open(self, discrepancy_id: int) -> bool:
        rows = self._book.rows
        closed = any(row[0] == discrepancy_id for row in rows.discrepancy_closings)
        return not closed and any(row[0] == discrepancy_id for row in rows.discrepancies)

    def open_discrepancy(self, ledger_seq: int, kind: str) -> int | None:
        rows = self._book.rows
        closed = {row[0] for row in rows.discrepancy_closings}
        found = (row[0] for row in rows.discrepancies if row[1:3] == (ledger_seq, kind) and row[0] not in closed)
        return next(found, None)

    def _serial(self, serial_id: int) -> BookedSerial:
        return BookedSerial(serial_id, self._book.rows.serials[serial_id - 1][2])


def _of(rows: Sequence[tuple[Any, ...]], ledger_seq: int) -> Sequence[tuple[Any, ...]]:
    """The rows of one movement; rows stand in the order of ledger_seq."""
    first = bisect_left(rows, ledger_seq, key=lambda row: row[0])
    return rows[first : bisect_right(rows, ledger_seq, lo=first, key=lambda row: row[0])]
