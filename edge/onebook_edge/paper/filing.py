"""By what a paper is found again: its number, kind, day, person, goods. One entry for each fact that stands on a paper.

A movement and a reversal are a paper each; papers that came after the goods belong to that of their movement. A count has one
fact for each item and lot: those of one stocktake stand on one paper, and so do those that were confirmed together, which were
recorded at the same moment.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from onebook_edge.paper.documents import when
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.stock_events import GoodsMoved, MovementKind, MovementReversed, PapersFollowed, StockCounted


class PaperKind(enum.StrEnum):
    """What a person looks for; a movement's own kind says it more exactly."""

    RECEIPT = "receipt"
    ISSUE = "issue"
    MOVE = "move"
    DISPOSAL = "disposal"
    STATUS = "status"
    COUNT = "count"
    REVERSAL = "reversal"
    PAPERS = "papers"  # A movement whose papers came after it.


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact in the file. `paper` is the key of the paper that it stands on."""

    sequence: int
    paper: str
    kind: PaperKind
    number: str
    movement_id: str
    day: str  # YYYY-MM-DD in China.
    actor: str
    items: frozenset[str] = frozenset()
    refers_to: str = ""  # The movement that it reverses, or whose correction it is.


def entry_of(event: JournalEvent, boot_anchors: Mapping[str, int]) -> Entry | None:
    """None: a fact that no paper is made of."""
    match event.fact:
        case GoodsMoved() as moved:
            paper, kind = moved.movement_id, _kind_of(moved)
            number = moved.document.number if moved.document else ""
            items, refers_to = frozenset(line.item for line in moved.lines), moved.corrects or ""
        case MovementReversed() as reversed_:
            paper, kind, number = reversed_.movement_id, PaperKind.REVERSAL, ""
            items, refers_to = frozenset[str](), reversed_.reverses
        case PapersFollowed() as followed:
            paper, kind, number = followed.accepted, PaperKind.PAPERS, followed.document.number
            items, refers_to = frozenset[str](), ""
        case StockCounted() as counted:
            number = counted.document.number if counted.document else ""
            paper = number or f"{event.boot_id}-{event.monotonic_ms}-{counted.bin}"
            kind, items, refers_to = PaperKind.COUNT, frozenset((counted.item,)), ""
        case _:
            return None
    moment, _quality = when(event, boot_anchors)
    fact = event.fact
    return Entry(event.sequence, paper, kind, number, fact.movement_id, moment[:10], fact.actor, items, refers_to)


def _kind_of(moved: GoodsMoved) -> PaperKind:
    """By which way the goods went: whatever comes in is looked for among the receipts."""
    match moved.kind:
        case MovementKind.DISPOSAL:
            return PaperKind.DISPOSAL
        case MovementKind.STATUS_CHANGE:
            return PaperKind.STATUS
    line = moved.lines[0]
    if line.from_bin and line.to_bin:
        return PaperKind.MOVE
    return PaperKind.ISSUE if line.from_bin else PaperKind.RECEIPT
