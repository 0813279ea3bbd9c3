"""Lookup: how a book finds what is not, or no longer, in its dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from onebook_collector.ledger.account import Account, BookedAccount
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.goods import BookedItem, BookedLot, BookedSerial, SerialPlace

BalanceKey = tuple[int, int, int]  # account_id, item_id, lot_id


class BookedLog(NamedTuple):
    """A log of an edge with its cursor."""

    log_id: int
    key: LogKey
    cursor: Cursor
    waiting: int
    first_received_ms: int
    last_received_ms: int


class Movement(NamedTuple):
    """A row of table `movement`, in the order of its columns."""

    ledger_seq: int
    movement_id: str
    kind: str
    actor: str
    reason: str | None
    document_kind: str | None
    document_no: str | None
    device: str | None
    source: str | None
    reverses: str | None
    corrects: str | None
    site_id: str | None
    event_time: int
    time_quality: str
    recorded_at: int
    log_id: int | None
    sequence: int | None
    hash: bytes


class StoredLeg(NamedTuple):
    """A posting by numbers, in the order of its movement's lines and legs."""

    line: int
    account_id: int
    item_id: int
    lot_id: int
    quantity: int
    serials: tuple[BookedSerial, ...]


class SetAside(NamedTuple):
    """An envelope in quarantine."""

    log_id: int
    body: bytes
    chain_hash: bytes
    event_time: int
    time_quality: str
    is_decided: bool


class Lookup(Protocol):
    """Each answers for everything that was ever booked, rows not yet written included where history is asked."""

    def find_site_of(self, edge_id: str) -> str | None: ...

    def find_item(self, code: str) -> BookedItem | None: ...

    def find_item_by_id(self, item_id: int) -> BookedItem | None: ...

    def find_log(self, key: LogKey) -> BookedLog | None: ...

    def find_account(self, account: Account) -> BookedAccount | None: ...

    def find_account_by_id(self, account_id: int) -> BookedAccount | None: ...

    def find_lot(self, item_id: int, number: str) -> BookedLot | None: ...

    def find_lot_by_id(self, lot_id: int) -> BookedLot | None: ...

    def find_serials(self, item_id: int, numbers: Sequence[str]) -> Iterable[BookedSerial]: ...

    def find_places(self, serial_ids: Sequence[int]) -> Iterable[tuple[int, SerialPlace]]: ...

    def find_movements(self, movement_ids: Sequence[str]) -> Iterable[Movement]: ...

    def has_reversal(self, movement_id: str) -> bool: ...

    def find_balances(self, account_id: int) -> Iterable[tuple[BalanceKey, int]]: ...

    def find_hash(self, log_id: int, sequence: int) -> bytes | None: ...

    def body(self, log_id: int, sequence: int) -> bytes:
        """The bytes of an envelope."""
        ...

    def legs(self, ledger_seq: int) -> list[StoredLeg]:
        """All postings of a movement."""
        ...

    def net_after(self, account_id: int, item_id: int, lot_id: int | None, event_time: int) -> int:
        """What movements that happened after a moment changed on an account; all lots for None."""
        ...

    def serials_at(self, account_id: int, item_id: int, lot_id: int | None, event_time: int) -> set[str]:
        """The serial numbers that the book had on an account at a moment, by event time; of all lots for None."""
        ...

    def has_fork(self, log_id: int, digest: str) -> bool:
        """Whether an upload with this SHA-256 is kept as evidence."""
        ...

    def set_aside(self, log_id: int, sequence: int) -> SetAside | None:
        """The envelope, if it is one that went to quarantine."""
        ...

    def is_open(self, discrepancy_id: int) -> bool: ...

    def open_discrepancy(self, ledger_seq: int, kind: str) -> int | None:
        """The discrepancy of this kind that a movement opened, if it is still open."""
        ...
