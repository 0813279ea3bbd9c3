"""One day of every facility: what the book, the administration and the time series say -> evidence, grade, snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, func, or_, select

from onebook_collector.administration import furnishing_tables
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.certificates.authority import Profile
from onebook_collector.certificates.registry import ACTIVE
from onebook_collector.certificates.tables import certificate
from onebook_collector.clock import business_date
from onebook_collector.coverage import attendance, registers, snapshots
from onebook_collector.coverage.evidence import (
    HOUR_MS,
    Alive,
    Evidence,
    Measured,
    Reconciled,
    judge_alive,
    judge_captured,
    judge_counted,
    judge_enrolled,
    judge_measured,
    judge_reconciled,
)
from onebook_collector.coverage.facility import Facility, outside
from onebook_collector.coverage.gathering import DAY_MS, EdgeBook, SiteBook, day_ends_ms, enrolled_of, look_into_book
from onebook_collector.coverage.grade import Grade, grade_of, standing
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.snapshots import DayGrade, SiteDay, Snapshot
from onebook_collector.coverage.spans import Span, common, longest_silence, total, united, without
from onebook_collector.coverage.zones import ZonePlan, plan_zones, readings_of
from onebook_collector.early_warning.rule import Kind
from onebook_collector.early_warning.watcher import Watcher
from onebook_collector.ledger import queries
from onebook_collector.ledger.store import LedgerStore
from onebook_collector.metrics.store import MetricsStore
from onebook_schemas.uplink import Stream


class BookCheck(Protocol):
    """What the continuous check of the book has found."""

    @property
    def findings(self) -> tuple[str, ...]: ...
    @property
    def last_full_pass_ms(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a survey looks."""

    ledger: LedgerStore
    administration: AdministrationStore
    metrics: MetricsStore
    watcher: Watcher
    check: BookCheck


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


async def take_snapshot(sources: Sources, day: int, rule: CoverageRule, now_ms: int) -> list[SiteDay]:
    """Judge every facility for a business day that is over, and keep it."""
    rows = await survey(sources, day, rule)
    await sources.administration.write(lambda db: snapshots.keep(db, Snapshot(day, now_ms, rule), rows))
    return rows


async def survey(sources: Sources, day: int, rule: CoverageRule) -> list[SiteDay]:
    """Every facility that the book knows, by site_id."""
    until_ms = day_ends_ms(day)
    known = await sources.administration.read(lambda db: _know(db, day, rule))
    (books, edges), sites = await sources.ledger.read(
        lambda db: (look_into_book(db, day, rule, known.prices), queries.sites(db))
    )
    from_ms = until_ms - rule.telemetry_days * DAY_MS
    slots = await sources.metrics.filled_slots(from_ms, until_ms, rule.reading_minutes * 60_000)
    warnings = await sources.watcher.open_warnings()
    contradicted = {one.subject.edge_id for one in warnings if one.kind is Kind.CHECKPOINT_CONTRADICTED}
    book_holds = _book_holds(sources.check, until_ms - rule.book_checked_days_max * DAY_MS)
    of_site: dict[str, dict[str, EdgeBook]] = {}
    for edge_id, edge in edges.items():
        of_site.setdefault(edge.site_id, {})[edge_id] = edge
    found = []
    for site in sites:
        facility = known.facilities.get(site.site_id)
        if facility is None:
            continue
        book, own = books[site.site_id], of_site.get(site.site_id, {})
        alive, silent_ms = _alive(own, known, site.site_id, until_ms, rule)
        zones = readings_of(site.site_id, known.zones, book.limited, slots, rule)
        reconciled = _reconciled(own, known, site.site_id, until_ms, contradicted, book_holds, rule)
        evidence = _judge(book, own, known, site.site_id, (alive, zones, reconciled), rule)
        found.append(
            _site_day(
                site.site_id, site.division_code, facility, book, evidence, reconciled, silent_ms, known, day, rule
            )
        )
    return found


def _judge(
    book: SiteBook,
    edges: Mapping[str, EdgeBook],
    known: Known,
    site_id: str,
    others: tuple[Alive, Measured, Reconciled],
    rule: CoverageRule,
) -> tuple[Evidence, ...]:
    alive, measured, reconciled = others
    certified = sum(edge_id in known.certified for edge_id in edges)
    enrolled = enrolled_of(book, edges=len(edges), certified=certified, keepers=known.keepers.get(site_id, 0))
    return (
        judge_enrolled(enrolled, rule),
        judge_alive(alive, rule),
        judge_captured(book.captured, rule),
        judge_counted(book.counted, rule),
        judge_measured(measured, rule),
        judge_reconciled(reconciled, rule),
    )


def _site_day(
    site_id: str,
    division_code: str,
    facility: Facility,
    book: SiteBook,
    evidence: tuple[Evidence, ...],
    reconciled: Reconciled,
    silent_ms: int,
    known: Known,
    day: int,
    rule: CoverageRule,
) -> SiteDay:
    grade = grade_of(evidence, rule)
    days = {one.day: one.grade for one in known.days_before.get(site_id, ())} | {day: grade}
    before, since = known.stood.get(site_id, (Grade.NONE, day))
    stands = standing(before, days, day, silent_hours=silent_ms // HOUR_MS, rule=rule)
    return SiteDay(
        day=day,
        site_id=site_id,
        division_code=division_code,
        facility=facility,
        outside=outside(facility, business_date(day), rule),
        grade=grade,
        standing=stands,
        standing_since=since if stands == before else day,
        reconciled=reconciled.holds_today,
        value_fen=book.value_fen,
        evidence=evidence,
    )


def active_edges(edges: Iterable[str], certified: Collection[str]) -> list[str]:
    """Those with a valid certificate; where there is none, all that are registered: e1 says what is wrong."""
    edges = list(edges)
    return [edge_id for edge_id in edges if edge_id in certified] or edges


def _alive(
    edges: Mapping[str, EdgeBook], known: Known, site_id: str, until_ms: int, rule: CoverageRule
) -> tuple[Alive, int]:
    """The edge that was heard least, and the longest time that one of them has been silent until now."""
    from_ms, beat_ms = until_ms - rule.alive_days * DAY_MS, rule.heartbeat_minutes * 60_000
    listened = common(united(known.heard.get(attendance.CENTRE, ())), [(from_ms, until_ms)])
    due = without(listened, united(known.outages.get(site_id, ())))
    worst, silent_ms = Alive(), 0
    for edge_id in active_edges(edges, known.certified):
        spans = united((began, ended + beat_ms) for began, ended in known.heard.get(edge_id, ()))
        heard = common(due, spans)
        one = Alive(
            True, known.recorded_from_ms, from_ms, until_ms, total(due), total(heard), longest_silence(due, spans)
        )
        if not worst.has_edge or one.heard_ms < worst.heard_ms:
            worst = one._replace(longest_silence_ms=max(one.longest_silence_ms, worst.longest_silence_ms))
        last_ms = heard[-1][1] if heard else from_ms
        silent_ms = max(silent_ms, total(common(due, [(last_ms, until_ms)])))
    return worst, silent_ms


def _reconciled(
    edges: Mapping[str, EdgeBook],
    known: Known,
    site_id: str,
    until_ms: int,
    contradicted: Collection[str],
    book_holds: bool | None,
    rule: CoverageRule,
) -> Reconciled:
    names = active_edges(edges, known.certified)
    limit_ms = until_ms - rule.passed_hours_max * HOUR_MS
    days, held = known.reconciled.get(site_id, (0, 0))
    return Reconciled(
        edges=len(names),
        not_passed=sum(
            any(_passed_ms(one, edges[one], known, stream) < limit_ms for stream in Stream) for one in names
        ),
        broken=sum(edges[one].is_forked or one in contradicted for one in names),
        quarantined=sum(edge.quarantined for edge in edges.values()),
        book_holds=book_holds,
        days_before=days,
        days_held=held,
    )


def _passed_ms(edge_id: str, edge: EdgeBook, known: Known, stream: Stream) -> int:
    return max(edge.passed_ms.get(stream.value, 0), known.passed.get((edge_id, stream.value), 0))


def _book_holds(check: BookCheck, from_ms: int) -> bool | None:
    if check.findings:
        return False
    passed_ms = check.last_full_pass_ms
    return True if passed_ms is not None and passed_ms >= from_ms else None


# What the administration knows ------------------------------------------------------------------------------------


def _know(connection: Connection, day: int, rule: CoverageRule) -> Known:
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
