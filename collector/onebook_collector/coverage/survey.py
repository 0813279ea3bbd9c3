"""One day of every facility: asks the book, the administration and the time series, has each judged, and keeps the snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.coverage import snapshots
from onebook_collector.coverage.days import DAY_MS, day_ends_ms
from onebook_collector.coverage.gathering import EdgeBook, look_into_book
from onebook_collector.coverage.judge import Judge
from onebook_collector.coverage.known import know
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.snapshots import SiteDay, Snapshot
from onebook_collector.early_warning.rule import Kind
from onebook_collector.early_warning.watcher import Watcher
from onebook_collector.ledger import queries
from onebook_collector.ledger.store import LedgerStore
from onebook_collector.metrics.store import MetricsStore


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


async def take_snapshot(sources: Sources, day: int, rule: CoverageRule, now_ms: int) -> list[SiteDay]:
    """Judge every facility for a business day that is over, and keep it."""
    rows = await survey(sources, day, rule)
    await sources.administration.write(lambda db: snapshots.keep(db, Snapshot(day, now_ms, rule), rows))
    return rows


async def survey(sources: Sources, day: int, rule: CoverageRule) -> list[SiteDay]:
    """Every facility that the book knows, by site_id."""
    until_ms = day_ends_ms(day)
    known = await sources.administration.read(lambda db: know(db, day, rule))
    (books, edges), sites = await sources.ledger.read(
        lambda db: (look_into_book(db, day, rule, known.prices), queries.sites(db))
    )
    from_ms = until_ms - rule.telemetry_days * DAY_MS
    slots = await sources.metrics.filled_slots(from_ms, until_ms, rule.reading_minutes * 60_000)
    warnings = await sources.watcher.open_warnings()
    contradicted = {one.subject.edge_id for one in warnings if one.kind is Kind.CHECKPOINT_CONTRADICTED}
    book_holds = _book_holds(sources.check, until_ms - rule.book_checked_days_max * DAY_MS)
    judge = Judge(day, rule, known, slots, contradicted, book_holds)
    of_site: dict[str, dict[str, EdgeBook]] = {}
    for edge_id, edge in edges.items():
        of_site.setdefault(edge.site_id, {})[edge_id] = edge
    return [
        judge.judge(site, books[site.site_id], of_site.get(site.site_id, {}))
        for site in sites
        if site.site_id in known.facilities
    ]


def _book_holds(check: BookCheck, from_ms: int) -> bool | None:
    if check.findings:
        return False
    passed_ms = check.last_full_pass_ms
    return True if passed_ms is not None and passed_ms >= from_ms else None
