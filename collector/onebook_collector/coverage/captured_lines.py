"""The movement lines behind e3: which of them a device wrote, in time, of all warehouses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, case, func, or_, select

from onebook_collector.coverage.days import DAY_MS
from onebook_collector.coverage.evidence import Captured, Lines
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.cursor import TimeQuality
from onebook_collector.ledger.stocktake import STOCKTAKE
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.stock_events import CaptureSource, GoodsMoved

BY_DEVICE = (CaptureSource.RFID.value, CaptureSource.BARCODE.value, CaptureSource.SCALE.value)


def captured_lines(connection: Connection, until_ms: int, rule: CoverageRule) -> dict[str, Captured]:
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
