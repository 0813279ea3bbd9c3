"""Keeps the local stock true: built from the centre's document and the journal on the disk, then fed with each fact recorded.

Before the centre has ever sent a document nothing is known of the stock: a box that only saw a part of it would mislead. What was
booked here lately is known in any case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.held_goods import NothingKnown, StockSeen
from onebook_edge.logs import get_logger
from onebook_edge.outbox.store import StoredEvent
from onebook_edge.stock.local_stock import LocalStock
from onebook_edge.stock.recent_movements import RecentMovements
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.reference import StockDocument

log = get_logger()

_TAIL: Final = 2_000
"""Events before the document that are read too: what they moved may be taken back later, or corrected."""
_AT_ONCE: Final = 200
_BYTES_AT_ONCE: Final = 1 << 20
_OF_STOCK: Final = (b'"goods_moved"', b'"movement_reversed"', b'"stock_counted"', b'"papers_followed"')


class Journal(Protocol):
    """The journal of this box, as the keeper reads it."""

    @property
    def epoch(self) -> str: ...

    @property
    def last_sequence(self) -> int: ...

    async def load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]: ...


class StockKeeper:
    """`feed` it with what is recorded, `use_document` when the centre sends one, `await run()` for ever."""

    def __init__(self, journal: Journal, catalogue: Catalogue, on_changed: Callable[[], None] = lambda: None) -> None:
        self.stock: LocalStock | None = None
        self.recent = RecentMovements()
        self.on_changed = on_changed  # Another stock, or another memory of what was booked, is there.
        self._journal, self._catalogue = journal, catalogue
        self._document: StockDocument | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()  # The journal is read once at the start.
        self._waiting: list[tuple[object, int]] | None = None  # What is recorded while the journal is read.

    @property
    def seen(self) -> StockSeen:
        return self.stock or NothingKnown()

    def use_catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        if self.stock is not None:
            self.stock.catalogue = catalogue

    def use_document(self, document: StockDocument) -> None:
        self._document = document
        self._wanted.set()

    def feed(self, facts: Iterable[object], at_ms: int) -> None:
        """Facts that are on the disk now. One that was read from there already is known by its movement id."""
        for fact in facts:
            if self._waiting is not None:
                self._waiting.append((fact, at_ms))
            else:
                self._fold(fact, at_ms)

    async def run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            document, self._document = self._document, None
            await self._rebuild(document)
            self.on_changed()

    async def _rebuild(self, document: StockDocument | None) -> None:
        """Read the journal beside what goes on; what is recorded meanwhile is taken after it, once."""
        self._waiting = []
        try:
            stock = await asyncio.to_thread(LocalStock, document, self._catalogue) if document else None
            recent = RecentMovements()
            epoch = self._journal.epoch
            through = max(self._first(document, epoch) - _TAIL, 0)
            while events := await self._journal.load(through, _AT_ONCE, _BYTES_AT_ONCE):
                for event in events:
                    _take(stock, recent, event, epoch)
                through = events[-1].sequence
            self.stock, self.recent = stock, recent
        finally:
            waiting, self._waiting = self._waiting, None
        for fact, at_ms in waiting:
            self._fold(fact, at_ms)
        log.info("stock_known", version=document.version if document else None, through=through)

    def _first(self, document: StockDocument | None, epoch: str) -> int:
        """Where the journal is read from. Without a document only what was booked lately is wanted."""
        taken = (
            {one.epoch: one.sequence for one in document.taken} if document else {epoch: self._journal.last_sequence}
        )
        return taken.get(epoch, 0)

    def _fold(self, fact: object, at_ms: int) -> None:
        if self.stock is not None:
            self.stock.record(fact)
        self.recent.record(fact, at_ms)


def _take(stock: LocalStock | None, recent: RecentMovements, event: StoredEvent, epoch: str) -> None:
    if not any(mark in event.body for mark in _OF_STOCK):  # To take every event apart would cost ten times as much.
        return
    try:
        said = journal_event_of(event.body)
    except ValueError:
        return  # Damaged on the card: the centre sets it aside too.
    recent.record(said.fact, said.wall_ms)
    if stock is not None and stock.holds(epoch, event.sequence):
        stock.remember(said.fact)
    elif stock is not None:
        stock.record(said.fact)
