"""What this box booked lately and was not taken back: to correct it, to add its papers, to see how far an order is. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from onebook_edge.capture.knowledge import BookedLately
from onebook_schemas.stock_events import GoodsMoved, MovementReversed, PapersFollowed

MOVEMENTS_MAX: Final = 500
"""Some days of a busy warehouse; a few kilobytes each."""


class RecentMovements:
    def __init__(self) -> None:
        self._booked: dict[str, BookedLately] = {}  # By movement id, the oldest first.

    def record(self, fact: object, at_ms: int) -> None:
        """Take a fact of the journal, in its order. `at_ms`: when, by the wall clock of the box."""
        match fact:
            case GoodsMoved():
                self._booked[fact.movement_id] = BookedLately(fact, at_ms)
                if len(self._booked) > MOVEMENTS_MAX:
                    del self._booked[next(iter(self._booked))]
            case MovementReversed():
                self._booked.pop(fact.reverses, None)
            case PapersFollowed() if (booked := self._booked.get(fact.accepted)) is not None:
                settled = booked.fact.model_copy(update={"papers": None})
                self._booked[fact.accepted] = BookedLately(settled, booked.at_ms)

    def by_id(self, movement_id: str) -> BookedLately | None:
        return self._booked.get(movement_id)

    def by_document(self, number: str) -> tuple[BookedLately, ...]:
        """The newest first."""
        return tuple(one for one in self._newest_first() if one.fact.document and one.fact.document.number == number)

    def done_since(self, number: str, item: str, since_ms: int) -> Decimal:
        """So much of an item was booked under a document after a moment."""
        lines = (line for one in self.by_document(number) if one.at_ms > since_ms for line in one.fact.lines)
        return sum((line.quantity.amount for line in lines if line.item == item), Decimal(0))

    def newest(self, count: int) -> tuple[BookedLately, ...]:
        return tuple(self._newest_first())[:count]

    def _newest_first(self) -> Iterator[BookedLately]:
        return reversed(self._booked.values())
