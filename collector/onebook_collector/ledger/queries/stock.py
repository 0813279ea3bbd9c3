"""What there is, and where: balances now, as of a moment, or as known at a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, Subquery, case, func, select, union_all

from onebook_collector.clock import BUSINESS_ZONE, business_date, business_day
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import Account, AccountKind
from onebook_collector.ledger.queries.names import (
    ITEM_COLUMNS,
    LOT_COLUMNS,
    OWN_UNIT,
    ItemName,
    LotName,
    item_name,
    lot_name,
)
from onebook_collector.ledger.queries.sight import ELSEWHERE, account_seen, item_seen, leg_named
from onebook_collector.scope import EVERYTHING, Scope

_FETCHED_AT_ONCE = 1_000
PLACE_COLUMNS = tuple(t.account.c[name].label(f"place_{name}") for name in Account._fields)
"""What `place_of` reads."""


@dataclass(frozen=True, slots=True)
class BalanceFilter:
    """Which balances. `division` is the beginning of a division code; an empty lot means the unknown lot.

    `as_of_ms`: counting what happened up to then (event time). `known_at_ms`: counting what the centre had received by then. With
    both: what was known then about then. With neither: what is booked now.
    """

    site_id: str | None = None
    division: str | None = None
    item: str | None = None
    lot: str | None = None
    serial: str | None = None
    as_of_ms: int | None = None
    known_at_ms: int | None = None
    kinds: tuple[str, ...] | None = (AccountKind.REAL,)  # None: all accounts, the virtual ones too.
    zero: bool = False  # Also what is booked out again.


@dataclass(frozen=True, slots=True)
class BalanceLine:
    place: Account
    item: ItemName
    lot: LotName
    quantity: int  # Base units.

    @property
    def amount(self) -> Decimal:
        return self.item.amount(self.quantity)


@dataclass(frozen=True, slots=True)
class SerialWhereabouts:
    """Where the book has one serial: since when, by event time, and by which entry."""

    item: ItemName
    number: str
    place: Account
    lot: LotName
    since_ms: int | None  # None: it is elsewhere.
    ledger_seq: int | None


def balances(connection: Connection, asked: BalanceFilter, *, scope: Scope = EVERYTHING) -> list[BalanceLine]:
    """By item, place and lot."""
    return list(each_balance(connection, asked, scope=scope))


def each_balance(connection: Connection, asked: BalanceFilter, *, scope: Scope = EVERYTHING) -> Iterator[BalanceLine]:
    """The same, without holding more than some of them at a time."""
    sums = _sums(asked)
    query = (
        select(sums.c.quantity, *PLACE_COLUMNS, *ITEM_COLUMNS, *LOT_COLUMNS)
        .select_from(sums)
        .join(t.account, t.account.c.account_id == sums.c.account_id)
        .join(t.item, t.item.c.item_id == sums.c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .join(t.lot, t.lot.c.lot_id == sums.c.lot_id)
        .order_by(t.item.c.code, t.account.c.code, t.lot.c.number)
    )
    query = query.where(account_seen(scope), item_seen(scope))
    found = connection.execute(_narrowed(query, asked, sums), execution_options={"yield_per": _FETCHED_AT_ONCE})
    for row in found:
        yield BalanceLine(place_of(row), item_name(row), lot_name(row), int(row.quantity))


def whereabouts(
    connection: Connection, number: str, *, item: str | None = None, scope: Scope = EVERYTHING
) -> list[SerialWhereabouts]:
    """Where a serial number is, or that it is elsewhere; of several items, if no item is named."""
    query = (
        select(t.serial.c.number, *t.serial_place.c["since_ms", "last_seq"])
        .add_columns(*PLACE_COLUMNS, *ITEM_COLUMNS, *LOT_COLUMNS, leg_named(scope).label("is_named"))
        .select_from(t.serial)
        .join(t.serial_place, t.serial_place.c.serial_id == t.serial.c.serial_id)
        .join(t.account, t.account.c.account_id == t.serial_place.c.account_id)
        .join(t.item, t.item.c.item_id == t.serial.c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .join(t.lot, t.lot.c.lot_id == t.serial_place.c.lot_id)
        .where(t.serial.c.number == number, item_seen(scope))
        .order_by(t.item.c.code)
    )
    if item is not None:
        query = query.where(t.item.c.code == item)
    return [
        SerialWhereabouts(item_name(row), number, place_of(row), lot_name(row), row.since_ms, row.last_seq)
        if row.is_named
        else SerialWhereabouts(item_name(row), number, ELSEWHERE, lot_name(row), None, None)
        for row in connection.execute(query)
    ]


def place_of(row: Any) -> Account:
    return Account(*(getattr(row, f"place_{name}") for name in Account._fields))


def _sums(asked: BalanceFilter) -> Subquery:
    """Base units by account, item and lot, from the smallest table that knows."""
    if asked.serial is not None:
        return _summed(_postings(asked, case((t.posting.c.quantity > 0, 1), else_=-1)).join(t.posting_serial).join(
            t.serial).where(t.serial.c.number == asked.serial))  # fmt: skip
    if asked.known_at_ms is not None:
        return _summed(_postings(asked, t.posting.c.quantity))
    if asked.as_of_ms is not None:
        day = business_day(asked.as_of_ms)
        whole_days = select(*t.day_net.c["account_id", "item_id", "lot_id"], t.day_net.c.net.label("quantity")).where(
            t.day_net.c.business_day < day
        )
        this_day = _postings(asked, t.posting.c.quantity).where(t.movement.c.event_time >= _day_began_ms(day))
        return _summed(union_all(whole_days, this_day).subquery())
    return select(*t.balance.c["account_id", "item_id", "lot_id", "quantity"]).subquery()


def _postings(asked: BalanceFilter, quantity: Any) -> Select[Any]:
    key = t.posting.c["account_id", "item_id", "lot_id"]
    query = select(*key, quantity.label("quantity")).join(t.movement)
    if asked.as_of_ms is not None:
        query = query.where(t.movement.c.event_time <= asked.as_of_ms)
    if asked.known_at_ms is not None:
        query = query.where(t.movement.c.recorded_at <= asked.known_at_ms)
    return query


def _summed(rows: Select[Any] | Subquery) -> Subquery:
    each = rows.subquery() if isinstance(rows, Select) else rows
    key = each.c["account_id", "item_id", "lot_id"]
    return select(*key, func.sum(each.c.quantity).label("quantity")).group_by(*key).subquery()


def _narrowed(query: Select[Any], asked: BalanceFilter, sums: Subquery) -> Select[Any]:
    if not asked.zero:
        query = query.where(sums.c.quantity != 0)
    if asked.kinds is not None:
        query = query.where(t.account.c.kind.in_(asked.kinds))
    if asked.site_id is not None:
        query = query.where(t.account.c.site_id == asked.site_id)
    if asked.division is not None:
        inside = t.site.c.division_code.startswith(asked.division, autoescape=True)
        query = query.where(t.account.c.site_id.in_(select(t.site.c.site_id).where(inside)))
    if asked.item is not None:
        query = query.where(t.item.c.code == asked.item)
    if asked.lot is not None:
        query = query.where(t.lot.c.number == asked.lot)
    return query


def _day_began_ms(day: int) -> int:
    """The first moment of a business day, Unix milliseconds."""
    return int(datetime.combine(business_date(day), time(), BUSINESS_ZONE).timestamp()) * 1_000
