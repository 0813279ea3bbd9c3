"""The keeper: after a start, a new document or a busy moment, the stock is that of the document and of the journal behind it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.outbox.store import StoredEvent
from onebook_edge.stock.keeper import StockKeeper
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import StockDocument, StockLine, TakenThrough
from tests.contract.ledger_events import body, line, moved, reversed_

EPOCH, OTHER = "0123456789abcdef", "f" * 16
BED = "LS01006"


class Journal:
    """A journal in memory that lets others run between two reads, as the one on the disk does."""

    def __init__(self) -> None:
        self.epoch = EPOCH
        self.events: list[StoredEvent] = []
        self.during: dict[int, Callable[[], None]] = {}  # What happens while it is read for the nth time.
        self._reads = 0

    @property
    def last_sequence(self) -> int:
        return len(self.events)

    def add(self, fact: dict[str, Any]) -> Any:
        sequence = len(self.events) + 1
        event = body(sequence, fact, 1_000 * sequence)
        self.events.append(StoredEvent(sequence, sequence, event, None))
        return journal_event_of(event).fact

    async def load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        found = tuple(self.events[after : after + 2])
        self._reads += 1
        await asyncio.sleep(0)
        self.during.get(self._reads, lambda: None)()  # What is recorded now is not among them.
        return found


def receipt(number: int, amount: int) -> dict[str, Any]:
    return moved(number, "receipt", line(BED, amount, to_bin="A"))


def document(amount: int, taken: dict[str, int], version: int = 1) -> StockDocument:
    held = StockLine(bin="A", item=BED, quantity=Quantity(amount=Decimal(amount), unit="EA"))
    through = tuple(TakenThrough(epoch=epoch, sequence=sequence) for epoch, sequence in taken.items())
    return StockDocument(version=version, site_id="wh-1", taken=through, lines=(held,))


@asynccontextmanager
async def kept(journal: Journal, *documents: StockDocument) -> AsyncIterator[StockKeeper]:
    """A keeper that has read all there is."""
    changes: asyncio.Queue[None] = asyncio.Queue()
    keeper = StockKeeper(journal, Catalogue(), lambda: changes.put_nowait(None))
    for one in documents:
        keeper.use_document(one)
    task = asyncio.create_task(keeper.run())
    await changes.get()
    keeper.on_changed = lambda: changes.put_nowait(None)
    yield keeper
    task.cancel()


def amount(keeper: StockKeeper) -> Decimal:
    return sum((held.amount for held in keeper.seen.in_bin("A")), Decimal(0))


async def test_without_a_document_nothing_is_known_but_what_was_booked_lately() -> None:
    journal = Journal()
    journal.add(receipt(1, 5))
    async with kept(journal) as keeper:
        assert keeper.seen.in_bin("A") == ()
        assert len(keeper.recent.newest(9)) == 1


@pytest.mark.parametrize(("taken", "expected"), [({EPOCH: 0}, 111), ({EPOCH: 2}, 101), ({OTHER: 9}, 111)])
async def test_after_a_start_it_is_the_document_and_what_was_recorded_behind_it(
    taken: dict[str, int], expected: int
) -> None:
    journal = Journal()
    for number, much in ((1, 4), (2, 6), (3, 1)):
        journal.add(receipt(number, much))
    async with kept(journal, document(100, taken)) as keeper:
        assert amount(keeper) == expected


@pytest.mark.parametrize("read", range(1, 12))
async def test_what_is_recorded_while_the_journal_is_read_is_taken_once(read: int) -> None:
    """The eleventh read finds nothing more: what is recorded before its answer is heard of by `feed` alone."""
    journal = Journal()
    for number in range(1, 20):
        journal.add(receipt(number, 1))
    keeper = StockKeeper(journal, Catalogue())
    journal.during = {read: lambda: keeper.feed([journal.add(receipt(20, 1))], 1_000)}
    keeper.use_document(document(100, {EPOCH: 0}))
    task = asyncio.create_task(keeper.run())
    while keeper.stock is None:
        await asyncio.sleep(0)
    task.cancel()
    assert amount(keeper) == 120


async def test_a_movement_from_before_the_document_is_taken_back() -> None:
    journal = Journal()
    journal.add(receipt(1, 4))
    async with kept(journal, document(100, {EPOCH: 1})) as keeper:
        keeper.feed([journal.add(reversed_(2, 1))], 1_000)
        assert amount(keeper) == 96
        assert keeper.recent.newest(9) == ()


async def test_a_journal_begun_anew_is_heard_on() -> None:
    journal = Journal()
    journal.add(receipt(1, 4))
    async with kept(journal, document(100, {EPOCH: 1})) as keeper:
        journal.epoch, journal.events = OTHER, []
        keeper.feed([journal.add(receipt(2, 7))], 1_000)
        assert amount(keeper) == 107


async def test_an_event_that_was_damaged_on_the_card_is_passed_by() -> None:
    journal = Journal()
    journal.add(receipt(1, 4))
    journal.events.append(StoredEvent(2, 2, b'{"fact":{"type":"goods_moved"' + json.dumps("?").encode(), None))
    async with kept(journal, document(100, {EPOCH: 0})) as keeper:
        assert amount(keeper) == 104
