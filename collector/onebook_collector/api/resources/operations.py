"""Numbers for Prometheus."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fastapi import APIRouter, Depends, Response

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.exposition import CONTENT_TYPE, Family, exposition, family
from onebook_collector.api.picture import EdgePicture, look_at_edges
from onebook_collector.backup.record import Record, read_record
from onebook_collector.early_warning.rule import EarlyWarning, Severity
from onebook_collector.errors import RetryableError
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import BookFigures
from onebook_collector.live_board import Freshness
from onebook_schemas.uplink import Stream

router = APIRouter(tags=["health"], dependencies=[Depends(Needs(Verb.READ, Resource.METRICS))])


class ExpositionResponse(Response):
    media_type = CONTENT_TYPE


@router.get("/metrics", summary="Numbers for Prometheus", response_class=ExpositionResponse)
async def read_metrics(centre: CentreDep, scope: ScopeDep) -> ExpositionResponse:
    book = await centre.ledger.read(queries.figures)
    edges = await look_at_edges(centre, scope)
    warnings = await centre.watcher.open_warnings()
    record = await asyncio.to_thread(_record, centre.backups) if centre.backups else None
    families = (
        *_ingest(centre),
        *_book(book),
        *_edges(edges),
        _warnings(warnings),
        *_backups(record),
        *_proof(centre, book),
    )
    return ExpositionResponse(exposition(families))


def _ingest(centre: Centre) -> Iterable[Family]:
    counters, link = centre.ingest.counters, centre.ingest.link
    prefix = "onebook_ingest"
    yield family(f"{prefix}_messages_total", "counter", "Messages of edges.", counters.messages, "kind")
    yield family(f"{prefix}_uploads_total", "counter", "Uploads by what became of them.", counters.outcomes, "outcome")
    yield family(f"{prefix}_events_total", "counter", "Events booked or stored.", counters.events, "stream")
    yield family(f"{prefix}_rejected_total", "counter", "Messages that were none.", counters.rejected, "reason")
    yield family(f"{prefix}_groups_total", "counter", "Transactions of the ledger.", counters.groups)
    yield family(f"{prefix}_failures_total", "counter", "Transactions that had to be repeated.", counters.failures)
    yield family(f"{prefix}_waiting_messages", "gauge", "Received and not yet booked.", centre.ingest.waiting)
    yield family("onebook_broker_connected", "gauge", "1: connected to the broker.", int(link.connected.is_set()))


def _book(book: BookFigures) -> Iterable[Family]:
    yield family("onebook_ledger_seq", "gauge", "Newest entry of the book.", book.last_ledger_seq)
    yield family("onebook_quarantine_events", "gauge", "Set aside, waiting for a person.", book.quarantine_waiting)
    yield family("onebook_discrepancies_open", "gauge", "Movements to be looked at.", book.discrepancies_open)


def _edges(edges: Iterable[EdgePicture]) -> Iterable[Family]:
    states = dict.fromkeys(map(str, Freshness), 0)
    waiting = dict.fromkeys(map(str, Stream), 0)
    held = 0
    for edge in edges:
        states[edge.freshness] += 1
        held += any(log.cursor.forked for log in edge.logs)
        for stream, count in edge.waiting.items():
            waiting[stream] += count
    yield family("onebook_edges", "gauge", "Edges by how fresh their picture is.", states, "freshness")
    yield family("onebook_edges_held", "gauge", "Edges with a log that says two things.", held)
    yield family("onebook_backlog_events", "gauge", "Events that edges still hold.", waiting, "stream")


def _record(folder: Path) -> Record:
    """One that cannot be read proves nothing; the log and an early warning say so."""
    try:
        return read_record(folder)
    except RetryableError:
        return Record()


def _backups(record: Record | None) -> Iterable[Family]:
    """Absent where no backup is configured; 0: never."""
    if record is not None:
        backup_s, proof_s = (record.last_backup_ms or 0) / 1_000, (record.last_proof_ms or 0) / 1_000
        yield family("onebook_backup_last_good_unix_s", "gauge", "When the last good backup was made.", backup_s)
        yield family("onebook_restore_drill_last_proof_unix_s", "gauge", "When a drill last proved a backup.", proof_s)


def _proof(centre: Centre, book: BookFigures) -> Iterable[Family]:
    """A full pass at 0: none yet since the start."""
    verifier = centre.verifier
    behind, pass_s = max(book.last_ledger_seq - verifier.verified_through, 0), (verifier.last_full_pass_ms or 0) / 1_000
    yield family("onebook_book_unverified_entries", "gauge", "Entries that the verifier is behind.", behind)
    yield family("onebook_book_last_full_pass_unix_s", "gauge", "When all of the book was last re-checked.", pass_s)
    yield family("onebook_book_findings", "gauge", "What is wrong with the book. 0, always.", len(verifier.findings))


def _warnings(warnings: Iterable[EarlyWarning]) -> Family:
    found = Counter(warning.severity for warning in warnings)
    values = {severity.name.lower(): found[severity] for severity in Severity}
    return family("onebook_warnings_open", "gauge", "Open early warnings.", values, "severity")
