"""Makes the documents of a site, or of the province, from the book and from what was written at the desk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import Clock
from onebook_collector.furnishing import book, compose, desk
from onebook_collector.furnishing.book import BookSeen
from onebook_collector.furnishing.changes import Due
from onebook_collector.furnishing.desk import Act
from onebook_collector.furnishing.progress import with_progress
from onebook_collector.furnishing.versions import PROVINCE
from onebook_schemas.reference import (
    CATALOGUE,
    PEOPLE,
    SITE,
    STOCK,
    CatalogueDocument,
    ReferenceDocument,
    StockDocument,
    Task,
)

BY_THE_BOOK = "book"
"""Who closes a task whose lines are done."""
T = TypeVar("T")
Documents = Mapping[str, ReferenceDocument]
"""By edge."""


class ReadableLedger(Protocol):
    async def read(self, query: Callable[[Connection], T]) -> T: ...


class Maker:
    def __init__(self, ledger: ReadableLedger, administration: AdministrationStore, clock: Clock) -> None:
        self._ledger, self._administration, self._clock = ledger, administration, clock

    async def make(self, due: Due, seen: BookSeen, edges: Collection[str]) -> Documents:
        """The document for each of these edges of the site. None of bins and people for a site that was not set up."""
        match due.name:
            case name if name == CATALOGUE:
                return {PROVINCE: await self._ledger.read(_catalogue)}
            case name if name == STOCK:
                return await self._ledger.read(lambda db: _stock(db, due.site_id, edges))
            case name if name in (SITE, PEOPLE):
                return await self._administration.read(lambda db: _of_the_desk(db, due, seen, edges))
            case _:
                document = compose.tasks_document(await self._open_tasks(due.site_id))
                return dict.fromkeys(edges, document)

    async def _open_tasks(self, site_id: str) -> list[Task]:
        """With their progress. Those that are done are closed, and are not among them."""
        given = await self._administration.read(lambda db: desk.tasks_of(db, site_id, is_open=True))
        tasks = [one.task for one in given]
        if not tasks:
            return []
        booked, worths = await self._ledger.read(
            lambda db: (
                book.booked_for(db, site_id, {task.document.number for task in tasks}),
                book.worths_of(db, {line.item for task in tasks for line in task.lines}),
            )
        )
        still_open = []
        for task in tasks:
            its = [one for one in booked if one.document_no == task.document.number]
            task_now, is_done = with_progress(task, its, worths)
            if is_done:
                await self._close(site_id, task.document.number)
            else:
                still_open.append(task_now)
        return still_open

    async def _close(self, site_id: str, number: str) -> None:
        act = Act(BY_THE_BOOK, self._clock.now_ms())
        reason = "各行已完成 / every line is done"
        await self._administration.write(lambda db: desk.close_task(db, site_id, number, reason, act))


def _catalogue(connection: Connection) -> CatalogueDocument:
    return compose.catalogue_document(book.catalogue_rows(connection))


def _stock(connection: Connection, site_id: str, edges: Collection[str]) -> dict[str, StockDocument]:
    stock = book.stock_of(connection, site_id, edges)
    return {edge_id: compose.stock_document(site_id, edge_id, stock) for edge_id in edges}


def _of_the_desk(connection: Connection, due: Due, seen: BookSeen, edges: Collection[str]) -> Documents:
    setup = desk.setup_of(connection, due.site_id)
    if setup is None:
        return {}
    if due.name == PEOPLE:
        return dict.fromkeys(edges, compose.people_document(desk.people_of(connection, due.site_id)))
    zones, bins = desk.zones_of(connection, due.site_id).values(), desk.bins_of(connection, due.site_id)
    site = seen.sites[due.site_id]
    return {edge_id: compose.site_document(site, edge_id, setup, zones, bins) for edge_id in edges}
