"""SqlLookup: what a book asks the database for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import repeat
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, Row, Text, and_, bindparam, case, func, or_, select

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import Account, AccountKind, BookedAccount
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.cursor import Cursor, LogKey
from onebook_collector.ledger.goods import BookedItem, BookedLot, BookedSerial, SerialPlace, Tracking
from onebook_collector.ledger.lookup import BalanceKey, BookedLog, Movement, SetAside, StoredLeg
from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.uplink import Stream

ASKED_AT_ONCE_MAX = 900  # Both databases take thousands of parameters; SQLite before 3.32 took 999.

_KeyT = TypeVar("_KeyT", int, str)
EXISTING_AT_ONCE = 64


@cache
def _sql_existing(dialect: Dialect) -> str:
    asked = [bindparam(f"id_{number}", type_=Text()) for number in range(EXISTING_AT_ONCE)]
    movement_id = t.movement.c.movement_id
    return str(select(movement_id).where(or_(*(movement_id == one for one in asked))).compile(dialect=dialect))


class SqlLookup:
    """Asks within the writer's transaction. `settle` writes what is pending, for the questions about history."""

    def __init__(self, connection: Connection, settle: Callable[[], None]) -> None:
        self._connection = connection
        self._settle = settle

    def find_site_of(self, edge_id: str) -> str | None:
        return self._connection.execute(select(t.edge.c.site_id).where(t.edge.c.edge_id == edge_id)).scalar()

    def find_item(self, code: str) -> BookedItem | None:
        return self._item(t.item.c.code == code)

    def find_item_by_id(self, item_id: int) -> BookedItem | None:
        return self._item(t.item.c.item_id == item_id)

    def find_log(self, key: LogKey) -> BookedLog | None:
        return next(iter(read_logs(self._connection, [key])), None)

    def find_account(self, account: Account) -> BookedAccount | None:
        return self._account(t.account.c.code == account.code)

    def find_account_by_id(self, account_id: int) -> BookedAccount | None:
        return self._account(t.account.c.account_id == account_id)

    def find_lot(self, item_id: int, number: str) -> BookedLot | None:
        return self._lot(and_(t.lot.c.item_id == item_id, t.lot.c.number == number))

    def find_lot_by_id(self, lot_id: int) -> BookedLot | None:
        return self._lot(t.lot.c.lot_id == lot_id)

    def find_serials(self, item_id: int, numbers: Sequence[str]) -> Iterator[BookedSerial]:
        for some in _parts(numbers):
            query = select(t.serial.c.serial_id, t.serial.c.number).where(
                t.serial.c.item_id == item_id, t.serial.c.number.in_(some)
            )
            yield from (BookedSerial(*row) for row in self._connection.execute(query))

    def find_places(self, serial_ids: Sequence[int]) -> Iterator[tuple[int, SerialPlace]]:
        for some in _parts(serial_ids):
            query = select(t.serial_place).where(t.serial_place.c.serial_id.in_(some))
            yield from ((row[0], SerialPlace(*row[1:])) for row in self._connection.execute(query))

    def find_movements(self, movement_ids: Sequence[str]) -> Iterator[Movement]:
        for some in _parts(self._existing(movement_ids)):
            query = select(t.movement).where(t.movement.c.movement_id.in_(some))
            yield from (Movement._make(row) for row in self._connection.execute(query))

    def _existing(self, movement_ids: Sequence[str]) -> list[str]:
        """Which of these there are. Asked for every upload, and mostly there are none: so the text is made only once."""
        sql, existing = _sql_existing(self._connection.dialect), list[str]()
        for some in _parts(movement_ids, EXISTING_AT_ONCE):
            filled = (*some, *repeat(some[0], EXISTING_AT_ONCE - len(some)))
            existing.extend(self._connection.exec_driver_sql(sql, filled).scalars())
        return existing

    def has_reversal(self, movement_id: str) -> bool:
        query = select(t.movement.c.ledger_seq).where(t.movement.c.reverses == movement_id)
        return self._connection.execute(query).first() is not None

    def find_balances(self, account_id: int) -> Iterator[tuple[BalanceKey, int]]:
        query = select(t.balance).where(t.balance.c.account_id == account_id)
        for row in self._connection.execute(query):
            yield (row[0], row[1], row[2]), row[3]

    def find_hash(self, log_id: int, sequence: int) -> bytes | None:
        where = and_(t.envelope.c.log_id == log_id, t.envelope.c.sequence == sequence)
        return self._connection.execute(select(t.envelope.c.chain_hash).where(where)).scalar()

    def has_fork(self, log_id: int, digest: str) -> bool:
        self._settle()
        query = select(t.fork.c.fork_id).where(t.fork.c.log_id == log_id, t.fork.c.digest == digest)
        return self._connection.execute(query).first() is not None

    def set_aside(self, log_id: int, sequence: int) -> SetAside | None:
        self._settle()
        envelope, decision = t.envelope.c, t.quarantine_decision.c
        same = and_(decision.log_id == envelope.log_id, decision.sequence == envelope.sequence)
        query = (
            select(
                *envelope["log_id", "body", "chain_hash", "event_time", "time_quality"], decision.log_id.is_not(None)
            )
            .outerjoin(t.quarantine_decision, same)
            .where(envelope.log_id == log_id, envelope.sequence == sequence)
            .where(envelope.verdict == VerdictKind.QUARANTINED.value)
        )
        row = self._connection.execute(query).first()
        return SetAside._make(row) if row else None

    def is_open(self, discrepancy_id: int) -> bool:
        self._settle()
        closed = t.discrepancy_closing.c.discrepancy_id
        query = select(t.discrepancy.c.discrepancy_id).outerjoin(t.discrepancy_closing)
        query = query.where(t.discrepancy.c.discrepancy_id == discrepancy_id, closed.is_(None))
        return self._connection.execute(query).first() is not None

    def open_discrepancy(self, ledger_seq: int, kind: str) -> int | None:
        self._settle()
        closed = t.discrepancy_closing.c.discrepancy_id
        query = (
            select(t.discrepancy.c.discrepancy_id)
            .outerjoin(t.discrepancy_closing)
            .where(t.discrepancy.c.ledger_seq == ledger_seq, t.discrepancy.c.kind == kind, closed.is_(None))
        )
        return self._connection.execute(query).scalar()

    def body(self, log_id: int, sequence: int) -> bytes:
        self._settle()
        where = and_(t.envelope.c.log_id == log_id, t.envelope.c.sequence == sequence)
        body: bytes = self._connection.execute(select(t.envelope.c.body).where(where)).scalar_one()
        return body

    def legs(self, ledger_seq: int) -> list[StoredLeg]:
        self._settle()
        serials: dict[tuple[int, int], list[BookedSerial]] = {}
        named = (
            select(*t.posting_serial.c["line", "leg", "serial_id"], t.serial.c.number)
            .join(t.serial)
            .where(t.posting_serial.c.ledger_seq == ledger_seq)
            .order_by(t.posting_serial.c.line, t.posting_serial.c.leg, t.posting_serial.c.position)
        )
        for row in self._connection.execute(named):
            serials.setdefault((row.line, row.leg), []).append(BookedSerial(row.serial_id, row.number))
        legs = (
            select(*t.posting.c["line", "leg", "account_id", "item_id", "lot_id", "quantity"])
            .where(t.posting.c.ledger_seq == ledger_seq)
            .order_by(t.posting.c.line, t.posting.c.leg)
        )
        return [
            StoredLeg(
                one.line,
                one.account_id,
                one.item_id,
                one.lot_id,
                one.quantity,
                tuple(serials.get((one.line, one.leg), ())),
            )
            for one in self._connection.execute(legs)
        ]

    def net_after(self, account_id: int, item_id: int, lot_id: int | None, event_time: int) -> int:
        self._settle()
        query = select(func.coalesce(func.sum(t.posting.c.quantity), 0)).where(
            _on(account_id, item_id, lot_id), t.posting.c.event_time > event_time
        )
        return int(self._connection.execute(query).scalar_one())

    def serials_at(self, account_id: int, item_id: int, lot_id: int | None, event_time: int) -> set[str]:
        self._settle()
        net = func.sum(case((t.posting.c.quantity > 0, 1), else_=-1))
        query = (
            select(t.serial.c.number)
            .select_from(t.posting.join(t.posting_serial).join(t.serial))
            .where(_on(account_id, item_id, lot_id), t.posting.c.event_time <= event_time)
            .group_by(t.serial.c.serial_id, t.serial.c.number)
            .having(net > 0)
        )
        return set(self._connection.execute(query).scalars())

    def _item(self, where: ColumnElement[bool]) -> BookedItem | None:
        row = self._connection.execute(select(*t.item.c["item_id", "code", "tracking"]).where(where)).first()
        if row is None:
            return None
        units = select(*t.item_unit.c["unit_code", "numerator", "denominator"]).where(t.item_unit.c.item_id == row[0])
        worth = {code: (numerator, denominator) for code, numerator, denominator in self._connection.execute(units)}
        return BookedItem(row[0], row[1], row[2] == Tracking.SERIAL, worth)

    def _account(self, where: ColumnElement[bool]) -> BookedAccount | None:
        row = self._connection.execute(select(t.account).where(where)).first()
        return BookedAccount(row[0], row[1], Account(*row[2:]), row[2] == AccountKind.REAL) if row else None

    def _lot(self, where: ColumnElement[bool]) -> BookedLot | None:
        columns = t.lot.c["lot_id", "number", "produced_on", "expires_on"]
        row = self._connection.execute(select(*columns).where(where)).first()
        return BookedLot(*row) if row else None


def read_logs(connection: Connection, keys: Iterable[LogKey]) -> Iterator[BookedLog]:
    """The logs among these that the book holds."""
    for key in keys:
        where = and_(t.log.c.edge_id == key.edge_id, t.log.c.epoch == key.epoch, t.log.c.stream == str(key.stream))
        row = connection.execute(select(t.log).where(where)).first()
        if row is not None:
            yield log_of(row)


def log_of(row: Row[*tuple[object, ...]]) -> BookedLog:
    algorithm = HashAlgorithm(row.hash_algorithm)
    cursor = Cursor(row.accepted_through, row.head, bool(row.is_forked), row.last_event_ms, algorithm)
    key = LogKey(row.edge_id, row.epoch, Stream(row.stream))
    return BookedLog(row.log_id, key, cursor, row.waiting, row.first_received_ms, row.last_received_ms)


def _on(account_id: int, item_id: int, lot_id: int | None) -> ColumnElement[bool]:
    on = and_(t.posting.c.account_id == account_id, t.posting.c.item_id == item_id)
    return on if lot_id is None else and_(on, t.posting.c.lot_id == lot_id)


def _parts(keys: Sequence[_KeyT], size: int = ASKED_AT_ONCE_MAX) -> Iterator[Sequence[_KeyT]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
