"""Makes balances, day nets and serial places anew from the postings, and compares them with what the book keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, except_, func, insert, select

from onebook_collector.ledger import tables as t

_DAY_MS = 86_400_000
_ZONE_MS = 8 * 3_600_000  # Asia/Shanghai: what `clock.business_day` computes, in SQL.


def differences(connection: Connection, limit: int | None = None) -> Iterator[str]:
    """Every kept row that is not what the postings give, in words; of each table at most so many. None: bit-identical."""
    for compare in (compared_balances, compared_day_nets, compared_serial_places):
        yield from compare(connection, limit)


def rebuild(connection: Connection) -> list[str]:
    """Put what is made anew in the place of all that is kept. Gives what differed before."""
    found = list(differences(connection))
    for table, made_anew in _MADE_ANEW:
        connection.execute(delete(table))
        connection.execute(insert(table).from_select(list(table.c.keys()), made_anew()))
    return found


def compared_balances(connection: Connection, limit: int | None) -> Iterator[str]:
    for key, kept, made in _differences(connection, t.balance, _balances(), limit):
        yield f"balance of {_named(connection, *key)}: kept {_said(kept)}, its postings give {_said(made)}"


def compared_day_nets(connection: Connection, limit: int | None) -> Iterator[str]:
    for (*key, day), kept, made in _differences(connection, t.day_net, _day_nets(), limit):
        yield f"net of {_named(connection, *key)} on day {day}: kept {_said(kept)}, its postings give {_said(made)}"


def compared_serial_places(connection: Connection, limit: int | None) -> Iterator[str]:
    for (serial_id,), kept, made in _differences(connection, t.serial_place, _serial_places(), limit):
        number = connection.execute(select(t.serial.c.number).where(t.serial.c.serial_id == serial_id)).scalar()
        yield f"place of serial {number}: kept {_at(connection, kept)}, its postings give {_at(connection, made)}"


def _balances() -> Select[Any]:
    p = t.posting.c
    key = (p.account_id, p.item_id, p.lot_id)
    return select(*key, func.sum(p.quantity), func.max(p.ledger_seq)).group_by(*key)


def _day_nets() -> Select[Any]:
    p = t.posting.c
    key = (p.account_id, p.item_id, p.lot_id, (t.movement.c.event_time + _ZONE_MS) // _DAY_MS)
    return select(*key, func.sum(p.quantity)).join(t.movement).group_by(*key)


def _serial_places() -> Select[Any]:
    p, s = t.posting.c, t.posting_serial.c
    newest_first = (p.ledger_seq.desc(), p.line.desc(), p.leg.desc())
    arrivals = (
        select(s.serial_id, p.account_id, p.lot_id, t.movement.c.event_time, p.ledger_seq)
        .add_columns(func.row_number().over(partition_by=s.serial_id, order_by=newest_first).label("age"))
        .select_from(t.posting)
        .join(t.posting_serial)
        .join(t.movement, t.movement.c.ledger_seq == p.ledger_seq)
        .where(p.quantity > 0)
        .subquery()
    )
    return select(*(column for column in arrivals.c if column.name != "age")).where(arrivals.c.age == 1)


_MADE_ANEW: tuple[tuple[Table, Callable[[], Select[Any]]], ...] = (
    (t.balance, _balances),
    (t.day_net, _day_nets),
    (t.serial_place, _serial_places),
)

_Values = tuple[int, ...] | None


def _differences(
    connection: Connection, table: Table, made_anew: Select[Any], limit: int | None
) -> Iterator[tuple[tuple[int, ...], _Values, _Values]]:
    """(key, kept values, values made anew) of every row that is not the same on both sides."""
    keys = len(table.primary_key)
    found: dict[tuple[int, ...], list[_Values]] = {}
    for side, query in enumerate((except_(select(table), made_anew), except_(made_anew, select(table)))):
        for row in connection.execute(query.limit(limit)):
            found.setdefault(tuple(row[:keys]), [None, None])[side] = tuple(row[keys:])
    for key, (kept, made) in sorted(found.items())[:limit]:
        yield key, kept, made


def _said(values: _Values) -> str:
    """The quantity, and the last entry where one is kept."""
    return "nothing" if values is None else ", last entry ".join(str(value) for value in values)


def _at(connection: Connection, values: _Values) -> str:
    if values is None:
        return "nothing"
    account_id, _lot_id, _since_ms, last_seq = values
    code = connection.execute(select(t.account.c.code).where(t.account.c.account_id == account_id)).scalar()
    return f"{code} by entry {last_seq}"


def _named(connection: Connection, account_id: int, item_id: int, lot_id: int) -> str:
    account = connection.execute(select(t.account.c.code).where(t.account.c.account_id == account_id)).scalar()
    item = connection.execute(select(t.item.c.code).where(t.item.c.item_id == item_id)).scalar()
    lot = connection.execute(select(t.lot.c.number).where(t.lot.c.lot_id == lot_id)).scalar()
    return f"{item}, lot {lot!r}, on {account}"
