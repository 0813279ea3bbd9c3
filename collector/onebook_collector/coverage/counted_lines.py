"""The counts behind e4: when each warehouse was last counted in full, and how far that and the book were apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, and_, case, column, exists, func, or_, select, values

from onebook_collector.coverage.days import DAY_MS, ZONE_MS, day_begins_ms
from onebook_collector.coverage.evidence import Counted
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.stocktake import FullCount, LineLife, last_full_count
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.goods import Tracking
from onebook_collector.ledger.queries.names import OWN_UNIT

GRAIN = "grain_oil"
"""Subcategory of the catalogue whose bulk is measured in the heap, not weighed."""
Prices = Mapping[str, Decimal]  # Item -> CNY for one of its own unit.
IN_STORE = (t.account.c.kind == AccountKind.REAL.value) & (t.account.c.site_id != "")
_reversal = t.movement.alias("reversal")
_NOT_REVERSED = ~exists().where(_reversal.c.reverses == t.movement.c.movement_id)


def counted_lines(connection: Connection, day: int, rule: CoverageRule, prices: Prices) -> dict[str, Counted]:
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
        .where(_NOT_REVERSED, c.counted_at >= day_begins_ms(from_day))
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
        .where(IN_STORE, or_(b.quantity != 0, lines.c.last >= from_day))
        .subquery()
    )
    columns = each.c["site_id", "came", "gone", "counted"]
    return connection.execute(select(*columns, func.count().label("lines")).group_by(*columns)).all()


def _compared(
    connection: Connection, since: Mapping[str, FullCount], rule: CoverageRule, prices: Prices
) -> dict[str, Counted]:
    """Each line's first count of that stocktake beside the book: a count that follows upon an adjustment always agrees."""
    rows = [(site_id, day_begins_ms(one.day)) for site_id, one in since.items()]
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


def _business_day(at_ms: Any) -> Any:
    """clock.business_day, in the database."""
    return (at_ms + ZONE_MS) // DAY_MS


def _bp(pct: Decimal) -> int:
    """Basis points: a quantity of 10^14 times these still fits into 64 bits."""
    return int(pct * 100)
