"""What can be asked of the goods in the book: balances as of any moment, movements, the life of a serial or a lot.

Two times rule. `as_of` asks what had happened by then (event time); `known_at` asks what the centre had recorded by then. Without
either, the balance is read; with `as_of` alone, day nets and the movements of the last day; with `known_at`, every posting.
Quantities are exact, in the unit in which people say the item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, select, union_all

from onebook_collector.clock import business_day
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.queries import in_chunks
from onebook_schemas.quantities import from_base_units


class Place(NamedTuple):
    """An account: a bin with its holding and status, or a virtual account of the outside world."""

    kind: str
    site_id: str
    bin: str
    owner_org: str
    custodian_org: str
    reserve_mode: str
    status: str
    document_no: str


class Goods(NamedTuple):
    """An item and the unit that its quantities are said in."""

    item: str
    name_zh: str
    name_en: str
    unit_code: str
    unit_zh: str
    tracking: str


class Balance(NamedTuple):
    place: Place
    goods: Goods
    lot: str  # Empty: the item's unknown lot.
    expires_on: str | None
    quantity: Decimal


class LegRow(NamedTuple):
    place: Place
    lot: str
    quantity: Decimal
    serials: tuple[str, ...]


class LineRow(NamedTuple):
    line: int
    goods: Goods
    legs: tuple[LegRow, ...]


class CountRow(NamedTuple):
    place: Place
    goods: Goods
    lot: str | None  # None: all lots of the bin together.
    counted: Decimal
    book_at: Decimal
    difference: Decimal
    counted_at: int


class MovementRow(NamedTuple):
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
    edge_id: str | None  # None: it was done at the centre.
    epoch: str | None
    stream: str | None
    sequence: int | None
    lines: tuple[LineRow, ...]
    counted: CountRow | None


_PLACE = [t.account.c[name] for name in Place._fields]
_GOODS = [
    t.item.c.code,
    t.item.c.name_zh,
    t.item.c.name_en,
    t.item.c.unit_code,
    t.item.c.unit_zh,
    t.item.c.tracking,
]
_UNIT = [t.item_unit.c.numerator, t.item_unit.c.denominator]
_OWN_UNIT = and_(t.item_unit.c.item_id == t.item.c.item_id, t.item_unit.c.unit_code == t.item.c.unit_code)
_P, _G, _U = len(_PLACE), len(_GOODS), len(_UNIT)


def balances(
    connection: Connection,
    *,
    site_id: str | None = None,
    division_prefix: str | None = None,
    item: str | None = None,
    lot: str | None = None,
    serial: str | None = None,
    as_of: int | None = None,
    known_at: int | None = None,
    virtual: bool = False,
    limit: int = 10_000,
) -> list[Balance]:
    """What is where, without what is zero. Times are Unix ms. `virtual`: the outside world too."""
    sums = _sums(as_of, known_at, serial, item).subquery()
    query = (
        select(*_PLACE, *_GOODS, *_UNIT, t.lot.c.number, t.lot.c.expires_on, sums.c.quantity)
        .select_from(sums)
        .join(t.account, t.account.c.account_id == sums.c.account_id)
        .join(t.item, t.item.c.item_id == sums.c.item_id)
        .join(t.item_unit, _OWN_UNIT)
        .join(t.lot, t.lot.c.lot_id == sums.c.lot_id)
        .where(sums.c.quantity != 0)
        .order_by(t.account.c.site_id, t.account.c.bin, t.item.c.code, t.lot.c.number, t.account.c.code)
        .limit(limit)
    )
    if not virtual:
        query = query.where(t.account.c.kind == "real")
    if site_id is not None:
        query = query.where(t.account.c.site_id == site_id)
    if division_prefix is not None:
        within = select(t.site.c.site_id).where(t.site.c.division_code.startswith(division_prefix, autoescape=True))
        query = query.where(t.account.c.site_id.in_(within))
    if item is not None:
        query = query.where(t.item.c.code == item)
    if lot is not None:
        query = query.where(t.lot.c.number == lot)
    return [_balance(row) for row in connection.execute(query)]


def movements(
    connection: Connection,
    *,
    site_id: str | None = None,
    kind: str | None = None,
    item: str | None = None,
    document_no: str | None = None,
    actor: str | None = None,
    from_ms: int | None = None,
    until_ms: int | None = None,
    before_seq: int | None = None,
    after_seq: int | None = None,
    newest_first: bool = True,
    limit: int = 100,
) -> list[MovementRow]:
    """A page of the book. `from_ms` (inclusive) and `until_ms` (exclusive) are event times."""
    m = t.movement.c
    query = _headers()
    conditions = [
        (site_id, m.site_id == site_id),
        (kind, m.kind == kind),
        (document_no, m.document_no == document_no),
        (actor, m.actor == actor),
        (from_ms, m.event_time >= (from_ms or 0)),
        (until_ms, m.event_time < (until_ms or 0)),
        (before_seq, m.ledger_seq < (before_seq or 0)),
        (after_seq, m.ledger_seq > (after_seq or 0)),
    ]
    query = query.where(*(condition for given, condition in conditions if given is not None))
    if item is not None:
        of_item = select(t.posting.c.ledger_seq).join(t.item, t.item.c.item_id == t.posting.c.item_id)
        query = query.where(m.ledger_seq.in_(of_item.where(t.item.c.code == item)))
    order = m.ledger_seq.desc() if newest_first else m.ledger_seq
    return _whole(connection, list(connection.execute(query.order_by(order).limit(limit))))


def movement(connection: Connection, movement_id: str) -> MovementRow | None:
    found = _whole(connection, list(connection.execute(_headers().where(t.movement.c.movement_id == movement_id))))
    return found[0] if found else None


def movements_by_seq(connection: Connection, ledger_seqs: Sequence[int]) -> list[MovementRow]:
    """These movements, in the order of the book."""
    query = _headers().where(t.movement.c.ledger_seq.in_(ledger_seqs)).order_by(t.movement.c.ledger_seq)
    return _whole(connection, list(connection.execute(query)))


def feed(connection: Connection, after_seq: int, limit: int) -> list[MovementRow]:
    """What comes behind `after_seq`, in order and without holes: a ledger_seq is given at commit by one writer."""
    return movements(connection, after_seq=after_seq, newest_first=False, limit=limit)


def serial_history(connection: Connection, item: str, serial: str) -> list[MovementRow]:
    """Every movement that moved this serial, in the order of the book."""
    seqs = (
        select(t.posting_serial.c.ledger_seq)
        .join(t.serial, t.serial.c.serial_id == t.posting_serial.c.serial_id)
        .join(t.item, t.item.c.item_id == t.serial.c.item_id)
        .where(t.item.c.code == item, t.serial.c.number == serial)
    )
    return _history(connection, seqs)


def lot_history(connection: Connection, item: str, lot: str) -> list[MovementRow]:
    """Every movement that moved goods of this lot, in the order of the book."""
    seqs = (
        select(t.posting.c.ledger_seq)
        .join(t.lot, t.lot.c.lot_id == t.posting.c.lot_id)
        .join(t.item, t.item.c.item_id == t.lot.c.item_id)
        .where(t.item.c.code == item, t.lot.c.number == lot)
    )
    return _history(connection, seqs)


def serial_place(connection: Connection, item: str, serial: str) -> tuple[Place, str, int] | None:
    """Where this serial is, of which lot, and since when (Unix ms)."""
    query = (
        select(*_PLACE, t.lot.c.number, t.serial_place.c.since_ms)
        .join(t.serial, t.serial.c.serial_id == t.serial_place.c.serial_id)
        .join(t.item, t.item.c.item_id == t.serial.c.item_id)
        .join(t.account, t.account.c.account_id == t.serial_place.c.account_id)
        .join(t.lot, t.lot.c.lot_id == t.serial_place.c.lot_id)
        .where(t.item.c.code == item, t.serial.c.number == serial)
    )
    row = connection.execute(query).one_or_none()
    return (Place(*row[:_P]), row[_P], row[_P + 1]) if row is not None else None


# Sums -----------------------------------------------------------------------------------------------------------


def _sums(as_of: int | None, known_at: int | None, serial: str | None, item: str | None) -> Select[Any]:
    if serial is not None:
        return _serial_sums(as_of, known_at, serial, item)
    if as_of is None and known_at is None:
        b = t.balance.c
        return select(b.account_id, b.item_id, b.lot_id, b.quantity)
    if known_at is None and as_of is not None:
        return _sums_by_day(as_of)
    return _grouped(_postings_until(as_of, known_at))


def _postings_until(as_of: int | None, known_at: int | None) -> Select[Any]:
    p, m = t.posting.c, t.movement.c
    query = select(p.account_id, p.item_id, p.lot_id, p.quantity).join(t.movement, m.ledger_seq == p.ledger_seq)
    if as_of is not None:
        query = query.where(m.event_time <= as_of)
    if known_at is not None:
        query = query.where(m.recorded_at <= known_at)
    return query


def _sums_by_day(as_of: int) -> Select[Any]:
    """Whole days from the day nets, and of the last day the movements until then."""
    day, d = business_day(as_of), t.day_net.c
    whole_days = select(d.account_id, d.item_id, d.lot_id, d.net.label("quantity")).where(d.business_day < day)
    day_began_ms = day * 86_400_000 - 8 * 3_600_000
    last_day = _postings_until(as_of, None).where(t.movement.c.event_time >= day_began_ms)
    parts = union_all(whole_days, last_day).subquery()
    return _grouped(select(parts.c.account_id, parts.c.item_id, parts.c.lot_id, parts.c.quantity))


def _serial_sums(as_of: int | None, known_at: int | None, serial: str, item: str | None) -> Select[Any]:
    """One serial: plus one where it came to, minus one where it went from, in pieces."""
    p, ps = t.posting.c, t.posting_serial.c
    sign = func.sign(p.quantity)
    query = (
        select(p.account_id, p.item_id, p.lot_id, sign.label("quantity"))
        .join(t.posting_serial, and_(ps.ledger_seq == p.ledger_seq, ps.line == p.line, ps.leg == p.leg))
        .join(t.serial, t.serial.c.serial_id == ps.serial_id)
        .join(t.movement, t.movement.c.ledger_seq == p.ledger_seq)
        .where(t.serial.c.number == serial)
    )
    if item is not None:
        query = query.join(t.item, t.item.c.item_id == t.serial.c.item_id).where(t.item.c.code == item)
    if as_of is not None:
        query = query.where(t.movement.c.event_time <= as_of)
    if known_at is not None:
        query = query.where(t.movement.c.recorded_at <= known_at)
    return _grouped(query)


def _grouped(query: Select[Any]) -> Select[Any]:
    legs = query.subquery()
    key = (legs.c.account_id, legs.c.item_id, legs.c.lot_id)
    return select(*key, func.sum(legs.c.quantity).label("quantity")).group_by(*key)


def _balance(row: Any) -> Balance:
    goods, unit, (lot, expires_on, quantity) = row[_P : _P + _G], row[_P + _G : _P + _G + _U], row[_P + _G + _U :]
    return Balance(Place(*row[:_P]), Goods(*goods), lot, expires_on, from_base_units(int(quantity), *unit))


# Movements ------------------------------------------------------------------------------------------------------


def _headers() -> Select[Any]:
    m = t.movement.c
    own = [m[name] for name in MovementRow._fields[: MovementRow._fields.index("edge_id")]]
    origin = [t.log.c.edge_id, t.log.c.epoch, t.log.c.stream, m.sequence]
    return select(*own, *origin).select_from(t.movement).outerjoin(t.log, t.log.c.log_id == m.log_id)


def _history(connection: Connection, seqs: Select[Any]) -> list[MovementRow]:
    query = _headers().where(t.movement.c.ledger_seq.in_(seqs)).order_by(t.movement.c.ledger_seq)
    return _whole(connection, list(connection.execute(query)))


def _whole(connection: Connection, headers: Sequence[Any]) -> list[MovementRow]:
    """Headers with their lines and counts."""
    seqs = [row.ledger_seq for row in headers]
    lines: dict[int, list[LineRow]] = {}
    counts: dict[int, CountRow] = {}
    for chunk in in_chunks(seqs):
        lines |= _lines(connection, chunk)
        counts |= _counts(connection, chunk)
    return [MovementRow(*row, tuple(lines.get(row.ledger_seq, ())), counts.get(row.ledger_seq)) for row in headers]


def _lines(connection: Connection, seqs: Sequence[int]) -> dict[int, list[LineRow]]:
    p = t.posting.c
    serials = _serials(connection, seqs)
    query = (
        select(*_PLACE, *_GOODS, *_UNIT, p.ledger_seq, p.line, p.leg, t.lot.c.number, p.quantity)
        .select_from(t.posting)
        .join(t.account, t.account.c.account_id == p.account_id)
        .join(t.item, t.item.c.item_id == p.item_id)
        .join(t.item_unit, _OWN_UNIT)
        .join(t.lot, t.lot.c.lot_id == p.lot_id)
        .where(p.ledger_seq.in_(seqs))
        .order_by(p.ledger_seq, p.line, p.leg)
    )
    legs: defaultdict[tuple[int, int, Goods], list[LegRow]] = defaultdict(list)
    for row in connection.execute(query):
        goods, unit = Goods(*row[_P : _P + _G]), row[_P + _G : _P + _G + _U]
        seq, line, leg, lot, quantity = row[_P + _G + _U :]
        exact = from_base_units(quantity, *unit)
        legs[seq, line, goods].append(LegRow(Place(*row[:_P]), lot, exact, tuple(serials[seq, line, leg])))
    lines: dict[int, list[LineRow]] = {}
    for (seq, line, goods), of_line in legs.items():
        lines.setdefault(seq, []).append(LineRow(line, goods, tuple(of_line)))
    return lines


def _serials(connection: Connection, seqs: Sequence[int]) -> defaultdict[tuple[int, int, int], list[str]]:
    ps = t.posting_serial.c
    query = (
        select(ps.ledger_seq, ps.line, ps.leg, t.serial.c.number)
        .join(t.serial, t.serial.c.serial_id == ps.serial_id)
        .where(ps.ledger_seq.in_(seqs))
        .order_by(ps.ledger_seq, ps.line, ps.leg, ps.position)
    )
    found: defaultdict[tuple[int, int, int], list[str]] = defaultdict(list)
    for seq, line, leg, number in connection.execute(query):
        found[seq, line, leg].append(number)
    return found


def _counts(connection: Connection, seqs: Sequence[int]) -> dict[int, CountRow]:
    c = t.count_assertion.c
    query = (
        select(*_PLACE, *_GOODS, *_UNIT, c.ledger_seq, t.lot.c.number, c.counted, c.book_at, c.difference, c.counted_at)
        .select_from(t.count_assertion)
        .join(t.account, t.account.c.account_id == c.account_id)
        .join(t.item, t.item.c.item_id == c.item_id)
        .join(t.item_unit, _OWN_UNIT)
        .outerjoin(t.lot, t.lot.c.lot_id == c.lot_id)
        .where(c.ledger_seq.in_(seqs))
    )
    found = {}
    for row in connection.execute(query):
        goods, unit = Goods(*row[_P : _P + _G]), row[_P + _G : _P + _G + _U]
        seq, lot, *figures, counted_at = row[_P + _G + _U :]
        counted, book_at, difference = (from_base_units(figure, *unit) for figure in figures)
        found[seq] = CountRow(Place(*row[:_P]), goods, lot, counted, book_at, difference, counted_at)
    return found
