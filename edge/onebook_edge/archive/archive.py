"""Follows the journal and finds papers: by number, kind, day, person and goods.

It reads the journal in portions behind the commit, so that no commit does more for it, and keeps an index only: a paper is made
anew from its facts each time. What the journal lets go of is found no more. How often a paper was printed is on the disk before
the paper is shown, so that no second print is taken for the first one; another box, or a new card, begins to count anew.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from onebook_edge.archive.index_file import FACTS_MAX, FoundPaper, IndexFile, Search
from onebook_edge.logs import get_logger
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.worker import Worker
from onebook_edge.paper.filing import entry_of
from onebook_schemas.envelope import JournalEvent, journal_event_of
from onebook_schemas.uplink import Stream

log = get_logger()

NOT_COUNTED: Final = 0
"""The disk was full: it is not known how often the paper was printed."""
_FOLLOW_EVERY_S, _TIDY_EVERY = 5.0, 720  # Once an hour.
_AT_ONCE, _BYTES_AT_ONCE = 100, 256 * 1024

_ON_PAPER = re.compile(rb'"fact":\{"type":"(goods_moved|movement_reversed|stock_counted|papers_followed)"')
"""Of the facts that stand on papers. Most others say that a device came and went: they need not be taken apart."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PaperFacts:
    """What stands on a paper, and what refers to it: reversals and corrections; for a reversal its original."""

    found: FoundPaper
    events: tuple[JournalEvent, ...]
    related: tuple[JournalEvent, ...]
    is_whole: bool  # Else it is a stocktake of more than FACTS_MAX counts, and these are the first ones.


class PaperArchive:
    """Let `run` follow the journal. `is_current`: whether everything that is recorded can be found."""

    def __init__(self, path: Path, outbox: Outbox) -> None:
        self._outbox, self._index = outbox, IndexFile(path)
        self._worker = Worker("archive")
        self._following = asyncio.Lock()
        self.is_current = True

    async def run(self) -> None:
        turn = 0
        while True:
            await self.follow()
            if self.is_current and turn % _TIDY_EVERY == 0:
                await self.tidy()
            turn += 1
            await asyncio.sleep(_FOLLOW_EVERY_S)

    async def follow(self) -> None:
        """Take in what was recorded since."""
        try:
            async with self._following:
                await self._follow()
            self.is_current = True
        except sqlite3.OperationalError as error:  # A full disk. The journal is what matters; this can be made up for.
            self._fall_behind(error)

    async def tidy(self) -> None:
        """Let go of the papers whose facts the journal keeps no more."""
        first = await self._outbox.load(Stream.JOURNAL, 0, 1, 1)
        if first:
            await self._do(self._index.forget_before, first[0].sequence)

    async def find(self, search: Search) -> list[FoundPaper]:
        """The newest first, at most FOUND_MAX. See `is_current` for whether all are among them."""
        await self.follow()
        try:
            return await self._do(self._index.find, search)
        except sqlite3.OperationalError as error:
            self._fall_behind(error)
            return []

    async def facts_of(self, paper: str) -> PaperFacts | None:
        """What stands on a paper; None when there is no such paper any more."""
        await self.follow()
        found, own, related = await self._do(self._index.places, paper)
        events, others = await self._events(own), await self._events(related)
        return PaperFacts(found, events, others, len(own) < FACTS_MAX) if found and events else None

    async def count_print(self, paper: str) -> int:
        """The how manieth print this one is, or NOT_COUNTED. Ask before the paper is shown."""
        try:
            return await self._do(self._index.count_print, paper)
        except sqlite3.OperationalError as error:
            log.warning("print_not_counted", paper=paper, reason=str(error))
            return NOT_COUNTED

    async def close(self) -> None:
        await self._do(self._index.close)
        self._worker.close()

    def _fall_behind(self, error: sqlite3.OperationalError) -> None:
        if self.is_current:
            log.warning("archive_not_written", reason=str(error), effect="new papers are not found yet")
        self.is_current = False

    async def _follow(self) -> None:
        journal = self._outbox[Stream.JOURNAL]
        through = await self._do(self._index.followed, journal.epoch, journal.position.last_sequence)
        while through < journal.position.last_sequence:
            stored = await self._outbox.load(Stream.JOURNAL, through, _AT_ONCE, _BYTES_AT_ONCE)
            if not stored:
                return
            through = stored[-1].through
            bodies = [event.body for event in stored]
            await self._do(self._file, bodies, through, self._outbox.boot_anchors)

    async def _events(self, sequences: Sequence[int]) -> tuple[JournalEvent, ...]:
        bodies = []
        for sequence in sequences:
            stored = await self._outbox.load(Stream.JOURNAL, sequence - 1, 1, 1)
            bodies += [event.body for event in stored if event.sequence == sequence]
        return await self._do(_read, bodies)

    async def _do(self, work: Callable[..., T], *arguments: object) -> T:
        return await self._worker.do(partial(work, *arguments))

    def _file(self, bodies: Sequence[bytes], through: int, boot_anchors: Mapping[str, int]) -> None:
        """In the thread, as is reading: neither keeps a scan waiting."""
        filed = [body for body in bodies if _ON_PAPER.search(body)]
        entries = [entry for event in _read(filed) if (entry := entry_of(event, boot_anchors))]
        self._index.file(entries, through)


def _read(bodies: Sequence[bytes]) -> tuple[JournalEvent, ...]:
    """Those that can be read: one that was damaged on the card is set aside by the collector, and stands on no paper."""
    events = []
    for body in bodies:
        try:
            events.append(journal_event_of(body))
        except ValidationError:
            log.warning("journal_event_unreadable", effect="it stands on no paper")
    return tuple(events)
