"""Exports: what the lists say, as CSV files for spreadsheets. In the same scope, by the same rights, and each in the audit log.

A file is read while it leaves, some rows at a time. Movements, warnings and audit entries that come meanwhile are not in it;
balances are of one moment, and wait in a temporary file, so that a slow client holds up no reader of the book.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import IO, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection

from onebook_collector.administration.audit import audit_entries
from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.csv_stream import CsvResponse, csv_response
from onebook_collector.api.paging import page_of
from onebook_collector.api.resources.balances import BalanceFilterDep
from onebook_collector.api.resources.export_rows import (
    AUDIT,
    BALANCES,
    MOVEMENTS,
    WARNINGS,
    audit_row,
    balance_row,
    movement_rows,
    warning_row,
)
from onebook_collector.api.resources.movements import MovementFilterDep
from onebook_collector.csv_text import csv_lines
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import BalanceFilter, MovementFilter
from onebook_collector.scope import Scope

router = APIRouter(prefix="/exports", tags=["exports"])

PAGE_ROWS = 500
PAGE_MOVEMENTS = 100
"""Each has up to 500 lines."""
_CHUNK_CHARACTERS = 64 * 1024


async def _note(request: Request, keeper: DoorkeeperDep, principal: PrincipalDep) -> None:
    """Before anything leaves. What was asked for is in the detail."""
    name = request.url.path.rpartition("/")[2]
    await keeper.audit(principal.name, "export", name, request, query=request.url.query[:500])


def _export(resource: Resource) -> dict[str, Any]:
    """What the route of an export of these things declares. The rights come first: who lacks them exports nothing."""
    return {
        "summary": f"All {resource} in scope as a CSV file",
        "response_class": CsvResponse,
        "dependencies": [Depends(Needs(Verb.READ, resource)), Depends(_note)],
    }


@router.get("/balances", **_export(Resource.BALANCES))
async def export_balances(centre: CentreDep, scope: ScopeDep, asked: BalanceFilterDep) -> CsvResponse:
    file = await centre.ledger.read(lambda connection: _balances(connection, asked, scope))
    return csv_response("balances", BALANCES, _read(file), centre.clock.now_ms())


@router.get("/movements", **_export(Resource.MOVEMENTS))
async def export_movements(centre: CentreDep, scope: ScopeDep, asked: MovementFilterDep) -> CsvResponse:
    """Newest first; a row for each leg."""
    return csv_response("movements", MOVEMENTS, _movements(centre, asked, scope), centre.clock.now_ms())


@router.get("/warnings", **_export(Resource.WARNINGS))
async def export_warnings(centre: CentreDep, scope: ScopeDep) -> CsvResponse:
    """Open and past, newest first."""
    return csv_response("warnings", WARNINGS, _warnings(centre, scope), centre.clock.now_ms())


@router.get("/audit", **_export(Resource.AUDIT))
async def export_audit(centre: CentreDep) -> CsvResponse:
    """Newest first; the export itself is the first entry."""
    return csv_response("audit", AUDIT, _audit(centre), centre.clock.now_ms())


def _balances(connection: Connection, asked: BalanceFilter, scope: Scope) -> IO[str]:
    file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115  (closed when it has been read)
    rows = map(balance_row, queries.each_balance(connection, asked, scope=scope))
    for some in _in_pages(rows):
        file.write(csv_lines(some))
    file.seek(0)
    return file


async def _read(file: IO[str]) -> AsyncIterator[str]:
    with file:
        while text := await asyncio.to_thread(file.read, _CHUNK_CHARACTERS):
            yield text


async def _movements(centre: Centre, asked: MovementFilter, scope: Scope) -> AsyncIterator[str]:
    while True:
        page = asked
        found = await centre.ledger.read(
            lambda connection: queries.movements(connection, page, limit=PAGE_MOVEMENTS, scope=scope)  # noqa: B023
        )
        for some in _in_pages(row for entry in found for row in movement_rows(entry)):
            yield csv_lines(some)
        if len(found) < PAGE_MOVEMENTS:
            return
        asked = replace(asked, before_seq=found[-1].row.ledger_seq)


async def _warnings(centre: Centre, scope: Scope) -> AsyncIterator[str]:
    seen = await centre.ledger.read(lambda connection: queries.edges_in_sight(connection, scope))
    before_ms: int | None = centre.clock.now_ms() + 1
    while before_ms is not None:
        found, before_ms = await page_of(
            lambda count: centre.watcher.history(before_ms=before_ms, limit=count, edges=seen.names),  # noqa: B023
            lambda warning: warning.opened_ms,
            PAGE_ROWS,
        )
        yield csv_lines(map(warning_row, found))


async def _audit(centre: Centre) -> AsyncIterator[str]:
    before: int | None = None
    while True:
        found = await centre.administration.read(
            lambda connection: audit_entries(connection, before=before, limit=PAGE_ROWS)  # noqa: B023
        )
        yield csv_lines(map(audit_row, found))
        if len(found) < PAGE_ROWS:
            return
        before = found[-1].entry_id


def _in_pages(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while page := list(itertools.islice(rows, PAGE_ROWS)):
        yield page
