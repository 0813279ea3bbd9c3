"""What the collector holds already -> the figures behind the evidence, of all warehouses at once: no query for a single one.

Windows end with the business day. What stands in a table only as it is now (stock, people, certificates) is of the moment of the
snapshot, some minutes later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, or_, select

from onebook_collector.coverage.captured_lines import BY_DEVICE, captured_lines
from onebook_collector.coverage.counted_lines import IN_STORE, Prices, counted_lines, fen
from onebook_collector.coverage.days import DAY_MS, day_ends_ms
from onebook_collector.coverage.evidence import Captured, Counted, Enrolled
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.queries.names import OWN_UNIT
from onebook_schemas.uplink import Stream

_NOTHING_MOVED, _NOTHING_COUNTED = Captured(), Counted()


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
    for site_id, captured in captured_lines(connection, until_ms, rule).items():
        sites[site_id].captured = captured
    for site_id, counted in counted_lines(connection, day, rule, prices).items():
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
    return connection.execute(query.where(IN_STORE).group_by(t.account.c.site_id)).all()


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
        .where(IN_STORE, t.balance.c.quantity > 0, or_(temperature, humidity))
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
        .where(IN_STORE, t.balance.c.quantity > 0)
        .group_by(a.site_id, t.item.c.code, t.item_unit.c.numerator, t.item_unit.c.denominator)
    )
    found: dict[str, int | None] = {}
    for row in connection.execute(query):
        before, price = found.get(row.site_id, 0), prices.get(row.code)
        worth = None if price is None else fen(row.quantity, (row.numerator, row.denominator), price)
        found[row.site_id] = None if before is None or worth is None else before + worth
    return found


_WAITING = and_(
    t.envelope.c.verdict == VerdictKind.QUARANTINED.value,
    ~exists().where(
        t.quarantine_decision.c.log_id == t.envelope.c.log_id,
        t.quarantine_decision.c.sequence == t.envelope.c.sequence,
    ),
)
