"""Names: sites, edges, logs, items - and where the book stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.lookup import BookedLog
from onebook_collector.ledger.queries.sight import edge_seen, site_seen
from onebook_collector.ledger.registry import Site
from onebook_collector.ledger.sql_lookup import log_of
from onebook_collector.scope import EVERYTHING, Scope
from onebook_schemas.quantities import from_base_units


class ItemName(NamedTuple):
    """An item as people call it, and the unit that they count it in: so many base units are one of it."""

    code: str
    name_zh: str
    name_en: str
    category: str
    unit_code: str
    unit_zh: str
    worth: tuple[int, int]

    def amount(self, base_units: int) -> Decimal:
        """Base units said in the item's unit, exactly."""
        return from_base_units(base_units, *self.worth)


class LotName(NamedTuple):
    """A lot; the number is None for the item's unknown lot. Dates are ISO 8601 civil dates."""

    number: str | None
    produced_on: str | None
    expires_on: str | None


ITEM_COLUMNS = (
    *t.item.c["code", "name_zh", "name_en", "category", "unit_code", "unit_zh"],
    *t.item_unit.c["numerator", "denominator"],
)
"""What `item_name` reads. The unit is that of the item itself: join with `OWN_UNIT`."""

OWN_UNIT = (t.item_unit.c.item_id == t.item.c.item_id) & (t.item_unit.c.unit_code == t.item.c.unit_code)


def item_name(row: Row[Any]) -> ItemName:
    plain = (row.code, row.name_zh, row.name_en, row.category, row.unit_code, row.unit_zh)
    return ItemName(*plain, (row.numerator, row.denominator))


def lot_name(row: Row[Any]) -> LotName:
    return LotName(row.lot_number or None, row.produced_on, row.expires_on)


LOT_COLUMNS = (t.lot.c.number.label("lot_number"), *t.lot.c["produced_on", "expires_on"])


def sites(connection: Connection, *, division: str = "", scope: Scope = EVERYTHING) -> list[Site]:
    """Warehouses by their identifier; `division` is the beginning of a division code."""
    query = (
        select(t.site)
        .where(t.site.c.division_code.startswith(division, autoescape=True), site_seen(scope))
        .order_by(t.site.c.site_id)
    )
    return [Site._make(row) for row in connection.execute(query)]


def edges(connection: Connection, *, scope: Scope = EVERYTHING) -> dict[str, str]:
    """Registered edges and the sites where they stand."""
    seen = edge_seen(scope, t.edge.c.edge_id)
    query = select(*t.edge.c["edge_id", "site_id"]).where(seen).order_by(t.edge.c.edge_id)
    return {row.edge_id: row.site_id for row in connection.execute(query)}


def edge_is_registered(connection: Connection, edge_id: str) -> bool:
    """Anywhere: a name is given once in the province."""
    return connection.execute(select(t.edge.c.edge_id).where(t.edge.c.edge_id == edge_id)).first() is not None


def edges_heard(connection: Connection) -> tuple[Mapping[str, str], Mapping[str, int]]:
    """Registered edges with their sites, and when an upload of each edge was last booked (Unix ms)."""
    newest = func.max(t.log.c.last_received_ms).label("heard_ms")
    heard = connection.execute(select(t.log.c.edge_id, newest).group_by(t.log.c.edge_id))
    return edges(connection), {row.edge_id: row.heard_ms for row in heard}


def logs(connection: Connection, *, edge_id: str | None = None, scope: Scope = EVERYTHING) -> list[BookedLog]:
    """Every log with its cursor, and what its edge still held behind it; the newest epoch of an edge last."""
    seen = select(t.log).where(edge_seen(scope, t.log.c.edge_id))
    query = seen.order_by(t.log.c.edge_id, t.log.c.first_received_ms, t.log.c.log_id)
    if edge_id is not None:
        query = query.where(t.log.c.edge_id == edge_id)
    return [log_of(row) for row in connection.execute(query)]


def items(connection: Connection) -> list[ItemName]:
    """The catalogue, by code."""
    query = select(*ITEM_COLUMNS).join(t.item_unit, OWN_UNIT).order_by(t.item.c.code)
    return [item_name(row) for row in connection.execute(query)]


def item_of_gtin(connection: Connection, gtin: str) -> tuple[str, str] | None:
    """(item code, unit code) that a GTIN stands for: a carton is another unit of the same item."""
    query = select(t.item.c.code, t.item_unit.c.unit_code).join(t.item_unit).where(t.item_unit.c.gtin == gtin)
    row = connection.execute(query).first()
    return (row.code, row.unit_code) if row else None


def head(connection: Connection) -> tuple[int, bytes]:
    """The last ledger_seq and its hash."""
    row = connection.execute(select(*t.sequencer.c["ledger_seq", "head"])).one()
    return row.ledger_seq, row.head


def feed_epoch(connection: Connection) -> str:
    """Names this life of the book: cursors from before a restore are of another epoch."""
    query = select(t.feed_epoch.c.feed_epoch).order_by(t.feed_epoch.c.ledger_seq.desc()).limit(1)
    found: str = connection.execute(query).scalar_one()
    return found


def checkpoints(connection: Connection, *, before_ms: int | None = None, limit: int = 100) -> Sequence[Row[Any]]:
    """What was signed, the newest first. Of the whole book."""
    query = select(t.checkpoint).order_by(t.checkpoint.c.made_at.desc()).limit(limit)
    if before_ms is not None:
        query = query.where(t.checkpoint.c.made_at < before_ms)
    return connection.execute(query).all()


class BookFigures(NamedTuple):
    """The book in three numbers."""

    last_ledger_seq: int
    quarantine_waiting: int
    discrepancies_open: int


def figures(connection: Connection) -> BookFigures:
    decided, closed = t.quarantine_decision.c, t.discrepancy_closing.c
    aside = select(func.count()).select_from(t.envelope).where(t.envelope.c.verdict == VerdictKind.QUARANTINED.value)
    decisions = connection.execute(select(func.count(decided.sequence))).scalar_one()
    opened = connection.execute(select(func.count(t.discrepancy.c.discrepancy_id))).scalar_one()
    closings = connection.execute(select(func.count(closed.discrepancy_id))).scalar_one()
    return BookFigures(head(connection)[0], connection.execute(aside).scalar_one() - decisions, opened - closings)
