"""What the bookkeeper remembers: names, places and balances in dictionaries, and the rows that are to be written.

The memory book keeps everything here for good. The SQL book keeps what was used lately, finds the rest through its
`Lookup`, and empties `rows` into the database at the end of each transaction. The dictionaries may be trusted because there is
one writer at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from onebook_collector.ledger.account import Account, AccountKind, BookedAccount
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.goods import BookedItem, BookedLot, BookedSerial, SerialPlace
from onebook_collector.ledger.hashing import GENESIS
from onebook_collector.ledger.lookup import BalanceKey, BookedLog, Lookup, Movement
from onebook_schemas.chain import HashAlgorithm, chain_start
from onebook_schemas.stock_events import Lot

UNKNOWN_LOT = ""
Row = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """Rows by table, each in the order of the table's columns; dictionaries hold what is replaced or added to."""

    sites: dict[str, Row] = field(default_factory=dict)
    edges: dict[str, Row] = field(default_factory=dict)
    items: dict[int, Row] = field(default_factory=dict)
    item_units: dict[tuple[int, str], Row] = field(default_factory=dict)
    accounts: list[Row] = field(default_factory=list)
    serials: list[Row] = field(default_factory=list)
    envelopes: list[Row] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    postings: list[Row] = field(default_factory=list)
    posting_serials: list[Row] = field(default_factory=list)
    count_assertions: list[Row] = field(default_factory=list)
    discrepancies: list[Row] = field(default_factory=list)
    discrepancy_closings: list[Row] = field(default_factory=list)
    quarantine_decisions: list[Row] = field(default_factory=list)
    forks: list[Row] = field(default_factory=list)
    fork_releases: list[Row] = field(default_factory=list)
    feed_epochs: list[Row] = field(default_factory=list)
    logs: dict[int, BookedLog] = field(default_factory=dict)
    lots: dict[int, Row] = field(default_factory=dict)
    serial_places: dict[int, SerialPlace] = field(default_factory=dict)
    balances: dict[BalanceKey, tuple[int, int]] = field(default_factory=dict)  # (what was added, last ledger_seq)
    day_nets: dict[tuple[int, int, int, int], int] = field(default_factory=dict)  # ..., business day


class BookState:
    """Dictionaries that make what they lack, with numbers 1, 2, 3 ... in the order of first use."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup = lookup
        self.rows = Rows()
        self.ledger_seq = 0
        self.head = GENESIS
        self.algorithm = HashAlgorithm.SHA256  # Of the book's own chain.
        self.next_ids: dict[str, int] = {}
        self.edges: dict[str, str] = {}
        self.items: dict[str, BookedItem] = {}
        self.items_by_id: dict[int, BookedItem] = {}
        self.balances: dict[BalanceKey, int] = {}  # As of the last time that the rows were emptied.
        self.balanced: set[int] = set()  # Accounts whose balances are known here.
        self._logs: dict[LogKey, BookedLog] = {}
        self._accounts: dict[Account, BookedAccount] = {}
        self._virtuals: dict[tuple[str, str], BookedAccount] = {}
        self._accounts_by_id: dict[int, BookedAccount] = {}
        self._lots: dict[tuple[int, str], BookedLot] = {}
        self._lots_by_id: dict[int, BookedLot] = {}
        self._held: dict[tuple[int, int], tuple[int, ...]] = {}  # (account_id, item_id) -> lots ever booked there
        self._serials: dict[tuple[int, str], BookedSerial] = {}
        self._places: dict[int, SerialPlace | None] = {}
        self._movements: dict[str, Movement | None] = {}
        self._reversed: set[str] = set()
        self._hashes: dict[tuple[int, int], bytes] = {}  # (log_id, sequence) -> chain hash

    # Who and what

    def site_of(self, edge_id: str) -> str | None:
        site_id = self.edges.get(edge_id) or self.lookup.find_site_of(edge_id)
        if site_id is not None:
            self.edges[edge_id] = site_id
        return site_id

    def item(self, code: str) -> BookedItem | None:
        item = self.items.get(code)
        if item is None:
            item = self.lookup.find_item(code)
            if item is not None:
                self.items[code] = self.items_by_id[item.item_id] = item
        return item

    def item_by_id(self, item_id: int) -> BookedItem:
        item = self.items_by_id.get(item_id) or self.lookup.find_item_by_id(item_id)
        assert item is not None, f"a posting names item {item_id}, which the book does not hold"
        self.items_by_id[item_id] = item
        return item

    def lot(self, item: BookedItem, claimed: Lot | None) -> tuple[BookedLot, bool]:
        """The lot, and whether the dates given contradict those that it has. Dates that it lacked are kept."""
        number = claimed.number if claimed else UNKNOWN_LOT
        lot = self._lots.get((item.item_id, number))
        if lot is None:
            lot = self.lookup.find_lot(item.item_id, number)
            lot = self._keep_lot(item, lot or BookedLot(self.next_id("lot"), number, None, None), is_new=lot is None)
        if claimed is None or (claimed.produced_on is None and claimed.expires_on is None):
            return lot, False
        produced_on, expires_on = _iso(claimed.produced_on), _iso(claimed.expires_on)
        dated = lot._replace(produced_on=lot.produced_on or produced_on, expires_on=lot.expires_on or expires_on)
        if dated != lot:
            self._keep_lot(item, dated, is_new=True)
        return dated, (produced_on or dated.produced_on, expires_on or dated.expires_on) != dated[2:]

    def lot_by_id(self, lot_id: int) -> BookedLot:
        lot = self._lots_by_id.get(lot_id) or self.lookup.find_lot_by_id(lot_id)
        assert lot is not None, f"a posting names lot {lot_id}, which the book does not hold"
        self._lots_by_id[lot_id] = lot
        return lot

    def _keep_lot(self, item: BookedItem, lot: BookedLot, *, is_new: bool) -> BookedLot:
        self._lots[item.item_id, lot.number] = self._lots_by_id[lot.lot_id] = lot
        if is_new:
            self.rows.lots[lot.lot_id] = (lot.lot_id, item.item_id, *lot[1:])
        return lot

    # Logs

    def log(self, key: LogKey) -> BookedLog | None:
        log = self._logs.get(key) or self.lookup.find_log(key)
        if log is not None:
            self._logs[key] = log
        return log

    def open_log(self, key: LogKey, received_ms: int, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> BookedLog:
        """This log; it is made when something of it is first kept, with this algorithm for the whole of its life."""
        log = self.log(key)
        if log is None:
            cursor = Cursor(0, chain_start(*key, algorithm=algorithm), algorithm=algorithm)
            log = BookedLog(self.next_id("log"), key, cursor, 0, received_ms, received_ms)
            self.keep_log(log)
        return log

    def keep_log(self, log: BookedLog) -> None:
        self._logs[log.key] = self.rows.logs[log.log_id] = log

    def stored_hash(self, key: LogKey, sequence: int) -> bytes | None:
        log = self.log(key)
        if log is None:
            return None
        return self._hashes.get((log.log_id, sequence)) or self.lookup.find_hash(log.log_id, sequence)

    def keep_hash(self, log_id: int, sequence: int, chain_hash: bytes) -> None:
        self._hashes[log_id, sequence] = chain_hash

    # Places

    def account(self, account: Account) -> BookedAccount:
        booked = self._accounts.get(account)
        if booked is None:
            booked = self.lookup.find_account(account) or self._open_account(account)
            self._accounts[account] = self._accounts_by_id[booked.account_id] = booked
        return booked

    def virtual(self, kind: AccountKind, site_id: str) -> BookedAccount:
        """A virtual account of a site."""
        booked = self._virtuals.get((kind, site_id))
        if booked is None:
            booked = self._virtuals[kind, site_id] = self.account(Account(kind, site_id))
        return booked

    def account_by_id(self, account_id: int) -> BookedAccount:
        booked = self._accounts_by_id.get(account_id) or self.lookup.find_account_by_id(account_id)
        assert booked is not None, f"a posting names account {account_id}, which the book does not hold"
        self._accounts_by_id[account_id] = booked
        return booked

    def _open_account(self, account: Account) -> BookedAccount:
        account = Account._make(str(part) for part in account)  # Some parts come as members of enumerations.
        booked = BookedAccount(self.next_id("account"), account.code, account, account.kind == AccountKind.REAL)
        self.rows.accounts.append((booked.account_id, booked.code, *account))
        self.balanced.add(booked.account_id)
        return booked

    def balance(self, account_id: int, item_id: int, lot_id: int) -> int:
        """Base units on a real account, with everything booked so far."""
        self._know_balances(account_id)
        key = (account_id, item_id, lot_id)
        added = self.rows.balances.get(key)
        return self.balances.get(key, 0) + (added[0] if added else 0)

    def lots_held(self, account: BookedAccount, item: BookedItem) -> list[tuple[BookedLot, int]]:
        """Every lot of an item ever booked on a real account, with its balance."""
        self._know_balances(account.account_id)
        lots = self._held.get((account.account_id, item.item_id), ())
        return [(self.lot_by_id(one), self.balance(account.account_id, item.item_id, one)) for one in lots]

    def hold(self, key: BalanceKey) -> None:
        """Remember that a lot was booked on an account."""
        account_id, item_id, lot_id = key
        lots = self._held.get((account_id, item_id), ())
        if lot_id not in lots:
            self._held[account_id, item_id] = (*lots, lot_id)

    def _know_balances(self, account_id: int) -> None:
        if account_id not in self.balanced:
            self.balanced.add(account_id)
            for key, quantity in self.lookup.find_balances(account_id):
                self.balances[key] = quantity
                self.hold(key)

    # Serials

    def serials(self, item: BookedItem, numbers: Sequence[str]) -> list[BookedSerial]:
        """These serials of an item; new ones are made."""
        item_id = item.item_id
        missing = [number for number in numbers if (item_id, number) not in self._serials]
        if missing:
            self._serials.update(((item_id, one.number), one) for one in self.lookup.find_serials(item_id, missing))
        for number in missing:
            if (item_id, number) not in self._serials:
                serial = BookedSerial(self.next_id("serial"), number)
                self._serials[item_id, number] = serial
                self._places[serial.serial_id] = None
                self.rows.serials.append((serial.serial_id, item_id, number))
        return [self._serials[item_id, number] for number in numbers]

    def places(self, serials: Sequence[BookedSerial]) -> list[SerialPlace | None]:
        """Where the book has each of them; None for one that was never booked."""
        missing = [serial.serial_id for serial in serials if serial.serial_id not in self._places]
        if missing:
            self._places.update(dict.fromkeys(missing))
            self._places.update(self.lookup.find_places(missing))
        return [self._places[serial.serial_id] for serial in serials]

    def put(self, serial: BookedSerial, place: SerialPlace) -> None:
        self._places[serial.serial_id] = self.rows.serial_places[serial.serial_id] = place

    # Movements

    def known_movement(self, movement_id: str) -> Movement | None:
        if movement_id not in self._movements:
            self.look_up_movements((movement_id,))
        return self._movements[movement_id]

    def look_up_movements(self, movement_ids: Sequence[str]) -> None:
        """Learn about many movements at once."""
        unasked = [one for one in movement_ids if one not in self._movements]
        if unasked:
            self._movements.update(dict.fromkeys(unasked))
            self._movements.update((known.movement_id, known) for known in self.lookup.find_movements(unasked))

    def is_reversed(self, movement_id: str) -> bool:
        return movement_id in self._reversed or self.lookup.has_reversal(movement_id)

    def keep_movement(self, movement: Movement) -> None:
        self._movements[movement.movement_id] = movement
        self.rows.movements.append(movement)
        if movement.reverses is not None:
            self._reversed.add(movement.reverses)

    def note_closing(
        self, discrepancy_id: int, actor: str, note: str, now_ms: int, ledger_seq: int | None = None
    ) -> None:
        """A person has dealt with it; `ledger_seq`: by this movement."""
        self.rows.discrepancy_closings.append((discrepancy_id, actor, note, now_ms, ledger_seq))

    def next_id(self, table: str) -> int:
        number = self.next_ids.get(table, 1)
        self.next_ids[table] = number + 1
        return number


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
