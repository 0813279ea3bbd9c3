"""The daily snapshots: written once, with the rule that they were made by, and read for ever after. Nothing changes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, insert, select

from onebook_collector.administration import coverage_tables as t
from onebook_collector.coverage.evidence import Evidence, Key, Reason, Verdict
from onebook_collector.coverage.facility import Facility, Outside
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.registers import facility_of, facility_row
from onebook_collector.coverage.rule import CoverageRule


class Snapshot(NamedTuple):
    day: int
    made_at_ms: int
    rule: CoverageRule


@dataclass(frozen=True, slots=True)
class SiteDay:
    """A facility on one day. `grade` is of that day alone, `standing` the one that counts; `outside`: why it does not count."""

    day: int
    site_id: str
    division_code: str
    facility: Facility
    outside: Outside | None
    grade: Grade
    standing: Grade
    standing_since: int
    reconciled: bool | None
    value_fen: int | None
    evidence: tuple[Evidence, ...]

    @property
    def storage_area_m2(self) -> Decimal:
        return self.facility.storage_area_m2


def keep(connection: Connection, snapshot: Snapshot, rows: Iterable[SiteDay]) -> None:
    """All of a day, or nothing."""
    rule = snapshot.rule
    connection.execute(
        insert(t.coverage_snapshot).values(
            day=snapshot.day, made_at_ms=snapshot.made_at_ms, rule_version=rule.version, rule=rule.model_dump_json()
        )
    )
    kept = [_row(one) for one in rows]
    if kept:
        connection.execute(insert(t.coverage_site), kept)


def snapshot_of(connection: Connection, day: int | None = None) -> Snapshot | None:
    """Of this day, or the newest one."""
    query = select(t.coverage_snapshot).order_by(t.coverage_snapshot.c.day.desc()).limit(1)
    if day is not None:
        query = query.where(t.coverage_snapshot.c.day == day)
    row = connection.execute(query).first()
    return Snapshot(row.day, row.made_at_ms, CoverageRule.model_validate_json(row.rule)) if row else None


def sites_on(connection: Connection, day: int) -> list[SiteDay]:
    """By site_id."""
    query = select(t.coverage_site).where(t.coverage_site.c.day == day).order_by(t.coverage_site.c.site_id)
    return [_site_day(row) for row in connection.execute(query)]


class DayGrade(NamedTuple):
    day: int
    grade: Grade
    standing: Grade


def grades_since(connection: Connection, from_day: int, *, site_id: str | None = None) -> dict[str, list[DayGrade]]:
    """Site -> its days from then on, in order."""
    s = t.coverage_site.c
    query = select(s.site_id, s.day, s.grade, s.standing).where(s.day >= from_day).order_by(s.site_id, s.day)
    if site_id is not None:
        query = query.where(s.site_id == site_id)
    found: dict[str, list[DayGrade]] = {}
    for row in connection.execute(query):
        found.setdefault(row.site_id, []).append(DayGrade(row.day, Grade(row.grade), Grade(row.standing)))
    return found


def stood(connection: Connection) -> dict[str, tuple[Grade, int]]:
    """Site -> the grade that stood on its newest day, and since which day."""
    s = t.coverage_site.c
    newest = select(s.site_id, func.max(s.day).label("day")).group_by(s.site_id).subquery()
    query = select(s.site_id, s.standing, s.standing_since).join(
        newest, (newest.c.site_id == s.site_id) & (newest.c.day == s.day)
    )
    return {row.site_id: (Grade(row.standing), row.standing_since) for row in connection.execute(query)}


def reconciled_days(connection: Connection, from_day: int, until_day: int) -> dict[str, tuple[int, int]]:
    """Site -> (days in [from, until) on which e6 is known, those on which it held)."""
    s = t.coverage_site.c
    query = (
        select(s.site_id, func.count(s.reconciled), func.coalesce(func.sum(s.reconciled), 0))
        .where(s.day >= from_day, s.day < until_day)
        .group_by(s.site_id)
    )
    return {site_id: (known, held) for site_id, known, held in connection.execute(query)}


def _row(one: SiteDay) -> dict[str, Any]:
    return {
        "day": one.day,
        "site_id": one.site_id,
        "division_code": one.division_code,
        "facility": json.dumps(facility_row(one.facility), ensure_ascii=False),
        "outside": one.outside.value if one.outside else None,
        "grade": one.grade.value,
        "standing": one.standing.value,
        "standing_since": one.standing_since,
        "reconciled": None if one.reconciled is None else int(one.reconciled),
        "value_fen": one.value_fen,
        "evidence": json.dumps([_evidence_row(each) for each in one.evidence], ensure_ascii=False),
    }


def _site_day(row: Row[Any]) -> SiteDay:
    return SiteDay(
        day=row.day,
        site_id=row.site_id,
        division_code=row.division_code,
        facility=facility_of(json.loads(row.facility)),
        outside=Outside(row.outside) if row.outside else None,
        grade=Grade(row.grade),
        standing=Grade(row.standing),
        standing_since=row.standing_since,
        reconciled=None if row.reconciled is None else bool(row.reconciled),
        value_fen=row.value_fen,
        evidence=tuple(_evidence(each) for each in json.loads(row.evidence)),
    )


def _evidence_row(one: Evidence) -> dict[str, Any]:
    return {
        "key": one.key.value,
        "verdict": one.verdict.value,
        "reasons": [[reason.text, dict(reason.values)] for reason in one.reasons],
        "measured": None if one.measured is None else str(one.measured),
        "needed": None if one.needed is None else str(one.needed),
        "figures": dict(one.figures),
    }


def _evidence(row: Mapping[str, Any]) -> Evidence:
    measured, needed = (None if row[name] is None else Decimal(row[name]) for name in ("measured", "needed"))
    reasons = tuple(Reason(text, values) for text, values in row["reasons"])
    return Evidence(Key(row["key"]), Verdict(row["verdict"]), reasons, measured, needed, row["figures"])
