"""What the book had before a count: the centre's document and the box's own journal up to there, on a real outbox."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from onebook_edge.outbox.outbox import Outbox
from onebook_edge.stock.book_before import amount_of, stock_before
from onebook_edge.stock.own_journal import OwnJournal
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import StockDocument, StockLine, TakenThrough
from onebook_schemas.stock_events import Lot, MovementKind
from onebook_schemas.uplink import Stream
from tests.integration.test_archive import HandClock
from tests.unit.edge.paper.facts import HOLDING, counted, line, moved
from tests.unit.edge.paper.samples import CATALOGUE, TENT


def document(epoch: str, taken: int) -> StockDocument:
    """Forty tents of a lot and ten of an unknown one in the bin, when the centre made it."""
    lots = (("T1", "40"), (None, "10"))
    lines = tuple(
        StockLine(
            bin="A-01", item=TENT.code, lot=lot, quantity=Quantity(amount=Decimal(amount), unit="EA"), holding=HOLDING
        )
        for lot, amount in lots
    )
    return StockDocument(version=1, site_id="hz-02", taken=(TakenThrough(epoch=epoch, sequence=taken),), lines=lines)


@pytest.fixture(name="outbox")
async def _outbox(tmp_path: Path) -> Outbox:
    """1: in the document; 2 and 3: recorded after it; 4: the count; 5: after the count."""
    outbox = await Outbox.open(tmp_path, "edge-1", HandClock())
    issue = {"from_bin": "A-01", "lot": Lot(number="T1")}
    await outbox.record([moved(1, MovementKind.ISSUE, line(TENT.code, "9", **issue))])
    await outbox.record([moved(2, MovementKind.ISSUE, line(TENT.code, "3", **issue))])
    await outbox.record([moved(3, MovementKind.RECEIPT, line(TENT.code, "5", to_bin="A-01"))])
    await outbox.record([counted(4, TENT.code, "36", bin_code="A-01", lot=Lot(number="T1"), holding=HOLDING)])
    await outbox.record([moved(5, MovementKind.ISSUE, line(TENT.code, "7", **issue))])
    return outbox


async def test_it_is_the_document_and_what_was_recorded_between(outbox: Outbox) -> None:
    journal = OwnJournal(outbox)
    stock = await stock_before(journal, document(journal.epoch, 1), CATALOGUE, 4)
    assert stock is not None
    of_lot = counted(4, TENT.code, "36", bin_code="A-01", lot=Lot(number="T1"), holding=HOLDING)
    of_all = counted(4, TENT.code, "36", bin_code="A-01", holding=HOLDING)
    elsewhere = counted(4, TENT.code, "36", bin_code="B-01", holding=HOLDING)
    in_cartons = counted(4, TENT.code, "36", bin_code="A-01", unit="CT", holding=HOLDING)
    assert [amount_of(stock, one) for one in (of_lot, of_all, elsewhere, in_cartons)] == [37, 52, 0, None]
    await outbox.close()


async def test_a_document_that_holds_the_count_cannot_tell(outbox: Outbox) -> None:
    journal = OwnJournal(outbox)
    assert await stock_before(journal, document(journal.epoch, 4), CATALOGUE, 4) is None
    await outbox.close()


async def test_a_document_of_another_epoch_cannot_tell(outbox: Outbox) -> None:
    """The same facts have other numbers now: some would be counted twice."""
    before = outbox[Stream.JOURNAL].epoch
    await outbox.renew_epoch(Stream.JOURNAL)
    assert await stock_before(OwnJournal(outbox), document(before, 1), CATALOGUE, 4) is None
    await outbox.close()


async def test_right_after_the_document_it_is_the_document(outbox: Outbox) -> None:
    journal = OwnJournal(outbox)
    stock = await stock_before(journal, document(journal.epoch, 3), CATALOGUE, 4)
    assert stock is not None
    assert amount_of(stock, counted(4, TENT.code, "36", bin_code="A-01", lot=Lot(number="T1"), holding=HOLDING)) == 40
    await outbox.close()
