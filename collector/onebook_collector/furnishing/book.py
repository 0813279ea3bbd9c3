"""What the documents of a warehouse say of the book. Every function takes the connection of one read, and opens nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select

from onebook_collector.ledger import queries
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.queries import BalanceFilter, ItemName
from onebook_collector.ledger.queries.names import ITEM_COLUMNS, OWN_UNIT, item_name
from onebook_collector.ledger.registry import Site
from onebook_schemas.reference import TakenThrough
from onebook_schemas.uplink import Stream

JOURNALS_MAX = 1_000
SERIALS_MAX = 5_000
"""Serial numbers of one line. A line with more has none: who must know asks the centre."""


@dataclass(frozen=True, slots=True)
class BookSeen:
    """Where the book stands, and which sites' goods were moved since it was looked at last."""

    ledger_seq: int
    generation: int
    sites: Mapping[str, Site]
    edges: Mapping[str, str]  # Edge -> site.
    taken: Mapping[str, tuple[TakenThrough, ...]]  # Edge -> its journals.
    moved: frozenset[str]


@dataclass(frozen=True, slots=True)
class SiteStock:
    """The balances of a site, and what is in them of its edges' journals: of one moment."""

    lines: tuple[queries.BalanceLine, ...]
    serials: Mapping[tuple[str, str, str | None], tuple[str, ...]]  # By account code, item and lot.
    taken: Mapping[str, tuple[TakenThrough, ...]]


@dataclass(frozen=True, slots=True)
class Booked:
    """Goods of a document that came into a bin of the site (above zero), left it, or were counted there; in base units."""

    document_no: str
    item: ItemName
    lot: str | None
    bin: str
    quantity: int
    is_count: bool = False


def look(connection: Connection, after_seq: int | None) -> BookSeen:
    """`after_seq`: what was moved behind this entry of the book; None: that does not matter."""
    row = connection.execute(select(t.sequencer)).one()
    return BookSeen(
        row.ledger_seq,
        row.generation,
        {site.site_id: site for site in queries.sites(connection)},
        queries.edges(connection),
        _taken(connection),
        frozenset() if after_seq in (None, row.ledger_seq) else _moved(connection, after_seq or 0),
    )


def stock_of(connection: Connection, site_id: str, edges: Collection[str]) -> SiteStock:
    lines = queries.balances(connection, BalanceFilter(site_id=site_id))
    taken = _taken(connection)
    return SiteStock(tuple(lines), _serials(connection, site_id), {edge: taken.get(edge, ()) for edge in edges})


def booked_for(connection: Connection, site_id: str, document_numbers: Collection[str]) -> list[Booked]:
    """What was booked at a site for these documents, and not taken back."""
    p = t.posting.c
    moved = (
        select(t.movement.c.document_no, p.quantity, *_GOODS)
        .select_from(t.movement)
        .join(t.posting, p.ledger_seq == t.movement.c.ledger_seq)
        .join(t.account, t.account.c.account_id == p.account_id)
        .join(t.item, t.item.c.item_id == p.item_id)
        .join(t.item_unit, OWN_UNIT)
        .join(t.lot, t.lot.c.lot_id == p.lot_id)
        .where(*_of_documents(site_id, document_numbers))
    )
    c = t.count_assertion.c
    counted = (
        select(t.movement.c.document_no, c.counted.label("quantity"), *_GOODS)
        .select_from(t.movement)
        .join(t.count_assertion, c.ledger_seq == t.movement.c.ledger_seq)
        .join(t.account, t.account.c.account_id == c.account_id)
        .join(t.item, t.item.c.item_id == c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .outerjoin(t.lot, t.lot.c.lot_id == c.lot_id)
        .where(*_of_documents(site_id, document_numbers))
    )
    return [
        Booked(
            row.document_no, item_name(row), row.lot_number or None, row.bin, row.quantity, is_count=query is counted
        )
        for query in (moved, counted)
        for row in connection.execute(query)
    ]


def worths_of(connection: Connection, items: Collection[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """By item and unit code: one unit is numerator/denominator base units."""
    query = select(t.item.c.code, *t.item_unit.c["unit_code", "numerator", "denominator"]).join(t.item_unit)
    rows = connection.execute(query.where(t.item.c.code.in_(items)))
    return {(row.code, row.unit_code): (row.numerator, row.denominator) for row in rows}


def catalogue_rows(connection: Connection) -> list[tuple[Any, list[Any]]]:
    """Every item with its units, its own first."""
    units: dict[int, list[Any]] = defaultdict(list)
    for unit in connection.execute(select(t.item_unit).order_by(t.item_unit.c.unit_code)):
        units[unit.item_id].append(unit)
    items = connection.execute(select(t.item).order_by(t.item.c.code)).all()
    return [(one, sorted(units[one.item_id], key=lambda unit: unit.unit_code != one.unit_code)) for one in items]


_GOODS = (*ITEM_COLUMNS, t.account.c.bin, t.lot.c.number.label("lot_number"))
_reversal = t.movement.alias("reversal")


def _of_documents(site_id: str, numbers: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    taken_back = exists().where(_reversal.c.reverses == t.movement.c.movement_id)
    account = t.account.c
    here = (account.site_id == site_id, account.kind == AccountKind.REAL.value)
    return t.movement.c.document_no.in_(numbers), ~taken_back, *here


def _moved(connection: Connection, after_seq: int) -> frozenset[str]:
    """Sites whose goods were moved or counted; a count that agrees with the book has no postings."""
    touched = select(t.account.c.site_id).join(t.posting, t.posting.c.account_id == t.account.c.account_id)
    reported = select(t.movement.c.site_id).where(t.movement.c.ledger_seq > after_seq)
    query = touched.where(t.posting.c.ledger_seq > after_seq).union(reported)
    return frozenset(filter(None, connection.execute(query).scalars()))


def _taken(connection: Connection) -> dict[str, tuple[TakenThrough, ...]]:
    """The journals of every edge, the newest last."""
    query = select(*t.log.c["edge_id", "epoch", "accepted_through"]).where(t.log.c.stream == Stream.JOURNAL.value)
    found: dict[str, list[TakenThrough]] = defaultdict(list)
    for row in connection.execute(query.order_by(t.log.c.first_received_ms, t.log.c.log_id)):
        found[row.edge_id].append(TakenThrough(epoch=row.epoch, sequence=row.accepted_through))
    return {edge_id: tuple(journals[-JOURNALS_MAX:]) for edge_id, journals in found.items()}


def _serials(connection: Connection, site_id: str) -> dict[tuple[str, str, str | None], tuple[str, ...]]:
    query = (
        select(t.account.c.code, t.item.c.code.label("item"), t.lot.c.number.label("lot"), t.serial.c.number)
        .select_from(t.serial_place)
        .join(t.serial, t.serial.c.serial_id == t.serial_place.c.serial_id)
        .join(t.account, t.account.c.account_id == t.serial_place.c.account_id)
        .join(t.item, t.item.c.item_id == t.serial.c.item_id)
        .join(t.lot, t.lot.c.lot_id == t.serial_place.c.lot_id)
        .where(t.account.c.site_id == site_id, t.account.c.kind == AccountKind.REAL.value)
        .order_by(t.serial.c.number)
    )
    found: dict[tuple[str, str, str | None], list[str]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.code, row.item, row.lot or None].append(row.number)
    return {key: tuple(numbers) for key, numbers in found.items() if len(numbers) <= SERIALS_MAX}
