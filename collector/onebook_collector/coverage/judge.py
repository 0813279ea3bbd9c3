"""Judges one warehouse on one day, by what is known of all of them. Pure: everything was asked before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from onebook_collector.clock import business_date
from onebook_collector.coverage.attendance import CENTRE
from onebook_collector.coverage.days import DAY_MS, day_ends_ms
from onebook_collector.coverage.evidence import (
    HOUR_MS,
    Alive,
    Evidence,
    Reconciled,
    judge_alive,
    judge_captured,
    judge_counted,
    judge_enrolled,
    judge_measured,
    judge_reconciled,
)
from onebook_collector.coverage.facility import outside
from onebook_collector.coverage.gathering import EdgeBook, SiteBook, enrolled_of
from onebook_collector.coverage.grade import Grade, grade_of, standing
from onebook_collector.coverage.known import Known
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.snapshots import SiteDay
from onebook_collector.coverage.spans import common, longest_silence, total, united, without
from onebook_collector.coverage.zones import readings_of
from onebook_collector.ledger.registry import Site
from onebook_collector.metrics.store import FilledSlots
from onebook_schemas.uplink import Stream

Edges = Mapping[str, EdgeBook]  # Of one warehouse.


@dataclass(frozen=True, slots=True)
class Judge:
    """`contradicted`: edges that say that the centre contradicts itself; `book_holds`: None where nobody has checked lately."""

    day: int
    rule: CoverageRule
    known: Known
    slots: FilledSlots
    contradicted: Collection[str]
    book_holds: bool | None

    def judge(self, site: Site, book: SiteBook, edges: Edges) -> SiteDay:
        """`site` has a facility in the register."""
        facility, rule, day = self.known.facilities[site.site_id], self.rule, self.day
        alive, silent_ms = self._alive(site.site_id, edges)
        reconciled = self._reconciled(site.site_id, edges)
        evidence = self._evidence(site.site_id, book, edges, alive, reconciled)
        grade = grade_of(evidence, rule)
        days = {one.day: one.grade for one in self.known.days_before.get(site.site_id, ())} | {day: grade}
        before, since = self.known.stood.get(site.site_id, (Grade.NONE, day))
        stands = standing(before, days, day, silent_hours=silent_ms // HOUR_MS, rule=rule)
        return SiteDay(
            day=day,
            site_id=site.site_id,
            division_code=site.division_code,
            facility=facility,
            outside=outside(facility, business_date(day), rule),
            grade=grade,
            standing=stands,
            standing_since=since if stands == before else day,
            reconciled=reconciled.holds_today,
            value_fen=book.value_fen,
            evidence=evidence,
        )

    def _evidence(
        self, site_id: str, book: SiteBook, edges: Edges, alive: Alive, reconciled: Reconciled
    ) -> tuple[Evidence, ...]:
        known, rule = self.known, self.rule
        certified = sum(edge_id in known.certified for edge_id in edges)
        enrolled = enrolled_of(book, edges=len(edges), certified=certified, keepers=known.keepers.get(site_id, 0))
        measured = readings_of(site_id, known.zones, book.limited, self.slots, rule)
        return (
            judge_enrolled(enrolled, rule),
            judge_alive(alive, rule),
            judge_captured(book.captured, rule),
            judge_counted(book.counted, rule),
            judge_measured(measured, rule),
            judge_reconciled(reconciled, rule),
        )

    def _active(self, edges: Edges) -> list[str]:
        """Those with a valid certificate; where there is none, all that are registered: e1 says what is wrong."""
        return [edge_id for edge_id in edges if edge_id in self.known.certified] or list(edges)

    def _alive(self, site_id: str, edges: Edges) -> tuple[Alive, int]:
        """The edge that was heard least, and the longest time that one of them has been silent until now."""
        rule, known, until_ms = self.rule, self.known, day_ends_ms(self.day)
        from_ms, beat_ms = until_ms - rule.alive_days * DAY_MS, rule.heartbeat_minutes * 60_000
        listened = common(united(known.heard.get(CENTRE, ())), [(from_ms, until_ms)])
        due = without(listened, united(known.outages.get(site_id, ())))
        worst, silent_ms = Alive(), 0
        for edge_id in self._active(edges):
            spans = united((began, ended + beat_ms) for began, ended in known.heard.get(edge_id, ()))
            heard = common(due, spans)
            silence_ms = max(longest_silence(due, spans), worst.longest_silence_ms)
            if not worst.has_edge or total(heard) < worst.heard_ms:
                worst = Alive(True, known.recorded_from_ms, from_ms, until_ms, total(due), total(heard))
            worst = worst._replace(longest_silence_ms=silence_ms)
            last_ms = heard[-1][1] if heard else from_ms
            silent_ms = max(silent_ms, total(common(due, [(last_ms, until_ms)])))
        return worst, silent_ms

    def _reconciled(self, site_id: str, edges: Edges) -> Reconciled:
        active = self._active(edges)
        days, held = self.known.reconciled.get(site_id, (0, 0))
        return Reconciled(
            edges=len(active),
            not_passed=sum(not self._has_passed(edge_id, edges[edge_id]) for edge_id in active),
            broken=sum(edges[edge_id].is_forked or edge_id in self.contradicted for edge_id in active),
            quarantined=sum(edge.quarantined for edge in edges.values()),
            book_holds=self.book_holds,
            days_before=days,
            days_held=held,
        )

    def _has_passed(self, edge_id: str, edge: EdgeBook) -> bool:
        """Whether everything that is older than allowed is booked, of both streams."""
        limit_ms, said = day_ends_ms(self.day) - self.rule.passed_hours_max * HOUR_MS, self.known.passed
        return all(
            max(edge.passed_ms.get(stream.value, 0), said.get((edge_id, stream.value), 0)) >= limit_ms
            for stream in Stream
        )
