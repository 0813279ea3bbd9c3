"""出库, 借出, 轮换出库, 报废: goods leave a bin for good, or for a while."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Final

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.first_expired import passed_over
from onebook_edge.capture.flow import Flow
from onebook_edge.capture.flows.receiving import said
from onebook_edge.capture.flows.rotation import METHODS, needs_method, rotation_of
from onebook_edge.capture.held_goods import Held
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.situation import AVAILABLE_ONLY, WORST_FIRST, Situation
from onebook_schemas.labels import Command
from onebook_schemas.reference import ReasonUse
from onebook_schemas.stock_events import DocumentKind, MovementKind, RotationMethod, StockStatus

_ORDERS: Final = (
    DocumentKind.DISPATCH_ORDER,
    DocumentKind.TASK,
    DocumentKind.REQUEST,
    DocumentKind.REQUISITION,
    DocumentKind.ROTATION,
)
"""Papers of somebody who may order an issue. A work place's own notes are none."""


class Issue(Flow):
    """Only usable goods, what expires first before the rest, and above a limit only by an order or for a reason."""

    command = Command.ISSUE
    kind = MovementKind.ISSUE
    note: ClassVar[DocumentKind | None] = DocumentKind.ISSUE_NOTE
    statuses: ClassVar[tuple[StockStatus, ...]] = AVAILABLE_ONLY

    def kind_of(self, at: Situation) -> MovementKind:
        is_transfer = at.sheet.document is not None and at.sheet.document.kind is DocumentKind.DISPATCH_ORDER
        return MovementKind.TRANSFER_OUT if is_transfer else self.kind

    def refuses(self, line: Line, at: Situation) -> Feedback | None:
        expires_on = at.expires_on(line)
        if expires_on is not None and expires_on < at.today:
            return texts.EXPIRED.say(item=at.name(line.item), expires_on=expires_on)
        held = at.held_for(line)
        places = [at.known.stock.place_of(line.item, serial) for serial in line.serials]
        statuses = [place.status for place in places if place] or [one.status for one in held]
        bad = [status for status in statuses if status is not StockStatus.AVAILABLE]
        if not bad or (not line.serials and len(bad) < len(statuses)):
            return None
        return texts.NOT_USABLE.say(item=at.name(line.item), status=texts.STATUSES[bad[0]])

    def remark(self, line: Line, at: Situation) -> Feedback | None:
        earlier = earlier_ones(line.item, at)
        if not earlier:
            return None
        first = earlier[0]
        return texts.NOT_FIRST.say(
            item=at.name(line.item), lot=first.lot_number or "-", bin=first.bin, expires_on=first.expires_on
        )

    def needs(self, at: Situation) -> tuple[ReasonUse, ...]:
        uses = [ReasonUse.NO_ORDER] if is_above_limit_without_order(at) else []
        if any(earlier_ones(item, at) for item in {line.item for line in at.sheet.lines}):
            uses.append(ReasonUse.NOT_FEFO)
        return tuple(uses)

    def lacks(self, at: Situation) -> Feedback | None:
        return next((refusal for line in at.sheet.lines if (refusal := self.refuses(line, at))), None)


class Loan(Issue):
    """借出: the goods are owed until they are recovered."""

    command = Command.LOAN
    kind = MovementKind.LOAN
    note: ClassVar[DocumentKind | None] = DocumentKind.LOAN_NOTE

    def kind_of(self, at: Situation) -> MovementKind:
        return self.kind

    def remark(self, line: Line, at: Situation) -> Feedback | None:
        item = at.item(line.item)
        if item is not None and not item.is_reusable:
            return texts.NOT_REUSABLE.say(**said(line, at))
        return super().remark(line, at)


class Rotate(Flow):
    """轮换出库: old stock makes room. It may be near its expiry, or past it: that is what rotation is for."""

    command = Command.ROTATE
    kind = MovementKind.ROTATION_OUT
    note: ClassVar[DocumentKind | None] = DocumentKind.ROTATION
    marks = METHODS

    def lacks(self, at: Situation) -> Feedback | None:
        return needs_method(at)

    def rotation(self, at: Situation) -> RotationMethod | None:
        return rotation_of(at)


class Dispose(Flow):
    """报废: of what is no good, first; always for a reason."""

    command = Command.DISPOSE
    kind = MovementKind.DISPOSAL
    note: ClassVar[DocumentKind | None] = DocumentKind.DISPOSAL_NOTE
    statuses: ClassVar[tuple[StockStatus, ...]] = WORST_FIRST

    def needs(self, at: Situation) -> tuple[ReasonUse, ...]:
        return (ReasonUse.DISPOSAL,)


def earlier_ones(item: str, at: Situation) -> tuple[Held, ...]:
    """What expires before the lots on the sheet, and lies here still."""
    taken: dict[str, Decimal] = {}
    for line in at.sheet.lines:
        if line.item == item and (lot := at.lot_of(line)) is not None:
            taken[lot.number] = taken.get(lot.number, Decimal(0)) + line.amount
    return passed_over(taken, at.known.stock.of_item(item), at.today) if taken else ()


def is_above_limit_without_order(at: Situation) -> bool:
    rules, document = at.known.rules, at.sheet.document
    has_order = document is not None and (document.kind in _ORDERS or at.task is not None)
    return rules is not None and not has_order and at.sheet.total > rules.issue_without_order_max
