"""入库, 捐赠接收, 回收, 轮换入库: goods come into a bin."""

from __future__ import annotations

from typing import ClassVar, Literal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.flow import Incoming
from onebook_edge.capture.flows.rotation import METHODS, needs_method, rotation_of
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.situation import Part, Situation
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import DocumentKind, MovementKind, RotationMethod, StockStatus


class Receive(Incoming):
    """Against an order, a purchase, or nothing. Where the site inspects what comes, goods wait for that; before their papers they
    are usable."""

    command = Command.RECEIVE
    kind = MovementKind.RECEIPT
    note: ClassVar[DocumentKind | None] = DocumentKind.RECEIPT_NOTE
    marks: ClassVar[tuple[Command, ...]] = (Command.LATER,)

    def kind_of(self, at: Situation) -> MovementKind:
        """The paper says more exactly what a receipt is: 调拨令 moves goods between sites, 捐赠 comes from a donor."""
        document = at.sheet.document.kind if at.sheet.document else None
        by_document = {
            DocumentKind.DISPATCH_ORDER: MovementKind.TRANSFER_IN,
            DocumentKind.DONATION: MovementKind.DONATION,
        }
        return by_document.get(document, self.kind) if document else self.kind

    def remark(self, line: Line, at: Situation) -> Feedback | None:
        expires_on = at.expires_on(line)
        if expires_on is not None and expires_on < at.today:
            return texts.GOODS_EXPIRED.say(**said(line, at), expires_on=expires_on)
        if self.awaits_inspection(at):
            return texts.GOODS_TO_INSPECT.say(**said(line, at))
        return None

    def awaits_inspection(self, at: Situation) -> bool:
        """By the site's rule. Goods from another site were inspected there; those before their papers are to be used at once
        (零等待验收). An item's `inspection_days` are another thing: how often what lies here is looked at."""
        if self.papers(at) or self.kind_of(at) is MovementKind.TRANSFER_IN:
            return False
        return at.known.rules is not None and at.known.rules.inspect_receipts

    def to_status(self, part: Part, at: Situation) -> StockStatus:
        if part.line.status is not None:
            return part.line.status
        return StockStatus.AWAITING_INSPECTION if self.awaits_inspection(at) else StockStatus.AVAILABLE

    def papers(self, at: Situation) -> Literal["follow"] | None:
        return "follow" if at.sheet.marked(Command.LATER) else None


class Donate(Receive):
    """捐赠, 先收后补: a gift is taken in and usable at once; its papers are an open item in the book until they come."""

    command = Command.DONATE
    kind = MovementKind.DONATION
    note: ClassVar[DocumentKind | None] = DocumentKind.DONATION
    marks: ClassVar[tuple[Command, ...]] = ()

    def kind_of(self, at: Situation) -> MovementKind:
        return self.kind

    def papers(self, at: Situation) -> Literal["follow"] | None:
        """With the gift's own document on the sheet nothing is missing."""
        return "follow" if at.sheet.document is None else None


class Recover(Incoming):
    """回收: what was lent comes back, is cleaned and inspected, and is available after that (INSPECT).

    Cleaning is part of the inspection: a status of its own would only say twice that goods are not available yet.
    """

    command = Command.RECOVER
    kind = MovementKind.RECOVERY
    note: ClassVar[DocumentKind | None] = DocumentKind.RECOVERY_NOTE

    def remark(self, line: Line, at: Situation) -> Feedback | None:
        return None if self._is_reusable(line, at) else texts.NOT_REUSABLE.say(**said(line, at))

    def from_status(self, part: Part, at: Situation) -> StockStatus:
        """Reusable goods come back from what is lent, others from what was used."""
        return StockStatus.ON_LOAN if self._is_reusable(part.line, at) else StockStatus.AVAILABLE

    def to_status(self, part: Part, at: Situation) -> StockStatus:
        return StockStatus.AWAITING_INSPECTION

    def _is_reusable(self, line: Line, at: Situation) -> bool:
        item = at.item(line.item)
        return item is not None and item.is_reusable


class Refill(Receive):
    """轮换入库: what takes the place of stock that went out, under the same document."""

    command = Command.REFILL
    kind = MovementKind.ROTATION_IN
    note: ClassVar[DocumentKind | None] = DocumentKind.ROTATION
    marks: ClassVar[tuple[Command, ...]] = METHODS

    def kind_of(self, at: Situation) -> MovementKind:
        return self.kind

    def lacks(self, at: Situation) -> Feedback | None:
        return needs_method(at)

    def rotation(self, at: Situation) -> RotationMethod | None:
        return rotation_of(at)


def said(line: Line, at: Situation) -> dict[str, object]:
    """The places of every text that names goods."""
    return {
        "item": at.name(line.item),
        "amount": format(line.amount, "f"),
        "unit": at.unit(line.item, line.unit, line.amount),
    }
