"""What the book had before a count, as far as this box can tell: the centre's document and the journal up to there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.stock.keeper import Journal
from onebook_edge.stock.local_stock import LocalStock
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.reference import StockDocument
from onebook_schemas.stock_events import StockCounted

EVENTS_MAX: Final = 20_000
"""Between the document and the count: weeks without the centre. Beyond them nobody waits for a count sheet."""
_AT_ONCE, _BYTES_AT_ONCE = 200, 1 << 20


async def stock_before(
    journal: Journal, document: StockDocument, catalogue: Catalogue, sequence: int
) -> LocalStock | None:
    """None when the document has the count in its figures already, or is of another epoch: then only the centre can tell."""
    taken = next((one.sequence for one in document.taken if one.epoch == journal.epoch), None)
    if taken is None or not taken < sequence <= taken + EVENTS_MAX:
        return None
    stock = await asyncio.to_thread(LocalStock, document, catalogue)
    after = taken
    while after < sequence - 1:
        events = await journal.load(after, min(_AT_ONCE, sequence - 1 - after), _BYTES_AT_ONCE)
        if not events:
            return None
        await asyncio.to_thread(_fold, stock, [event.body for event in events])
        after = events[-1].sequence
    return stock


def amount_of(stock: LocalStock, count: StockCounted) -> Decimal | None:
    """What lies there of what was counted; None when it is counted in another unit than the stock has it in."""
    held = [
        one
        for one in stock.in_bin(count.bin)
        if (one.item, one.status, one.holding) == (count.item, count.status, count.holding)
        and (count.lot is None or one.lot_number == count.lot.number)
    ]
    if any(one.unit != count.counted.unit for one in held):
        return None
    return sum((one.amount for one in held), Decimal(0))


def _fold(stock: LocalStock, bodies: Sequence[bytes]) -> None:
    for body in bodies:
        try:
            stock.record(journal_event_of(body).fact)
        except ValueError:
            continue  # Damaged on the card: the centre sets it aside too.
