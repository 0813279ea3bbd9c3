"""What coverage needs beside the book: facilities, prices, declared outages. In the administration's database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects.sqlite import insert as upsert

from onebook_collector.administration import coverage_tables as t
from onebook_collector.administration.audit import AuditEntry, write_audit
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level
from onebook_collector.coverage.spans import Span


class Price(NamedTuple):
    """What one of the item's own unit costs from a day on, and who says so."""

    item: str
    valid_from: date
    price_cny: Decimal
    source: str


class Outage(NamedTuple):
    """Time in which a warehouse need not be heard: works, a power cut that was announced, a typhoon."""

    site_id: str
    from_ms: int
    until_ms: int
    reason: str
    approved_by: str


def facilities(connection: Connection) -> dict[str, Facility]:
    return {row.site_id: facility_of(row._asdict()) for row in connection.execute(select(t.facility))}


def put_facilities(connection: Connection, rows: Iterable[Facility], *, by: str, now_ms: int) -> None:
    """Whether they may be changed so was looked at before (`facility.change_problems`)."""
    before = facilities(connection)
    for one in rows:
        if before.get(one.site_id) == one:
            continue
        _put(connection, t.facility, [facility_row(one)])
        detail = {"approval": one.removal_approval, "reason": one.removal_reason} if one.removed_on else {}
        write_audit(connection, AuditEntry(by, "facility.put", one.site_id, detail=detail), now_ms)


def put_prices(connection: Connection, prices: Iterable[Price], *, by: str, now_ms: int) -> None:
    rows = [
        {**one._asdict(), "valid_from": one.valid_from.isoformat(), "price_cny": str(one.price_cny)} for one in prices
    ]
    _put(connection, t.item_price, rows)
    write_audit(connection, AuditEntry(by, "prices.put", f"{len(rows)} rows"), now_ms)


def put_outages(connection: Connection, outages: Iterable[Outage], *, by: str, now_ms: int) -> None:
    for one in outages:
        _put(connection, t.declared_outage, [{**one._asdict(), "declared_ms": now_ms}])
        detail = {"approved_by": one.approved_by, "reason": one.reason}
        write_audit(connection, AuditEntry(by, "outage.declare", one.site_id, detail=detail), now_ms)


def prices_on(connection: Connection, day: date) -> dict[str, Decimal]:
    """Item -> what one of its own unit costs on this day."""
    p = t.item_price.c
    newest = (
        select(p.item, func.max(p.valid_from).label("valid_from"))
        .where(p.valid_from <= day.isoformat())
        .group_by(p.item)
        .subquery()
    )
    query = select(p.item, p.price_cny).join(newest, (newest.c.item == p.item) & (newest.c.valid_from == p.valid_from))
    return {row.item: Decimal(row.price_cny) for row in connection.execute(query)}


def outages_in(connection: Connection, from_ms: int, until_ms: int) -> dict[str, list[Span]]:
    """Site -> declared outages that overlap [from, until)."""
    o = t.declared_outage.c
    found: dict[str, list[Span]] = {}
    for row in connection.execute(
        select(o.site_id, o.from_ms, o.until_ms).where(o.from_ms < until_ms, o.until_ms > from_ms)
    ):
        found.setdefault(row.site_id, []).append((row.from_ms, row.until_ms))
    return found


def facility_row(one: Facility) -> dict[str, Any]:
    """As it is kept, in the table and in each snapshot."""
    return {
        "site_id": one.site_id,
        "level": one.level.value,
        "kind": one.kind.value,
        "goods": " ".join(sorted(one.goods)),
        "department": one.department,
        "storage_area_m2": str(one.storage_area_m2),
        "systems": " ".join(one.systems),
        "counts_with": one.counts_with,
        "active_since": one.active_since.isoformat() if one.active_since else None,
        "removed_on": one.removed_on.isoformat() if one.removed_on else None,
        "removal_approval": one.removal_approval,
        "removal_reason": one.removal_reason,
    }


def facility_of(row: Mapping[str, Any]) -> Facility:
    return Facility(
        site_id=row["site_id"],
        level=Level(row["level"]),
        kind=Kind(row["kind"]),
        goods=frozenset(Goods(one) for one in row["goods"].split()),
        department=row["department"],
        storage_area_m2=Decimal(row["storage_area_m2"]),
        systems=tuple(row["systems"].split()),
        counts_with=row["counts_with"],
        active_since=_date(row["active_since"]),
        removed_on=_date(row["removed_on"]),
        removal_approval=row["removal_approval"],
        removal_reason=row["removal_reason"],
    )


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    statement = upsert(table)
    key = [column.name for column in table.primary_key]
    values = {column.name: statement.excluded[column.name] for column in table.c if column.name not in key}
    if rows:
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=values), rows)
