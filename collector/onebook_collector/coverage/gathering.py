"""What the collector holds already -> the figures behind the evidence, of all warehouses at once: no query for a single one.

Windows end with the business day. What stands in a table only as it is now (stock, people, certificates) is of the moment of the
snapshot, some minutes later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, and_, case, column, exists, func, or_, select, values

from onebook_collector.coverage.evidence import Captured, Counted, Enrolled, Lines
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.stocktake import FullCount, LineLife, last_full_count
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.cursor import TimeQuality
from onebook_collector.ledger.goods import Tracking
from onebook_collector.ledger.queries.names import OWN_UNIT
from onebook_collector.ledger.stocktake import STOCKTAKE
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.stock_events import CaptureSource, GoodsMoved
from onebook_schemas.uplink import Stream

DAY_MS = 86_400_000
_ZONE_MS = 8 * 3_600_000  # Of the business day: clock.business_day.
BY_DEVICE = (CaptureSource.RFID.value, CaptureSource.BARCODE.value, CaptureSource.SCALE.value)
GRAIN = "grain_oil"
"""Subcategory of the catalogue whose bulk is measured in the heap, not weighed."""

_NOTHING_MOVED, _NOTHING_COUNTED = Captured(), Counted()
Prices = Mapping[str, Decimal]  # Item -> CNY for one of its own unit.


def day_ends_ms(day: int) -> int:
    """The first moment after a business day."""
    return (day + 1) * DAY_MS - _ZONE_MS


@dataclass(slots=True)
class SiteBook:
    """What the book says of one warehouse."""

    stock_lines: int = 0
    unmapped: int = 0
    devices_tested: int = 0
    captured: Captured = _NOTHING_MOVED
    counted: Counted = _NOTHING_COUNTED
    limited: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # Bin -> lines limited in temperature, in humidity.
    value_fen: int | None = 0


@dataclass(slots=True)
class EdgeBook:
    """What the book says of one edge."""

    site_id: str
    is_forked: bool = False
    quarantined: int = 0  # For longer than allowed.
    passed_ms: dict[str, int] = field(default_factory=dict)  # Stream -> when nothing that is older waited.


def look_into_book(
    connection: Connection, day: int, rule: CoverageRule, prices: Prices
) -> tuple[dict[str, SiteBook], dict[str, EdgeBook]]:
    """Warehouses and edges by their names, at the end of a business day."""
    sites = {site_id: SiteBook() for site_id in connection.execute(select(t.site.c.site_id)).scalars()}
    edges = {row.edge_id: EdgeBook(row.site_id) for row in connection.execute(select(t.edge))}
    until_ms = day_ends_ms(day)
    for site_id, count in _stock_lines(connection):
        sites[site_id].stock_lines = count
    for site_id, count in _unmapped(connection):
        sites[site_id].unmapped = count
    for site_id, count in _devices_tested(connection, until_ms, rule):
        sites[site_id].devices_tested = count
    for site_id, captured in _captured(connection, until_ms, rule).items():
        sites[site_id].captured = captured
    for site_id, counted in _counted(connection, day, rule, prices).items():
        sites[site_id].counted = counted
    for row in _limited_lines(connection):
        sites[row.site_id].limited[row.bin] = row.temperature, row.humidity
    for site_id, value_fen in _values(connection, prices).items():
        sites[site_id].value_fen = value_fen
    for row in connection.execute(select(t.log).order_by(t.log.c.first_received_ms, t.log.c.log_id)):
        if row.edge_id in edges:
            _note_log(edges[row.edge_id], row)
    for edge_id, count in _quarantined(connection, until_ms - rule.quarantine_days_max * DAY_MS):
        edges[edge_id].quarantined = count
    return sites, edges


def enrolled_of(book: SiteBook, *, edges: int, certified: int, keepers: int) -> Enrolled:
    return Enrolled(edges, certified, book.devices_tested, keepers, book.stock_lines, book.unmapped)


def _note_log(edge: EdgeBook, row: Any) -> None:
    """The newest card of a stream decides how far it has got; a fork of any of them stays one."""
    edge.is_forked |= bool(row.is_forked)
    passed = row.last_received_ms if not row.waiting else 0
    if row.stream == Stream.JOURNAL.value:
        passed = max(passed, row.last_event_ms)  # Whatever is older lies below the cursor.
    edge.passed_ms[row.stream] = passed


# e1 ---------------------------------------------------------------------------------------------------------------


def _stock_lines(connection: Connection) -> Iterable[Any]:
    """Also what was booked out again: it is known what it was."""
    query = select(t.account.c.site_id, func.count()).join_from(
        t.balance, t.account, t.account.c.account_id == t.balance.c.account_id
    )
    return connection.execute(query.where(_REAL).group_by(t.account.c.site_id)).all()


def _unmapped(connection: Connection) -> Iterable[Any]:
    e = t.envelope.c
    query = (
        select(t.edge.c.site_id, func.count())
        .join_from(t.envelope, t.log, t.log.c.log_id == e.log_id)
        .join(t.edge, t.edge.c.edge_id == t.log.c.edge_id)
        .where(_WAITING, e.reason.like("unknown_item:%"))
    )
    return connection.execute(query.group_by(t.edge.c.site_id)).all()


def _devices_tested(connection: Connection, until_ms: int, rule: CoverageRule) -> Iterable[Any]:
    m = t.movement.c
    query = select(m.site_id, func.count(m.device.distinct())).where(
        m.event_time >= until_ms - rule.quiet_days * DAY_MS, m.event_time < until_ms, m.source.in_(BY_DEVICE)
    )
    return connection.execute(query.where(m.site_id.is_not(None)).group_by(m.site_id)).all()


# e3 ---------------------------------------------------------------------------------------------------------------


def _captured(connection: Connection, until_ms: int, rule: CoverageRule) -> dict[str, Captured]:
    short_ms, long_ms = until_ms - rule.captured_days * DAY_MS, until_ms - rule.quiet_days * DAY_MS
    found: dict[str, dict[bool, Counter[str]]] = {}
    for row in _lines(connection, min(short_ms, long_ms), until_ms, short_ms, rule):
        found.setdefault(row.site_id, {True: Counter(), False: Counter()})[bool(row.is_recent)][row.hand] += row.lines
    for site_id, is_recent, hand in _mixed_lines(connection, min(short_ms, long_ms), until_ms, short_ms, rule):
        of_site = found.setdefault(site_id, {True: Counter(), False: Counter()})[is_recent]
        of_site["by_hand"] -= 1
        of_site[hand] += 1
    checked = dict(_scan_checked(connection, until_ms - rule.scan_check_days * DAY_MS, until_ms))
    return {
        site_id: Captured(
            _lines_of(found.get(site_id, {}).get(True, Counter())),
            _lines_of(sum(found.get(site_id, {}).values(), Counter())),
            checked.get(site_id, 0),
        )
        for site_id in found.keys() | checked.keys()
    }


def _lines_of(hands: Counter[str]) -> Lines:
    return Lines(sum(hands.values()), hands["by_hand"], hands["late"])


def _lines(connection: Connection, from_ms: int, until_ms: int, recent_ms: int, rule: CoverageRule) -> Iterable[Any]:
    """Lines of movements, adjustments and reversals; each has one first leg. Of mixed movements none counts as captured yet.

    What a count adjusts no device has moved, whatever it was counted with.
    """
    m = t.movement.c
    is_moved_by_device = func.coalesce(m.source, "").in_(BY_DEVICE) & (m.kind != STOCKTAKE)
    hand = case((~is_moved_by_device, "by_hand"), (_late(rule), "late"), else_="captured")
    is_recent = case((m.event_time >= recent_ms, 1), else_=0)
    query = (
        select(m.site_id, is_recent.label("is_recent"), hand.label("hand"), func.count().label("lines"))
        .join_from(t.movement, t.posting, t.posting.c.ledger_seq == m.ledger_seq)
        .where(m.event_time >= from_ms, m.event_time < until_ms, m.site_id.is_not(None), t.posting.c.leg == 1)
        .group_by(m.site_id, "is_recent", "hand")
    )
    return connection.execute(query).all()


def _mixed_lines(
    connection: Connection, from_ms: int, until_ms: int, recent_ms: int, rule: CoverageRule
) -> Iterable[tuple[str, bool, str]]:
    """Of movements whose lines were not written by one hand, those lines that a device wrote."""
    m, e = t.movement.c, t.envelope.c
    query = (
        select(m.site_id, m.event_time, _late(rule).label("is_late"), e.body)
        .join_from(t.movement, t.envelope, (e.log_id == m.log_id) & (e.sequence == m.sequence))
        .where(m.event_time >= from_ms, m.event_time < until_ms, m.source.is_(None), m.reverses.is_(None))
        .where(e.verdict == VerdictKind.POSTED.value, e.event_type == "goods_moved")
    )
    for row in connection.execute(query):
        fact = journal_event_of(row.body).fact
        assert isinstance(fact, GoodsMoved)
        for line in fact.lines:
            if line.source.value in BY_DEVICE:
                yield row.site_id, row.event_time >= recent_ms, "late" if row.is_late else "captured"


def _late(rule: CoverageRule) -> Any:
    """Recorded long after it happened; or nobody can tell when it happened."""
    m = t.movement.c
    took_ms = m.recorded_at - m.event_time
    return or_(took_ms > rule.recorded_minutes_max * 60_000, m.time_quality == TimeQuality.UNKNOWN.value)


def _scan_checked(connection: Connection, from_ms: int, until_ms: int) -> Iterable[tuple[str, int]]:
    m = t.movement.c
    query = (
        select(m.site_id, func.count())
        .join_from(t.movement, t.count_assertion, t.count_assertion.c.ledger_seq == m.ledger_seq)
        .where(m.event_time >= from_ms, m.event_time < until_ms, m.source.in_(BY_DEVICE))
        .group_by(m.site_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


# e4 ---------------------------------------------------------------------------------------------------------------


def _counted(connection: Connection, day: int, rule: CoverageRule, prices: Prices) -> dict[str, Counted]:
    back_days = 2 * rule.counted_days_max
    lives: dict[str, list[LineLife]] = {}
    for row in _line_lives(connection, day - back_days):
        lives.setdefault(row.site_id, []).append(LineLife(row.came, row.gone, row.counted, row.lines))
    full = {site_id: last_full_count(found, rule.counted_pct_min) for site_id, found in lives.items()}
    since = {site_id: one for site_id, one in full.items() if one is not None}
    compared = _compared(connection, since, rule, prices) if since else {}
    return {
        site_id: compared.get(site_id, Counted())._replace(
            age_days=day - one.day, lines_then=one.lines_then, lines_counted=one.lines_counted
        )
        if one is not None
        else Counted(looked_back_days=back_days)
        for site_id, one in full.items()
    }


def _line_lives(connection: Connection, from_day: int) -> Iterable[Any]:
    """Stock lines that lay there at any time since, summed up by the days that matter."""
    d, b, a = t.day_net.c, t.balance.c, t.account.c
    key = d["account_id", "item_id", "lot_id"]
    lines = (
        select(*key, func.min(d.business_day).label("came"), func.max(d.business_day).label("last"))
        .group_by(*key)
        .subquery()
    )
    c = t.count_assertion.c
    counts = (
        select(c.account_id, c.item_id, c.lot_id, func.max(_business_day(c.counted_at)).label("counted"))
        .join_from(t.count_assertion, t.movement, t.movement.c.ledger_seq == c.ledger_seq)
        .where(_NOT_REVERSED, c.counted_at >= from_day * DAY_MS - _ZONE_MS)
        .group_by(c.account_id, c.item_id, c.lot_id)
        .subquery()
    )
    of_lot, of_all = counts.alias("of_lot"), counts.alias("of_all")
    gone = case((b.quantity == 0, lines.c.last), else_=None)
    counted = case((func.coalesce(of_all.c.counted, -1) > func.coalesce(of_lot.c.counted, -1), of_all.c.counted),
                   else_=of_lot.c.counted)  # fmt: skip
    each = (
        select(a.site_id, lines.c.came, gone.label("gone"), counted.label("counted"))
        .select_from(lines)
        .join(t.balance, and_(*(b[name] == lines.c[name] for name in ("account_id", "item_id", "lot_id"))))
        .join(t.account, a.account_id == lines.c.account_id)
        .outerjoin(of_lot, and_(*(of_lot.c[name] == lines.c[name] for name in ("account_id", "item_id", "lot_id"))))
        .outerjoin(
            of_all,
            and_(
                of_all.c.account_id == lines.c.account_id,
                of_all.c.item_id == lines.c.item_id,
                of_all.c.lot_id.is_(None),
            ),
        )
        .where(_REAL, or_(b.quantity != 0, lines.c.last >= from_day))
        .subquery()
    )
    columns = each.c["site_id", "came", "gone", "counted"]
    return connection.execute(select(*columns, func.count().label("lines")).group_by(*columns)).all()


def _compared(
    connection: Connection, since: Mapping[str, FullCount], rule: CoverageRule, prices: Prices
) -> dict[str, Counted]:
    """Each line's first count of that stocktake beside the book: a count that follows upon an adjustment always agrees."""
    rows = [(site_id, one.day * DAY_MS - _ZONE_MS) for site_id, one in since.items()]
    begins = values(column("site_id", Text), column("from_ms", BigInteger), name="since").data(rows).cte()
    c, a, i, m = t.count_assertion.c, t.account.c, t.item.c, t.movement.c
    first = (
        select(func.min(c.ledger_seq))
        .join_from(t.count_assertion, t.account, a.account_id == c.account_id)
        .join(t.movement, m.ledger_seq == c.ledger_seq)
        .join(begins, begins.c.site_id == a.site_id)
        .where(c.counted_at >= begins.c.from_ms, _NOT_REVERSED)
        .group_by(c.account_id, c.item_id, c.lot_id)
    )
    difference = func.abs(c.difference)
    is_mended = exists().where(t.posting.c.ledger_seq == c.ledger_seq)
    is_open = exists().where(t.discrepancy.c.ledger_seq == c.ledger_seq)
    is_bulk = i.tracking == Tracking.BULK.value
    tolerance = case((i.subcategory == GRAIN, _bp(rule.grain_tolerance_pct)), else_=_bp(rule.weighed_tolerance_pct))
    within = difference * 10_000 <= tolerance * func.abs(c.book_at)
    # One serial for another makes no difference in number.
    agrees = or_(and_(is_bulk, within), and_(difference == 0, ~is_mended, ~is_open))
    query = (
        select(a.site_id, i.code, t.item_unit.c.numerator, t.item_unit.c.denominator)
        .add_columns(
            func.count().label("compared"),
            func.sum(case((agrees, 1), else_=0)).label("agreeing"),
            func.sum(case((difference != 0, 1), else_=0)).label("differing"),
            func.sum(difference).label("difference"),
            func.sum(c.book_at).label("book"),
        )
        .join_from(t.count_assertion, t.account, a.account_id == c.account_id)
        .join(t.item, i.item_id == c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .where(c.ledger_seq.in_(first))
        .group_by(a.site_id, i.code, t.item_unit.c.numerator, t.item_unit.c.denominator)
    )
    found: dict[str, Counted] = {}
    for row in connection.execute(query):
        before, price = found.get(row.site_id, Counted()), prices.get(row.code)
        worth = (row.numerator, row.denominator)
        found[row.site_id] = before._replace(
            compared=before.compared + row.compared,
            agreeing=before.agreeing + row.agreeing,
            difference_fen=before.difference_fen + fen(row.difference, worth, price),
            value_fen=before.value_fen + fen(row.book, worth, price),
            unpriced=before.unpriced + (row.differing if price is None else 0),
        )
    return found


def fen(base_units: int, worth: tuple[int, int], price_cny: Decimal | None) -> int:
    """What so much is worth, in fen; 0 without a price. `worth`: one own unit is numerator/denominator base units."""
    return int(Fraction(base_units * worth[1], worth[0]) * Fraction(price_cny) * 100) if price_cny is not None else 0


# e5, e6, value ----------------------------------------------------------------------------------------------------


def _limited_lines(connection: Connection) -> Iterable[Any]:
    """Stock lines with limits, by bin."""
    i, a = t.item.c, t.account.c
    temperature = or_(i.temperature_c_min.is_not(None), i.temperature_c_max.is_not(None))
    humidity = or_(i.humidity_pct_min.is_not(None), i.humidity_pct_max.is_not(None))
    query = (
        select(a.site_id, a.bin)
        .add_columns(
            func.sum(case((temperature, 1), else_=0)).label("temperature"),
            func.sum(case((humidity, 1), else_=0)).label("humidity"),
        )
        .join_from(t.balance, t.account, a.account_id == t.balance.c.account_id)
        .join(t.item, i.item_id == t.balance.c.item_id)
        .where(_REAL, t.balance.c.quantity > 0, or_(temperature, humidity))
        .group_by(a.site_id, a.bin)
    )
    return connection.execute(query).all()


def _quarantined(connection: Connection, before_ms: int) -> Iterable[Any]:
    e = t.envelope.c
    query = (
        select(t.edge.c.edge_id, func.count())
        .join_from(t.envelope, t.log, t.log.c.log_id == e.log_id)
        .join(t.edge, t.edge.c.edge_id == t.log.c.edge_id)
        .where(_WAITING, e.received_at < before_ms)
    )
    return connection.execute(query.group_by(t.edge.c.edge_id)).all()


def _values(connection: Connection, prices: Prices) -> dict[str, int | None]:
    """Site -> what its stock is worth in fen; None where an item has no price."""
    a = t.account.c
    query = (
        select(a.site_id, t.item.c.code, t.item_unit.c.numerator, t.item_unit.c.denominator)
        .add_columns(func.sum(t.balance.c.quantity).label("quantity"))
        .join_from(t.balance, t.account, a.account_id == t.balance.c.account_id)
        .join(t.item, t.item.c.item_id == t.balance.c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .where(_REAL, t.balance.c.quantity > 0)
        .group_by(a.site_id, t.item.c.code, t.item_unit.c.numerator, t.item_unit.c.denominator)
    )
    found: dict[str, int | None] = {}
    for row in connection.execute(query):
        before, price = found.get(row.site_id, 0), prices.get(row.code)
        worth = None if price is None else fen(row.quantity, (row.numerator, row.denominator), price)
        found[row.site_id] = None if before is None or worth is None else before + worth
    return found


_REAL = (t.account.c.kind == AccountKind.REAL.value) & (t.account.c.site_id != "")
_WAITING = and_(
    t.envelope.c.verdict == VerdictKind.QUARANTINED.value,
    ~exists().where(
        t.quarantine_decision.c.log_id == t.envelope.c.log_id,
        t.quarantine_decision.c.sequence == t.envelope.c.sequence,
    ),
)
_reversal = t.movement.alias("reversal")
_NOT_REVERSED = ~exists().where(_reversal.c.reverses == t.movement.c.movement_id)


def _business_day(at_ms: Any) -> Any:
    """clock.business_day, in the database."""
    return (at_ms + _ZONE_MS) // DAY_MS


def _bp(pct: Decimal) -> int:
    """Basis points: a quantity of 10^14 times these still fits into 64 bits."""
    return int(pct * 100)
