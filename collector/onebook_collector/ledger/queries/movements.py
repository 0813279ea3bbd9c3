"""Entries of the book with their lines: pages for people, a gapless feed for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Select, Table, and_, func, select

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import Account
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.lookup import Movement
from onebook_collector.ledger.queries.names import (
    ITEM_COLUMNS,
    LOT_COLUMNS,
    OWN_UNIT,
    ItemName,
    LotName,
    item_name,
    lot_name,
)
from onebook_collector.ledger.queries.sight import ELSEWHERE, account_seen, item_seen, leg_named, movement_seen
from onebook_collector.ledger.queries.stock import PLACE_COLUMNS, place_of
from onebook_collector.scope import EVERYTHING, Scope
from onebook_schemas.uplink import Stream


@dataclass(frozen=True, slots=True)
class LegEntry:
    """What one place gave (below zero) or took, in base units."""

    place: Account
    lot: LotName
    quantity: int
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LineEntry:
    line: int
    item: ItemName
    legs: tuple[LegEntry, ...]


@dataclass(frozen=True, slots=True)
class CountEntry:
    """A count beside the book as of then, in base units. No lot: all lots of the bin together."""

    place: Account
    item: ItemName
    lot: LotName | None
    counted: int
    book_at: int
    difference: int
    counted_at_ms: int


@dataclass(frozen=True, slots=True)
class SaidBeside:
    """What the fact says and the book has no column for. The entry's hash covers it, through the envelope's."""

    second_actor: str | None = None
    rotation: str | None = None
    papers: str | None = None


@dataclass(frozen=True, slots=True)
class MovementEntry:
    """One entry. `origin` is None for what was done at the centre."""

    row: Movement
    origin: LogKey | None
    lines: tuple[LineEntry, ...]
    count: CountEntry | None
    reversed_by: str | None  # movement_id
    beside: SaidBeside = SaidBeside()


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which entries. `division` is the beginning of a division code; an empty lot means the unknown lot."""

    site_id: str | None = None
    division: str | None = None
    kind: str | None = None
    document_no: str | None = None
    actor: str | None = None
    item: str | None = None
    lot: str | None = None
    serial: str | None = None
    from_ms: int | None = None  # Event time, inclusive.
    until_ms: int | None = None  # Event time, exclusive.
    before_seq: int | None = None


def movements(
    connection: Connection, asked: MovementFilter, *, limit: int = 50, scope: Scope = EVERYTHING
) -> list[MovementEntry]:
    """The newest first."""
    query = _narrowed(select(t.movement), asked).order_by(t.movement.c.ledger_seq.desc()).limit(limit)
    return _with_lines(connection, query, scope)


def feed(connection: Connection, after_seq: int, *, limit: int = 500, scope: Scope = EVERYTHING) -> list[MovementEntry]:
    """What follows a ledger_seq, in order and without a hole in the scope. Keep `feed_epoch` beside the cursor."""
    query = select(t.movement).where(t.movement.c.ledger_seq > after_seq).order_by(t.movement.c.ledger_seq).limit(limit)
    return _with_lines(connection, query, scope)


def newest_seq(connection: Connection, *, scope: Scope = EVERYTHING, through: int | None = None) -> int:
    """The last ledger_seq that is in scope, up to `through`; 0: none."""
    query = select(t.movement.c.ledger_seq).where(movement_seen(scope)).order_by(t.movement.c.ledger_seq.desc())
    if through is not None:
        query = query.where(t.movement.c.ledger_seq <= through)
    return connection.execute(query.limit(1)).scalar() or 0


def count_movements(connection: Connection, *, scope: Scope = EVERYTHING, from_ms: int | None = None) -> int:
    """How many are in scope; `from_ms`: that happened then or later."""
    query = select(func.count()).select_from(t.movement).where(movement_seen(scope))
    if from_ms is not None:
        query = query.where(t.movement.c.event_time >= from_ms)
    return connection.execute(query).scalar_one()


def history(
    connection: Connection,
    item: str,
    *,
    lot: str | None = None,
    serial: str | None = None,
    scope: Scope = EVERYTHING,
) -> list[MovementEntry]:
    """The life of a lot or of one piece: every entry that moved it, oldest first."""
    asked = MovementFilter(item=item, lot=lot, serial=serial)
    return _with_lines(connection, _narrowed(select(t.movement), asked).order_by(t.movement.c.ledger_seq), scope)


def movement(connection: Connection, movement_id: str, *, scope: Scope = EVERYTHING) -> MovementEntry | None:
    found = _with_lines(connection, select(t.movement).where(t.movement.c.movement_id == movement_id), scope)
    return found[0] if found else None


def _narrowed(query: Select[Any], asked: MovementFilter) -> Select[Any]:
    column = t.movement.c
    for name in ("site_id", "kind", "document_no", "actor"):
        wanted = getattr(asked, name)
        if wanted is not None:
            query = query.where(column[name] == wanted)
    if asked.from_ms is not None:
        query = query.where(column.event_time >= asked.from_ms)
    if asked.until_ms is not None:
        query = query.where(column.event_time < asked.until_ms)
    if asked.division is not None:
        inside = t.site.c.division_code.startswith(asked.division, autoescape=True)
        query = query.where(column.site_id.in_(select(t.site.c.site_id).where(inside)))
    if asked.before_seq is not None:
        query = query.where(column.ledger_seq < asked.before_seq)
    if asked.item is not None or asked.lot is not None or asked.serial is not None:
        query = query.where(column.ledger_seq.in_(_touching(asked)))
    return query


def _touching(asked: MovementFilter) -> Select[Any]:
    """Entries that move these goods, or count them."""
    moving, counting = _of_goods(t.posting, asked), _of_goods(t.count_assertion, asked)
    if asked.serial is not None:
        p, s = t.posting.c, t.posting_serial.c
        same_leg = and_(s.ledger_seq == p.ledger_seq, s.line == p.line, s.leg == p.leg)
        moving = moving.join(t.posting_serial, same_leg).join(t.serial, t.serial.c.serial_id == s.serial_id)
        return moving.where(t.serial.c.number == asked.serial)
    either = moving.union(counting).subquery()
    return select(either.c.ledger_seq)


def _of_goods(table: Table, asked: MovementFilter) -> Select[Any]:
    query = select(table.c.ledger_seq).select_from(table)
    if asked.item is not None:
        query = query.join(t.item, t.item.c.item_id == table.c.item_id).where(t.item.c.code == asked.item)
    if asked.lot is not None:
        query = query.join(t.lot, t.lot.c.lot_id == table.c.lot_id).where(t.lot.c.number == asked.lot)
    return query


def _with_lines(connection: Connection, query: Select[Any], scope: Scope) -> list[MovementEntry]:
    rows = [Movement._make(row) for row in connection.execute(query.where(movement_seen(scope)))]
    seqs = [row.ledger_seq for row in rows]
    origins = _origins(connection, rows)
    lines = _lines(connection, seqs, scope)
    counts = _counts(connection, seqs, scope)
    reversals = _reversals(connection, rows, scope)
    beside = _said_beside(connection, seqs)
    return [
        MovementEntry(
            row,
            origins[row.log_id] if row.log_id is not None else None,
            tuple(lines.get(row.ledger_seq, ())),
            counts.get(row.ledger_seq),
            reversals.get(row.movement_id),
            beside.get(row.ledger_seq, SaidBeside()),
        )
        for row in rows
    ]


def _origins(connection: Connection, rows: Sequence[Movement]) -> Mapping[int, LogKey]:
    wanted = {row.log_id for row in rows if row.log_id is not None}
    query = select(*t.log.c["log_id", "edge_id", "epoch", "stream"]).where(t.log.c.log_id.in_(wanted))
    return {row.log_id: LogKey(row.edge_id, row.epoch, Stream(row.stream)) for row in connection.execute(query)}


def _said_beside(connection: Connection, seqs: Sequence[int]) -> Mapping[int, SaidBeside]:
    """From the envelopes; where a person put another fact in the place of one in quarantine, from that."""
    movement, envelope, decision = t.movement.c, t.envelope.c, t.quarantine_decision.c
    query = (
        select(movement.ledger_seq, func.coalesce(decision.replacement, envelope.body).label("body"))
        .select_from(t.movement)
        .join(t.envelope, and_(envelope.log_id == movement.log_id, envelope.sequence == movement.sequence))
        .outerjoin(
            t.quarantine_decision, and_(decision.log_id == envelope.log_id, decision.sequence == envelope.sequence)
        )
        .where(movement.ledger_seq.in_(seqs))
    )
    found = {}
    for row in connection.execute(query):
        said = from_json(row.body)
        fact = said.get("fact", said)  # A replacement is a fact without its envelope.
        found[row.ledger_seq] = SaidBeside(*(fact.get(name) for name in ("second_actor", "rotation", "papers")))
    return found


def _reversals(connection: Connection, rows: Sequence[Movement], scope: Scope) -> Mapping[str, str]:
    query = select(*t.movement.c["reverses", "movement_id"]).where(
        t.movement.c.reverses.in_([row.movement_id for row in rows]), movement_seen(scope)
    )
    return {row.reverses: row.movement_id for row in connection.execute(query)}


def _lines(connection: Connection, seqs: Sequence[int], scope: Scope) -> Mapping[int, list[LineEntry]]:
    """Of a movement in scope, the lines with goods that concern it; a place that is out of sight is "elsewhere"."""
    serials = _serials(connection, seqs)
    query = (
        select(*t.posting.c["ledger_seq", "line", "leg", "quantity"], *PLACE_COLUMNS, *ITEM_COLUMNS, *LOT_COLUMNS)
        .add_columns(leg_named(scope).label("is_named"), account_seen(scope).label("is_seen"))
        .select_from(t.posting)
        .join(t.account)
        .join(t.item, t.item.c.item_id == t.posting.c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .join(t.lot, t.lot.c.lot_id == t.posting.c.lot_id)
        .where(t.posting.c.ledger_seq.in_(seqs), item_seen(scope))
        .order_by(t.posting.c.ledger_seq, t.posting.c.line, t.posting.c.leg)
    )
    grouped: dict[tuple[int, int], tuple[ItemName, list[LegEntry]]] = {}
    concerned = set()
    for row in connection.execute(query):
        named = tuple(serials.get((row.ledger_seq, row.line, row.leg), ()))
        _item, legs = grouped.setdefault((row.ledger_seq, row.line), (item_name(row), []))
        legs.append(LegEntry(place_of(row) if row.is_named else ELSEWHERE, lot_name(row), row.quantity, named))
        if row.is_seen or not scope.narrows_goods:
            concerned.add((row.ledger_seq, row.line))
    lines: dict[int, list[LineEntry]] = {}
    for (seq, line), (item, legs) in grouped.items():
        if (seq, line) in concerned:
            lines.setdefault(seq, []).append(LineEntry(line, item, tuple(legs)))
    return lines


def _serials(connection: Connection, seqs: Sequence[int]) -> Mapping[tuple[int, int, int], list[str]]:
    key = t.posting_serial.c["ledger_seq", "line", "leg"]
    query = (
        select(*key, t.serial.c.number)
        .join(t.serial)
        .where(t.posting_serial.c.ledger_seq.in_(seqs))
        .order_by(*key, t.posting_serial.c.position)
    )
    found: dict[tuple[int, int, int], list[str]] = {}
    for row in connection.execute(query):
        found.setdefault((row.ledger_seq, row.line, row.leg), []).append(row.number)
    return found


def _counts(connection: Connection, seqs: Sequence[int], scope: Scope) -> Mapping[int, CountEntry]:
    count = t.count_assertion
    query = (
        select(*count.c["ledger_seq", "lot_id", "counted", "book_at", "difference", "counted_at"])
        .add_columns(*PLACE_COLUMNS, *ITEM_COLUMNS, *LOT_COLUMNS)
        .select_from(count)
        .join(t.account)
        .join(t.item, t.item.c.item_id == count.c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .outerjoin(t.lot, t.lot.c.lot_id == count.c.lot_id)
        .where(count.c.ledger_seq.in_(seqs), account_seen(scope), item_seen(scope))
    )
    return {
        row.ledger_seq: CountEntry(
            place_of(row),
            item_name(row),
            lot_name(row) if row.lot_id is not None else None,
            row.counted,
            row.book_at,
            row.difference,
            row.counted_at,
        )
        for row in connection.execute(query)
    }
