"""What the administration knows, of all warehouses, for the survey of one day. One query for each thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from onebook_collector.administration import furnishing_tables
from onebook_collector.certificates.authority import Profile
from onebook_collector.certificates.registry import ACTIVE
from onebook_collector.certificates.tables import certificate
from onebook_collector.clock import business_date
from onebook_collector.coverage import attendance, registers, snapshots
from onebook_collector.coverage.days import DAY_MS, day_ends_ms
from onebook_collector.coverage.facility import Facility
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.snapshots import DayGrade
from onebook_collector.coverage.spans import Span
from onebook_collector.coverage.zones import ZonePlan, plan_zones


class Known(NamedTuple):
    """What the administration knows, of all warehouses, for one day."""

    facilities: Mapping[str, Facility]
    prices: Mapping[str, Decimal]
    certified: frozenset[str]
    keepers: Mapping[str, int]
    zones: ZonePlan
    outages: Mapping[str, list[Span]]
    heard: Mapping[str, list[Span]]
    recorded_from_ms: int | None
    passed: Mapping[tuple[str, str], int]
    days_before: Mapping[str, list[DayGrade]]
    stood: Mapping[str, tuple[Grade, int]]
    reconciled: Mapping[str, tuple[int, int]]


def know(connection: Connection, day: int, rule: CoverageRule) -> Known:
    until_ms = day_ends_ms(day)
    from_ms, on = until_ms - rule.alive_days * DAY_MS, business_date(day)
    beat_ms = rule.heartbeat_minutes * 60_000
    return Known(
        facilities=registers.facilities(connection),
        prices=registers.prices_on(connection, on),
        certified=_certified(connection, until_ms),
        keepers=_keepers(connection, on),
        zones=plan_zones(connection),
        outages=registers.outages_in(connection, from_ms, until_ms),
        heard=attendance.spans_in(connection, from_ms - beat_ms, until_ms),
        recorded_from_ms=attendance.recorded_from(connection),
        passed=attendance.passed_at(connection),
        days_before=snapshots.grades_since(connection, day - rule.steady_days + 1),
        stood=snapshots.stood(connection),
        reconciled=snapshots.reconciled_days(connection, day - rule.reconciled_days + 1, day),
    )


def _certified(connection: Connection, at_ms: int) -> frozenset[str]:
    c = certificate.c
    query = select(c.subject).where(
        c.profile == Profile.EDGE, c.state == ACTIVE, c.not_before_ms <= at_ms, c.not_after_ms > at_ms
    )
    return frozenset(connection.execute(query).scalars())


def _keepers(connection: Connection, on: date) -> Mapping[str, int]:
    p = furnishing_tables.site_person.c
    role, until = func.json_extract(p.person, "$.role"), func.json_extract(p.person, "$.until")
    query: Any = select(p.site_id, func.count()).where(
        role.in_(("keeper", "warehouse_head")), or_(until.is_(None), until >= on.isoformat())
    )
    return Counter({row[0]: row[1] for row in connection.execute(query.group_by(p.site_id))})
