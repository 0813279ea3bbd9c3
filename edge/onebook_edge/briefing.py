"""Tells every work place what the centre's documents and the local stock say, as soon as one of them is newer."""

from __future__ import annotations

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.knowledge import Knowledge
from onebook_edge.capture.pipeline import Pipeline
from onebook_edge.document_numbers import DocumentNumbers
from onebook_edge.stock.keeper import StockKeeper
from onebook_schemas.reference import (
    CatalogueDocument,
    PeopleDocument,
    ReferenceDocument,
    SiteDocument,
    StockDocument,
    TasksDocument,
)


class Briefing:
    """`take` each document when it comes: what is large goes on to those who keep it in a form of their own."""

    def __init__(self, pipeline: Pipeline, keeper: StockKeeper, numbers: DocumentNumbers) -> None:
        self._pipeline, self._keeper, self._numbers = pipeline, keeper, numbers
        self._site: SiteDocument | None = None
        self._people: PeopleDocument | None = None
        self._tasks: TasksDocument | None = None
        keeper.on_changed = self._tell

    @property
    def keeper(self) -> StockKeeper:
        return self._keeper

    def take(self, document: ReferenceDocument) -> None:
        match document:
            case CatalogueDocument():
                catalogue = Catalogue.of_document(document)
                self._keeper.use_catalogue(catalogue)
                self._pipeline.use_catalogue(catalogue)
                return
            case SiteDocument():
                self._site = self._numbers.site = document
            case PeopleDocument():
                self._people = document
            case TasksDocument():
                self._tasks = document
            case StockDocument():
                self._keeper.use_document(document)
                return
        self._tell()

    def _tell(self) -> None:
        known = Knowledge(self._site, self._people, self._tasks, self._keeper.seen, self._keeper.recent)
        self._pipeline.use_knowledge(known)
