"""The facts of a paper, and those that refer to it -> the document that is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from onebook_edge.paper.documents import (
    CountKey,
    Known,
    Links,
    PrintedDocument,
    Reference,
    count_document,
    movement_document,
    reversal_document,
)
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.stock_events import GoodsMoved, MovementReversed, PapersFollowed, StockCounted


def compose(
    events: Sequence[JournalEvent],
    related: Sequence[JournalEvent],
    known: Known,
    *,
    counterpart: str = "",
    book: Mapping[CountKey, Decimal] | None = None,
) -> PrintedDocument | None:
    """`events`: one movement, with the papers that came after it; one reversal; or the counts of a stocktake.

    None: the movement itself is kept no more. `book`: what it had before the counts; None when that is not known.
    """
    match events[0].fact:
        case GoodsMoved() as moved:
            links = links_of(moved, [*events[1:], *related])
            return movement_document(events[0], known, links, counterpart=counterpart)
        case MovementReversed(reverses=reverses):
            return reversal_document(events[0], _movement(related, reverses), known)
        case StockCounted():
            return count_document(events, known, book)
        case _:
            return None


def links_of(moved: GoodsMoved, related: Sequence[JournalEvent]) -> Links:
    """What reversed a movement and what was booked in its place; and of a correction, what it corrects."""
    own = moved.movement_id
    reversals = [one.fact for one in related if isinstance(one.fact, MovementReversed) and one.fact.reverses == own]
    corrections = [one.fact for one in related if isinstance(one.fact, GoodsMoved) and one.fact.corrects == own]
    papers = [one.fact for one in related if isinstance(one.fact, PapersFollowed) and one.fact.accepted == own]
    corrected = _movement(related, moved.corrects) if moved.corrects else None
    return Links(
        reversed_by=Reference(None, reversals[0].movement_id) if reversals else None,
        corrects=Reference(_number(corrected and corrected.fact), moved.corrects) if moved.corrects else None,
        corrected_by=Reference(_number(corrections[0]), corrections[0].movement_id) if corrections else None,
        papers=Reference(papers[0].document.number, own) if papers else None,
    )


def _movement(related: Sequence[JournalEvent], movement_id: str) -> JournalEvent | None:
    found = (one for one in related if isinstance(one.fact, GoodsMoved) and one.fact.movement_id == movement_id)
    return next(found, None)


def _number(fact: object) -> str | None:
    return fact.document.number if isinstance(fact, GoodsMoved) and fact.document else None
