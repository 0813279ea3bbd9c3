"""质检, 冻结, 解冻: goods stay in their bin and change what may be done with them."""

from __future__ import annotations

from typing import ClassVar

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.flow import Flow
from onebook_edge.capture.situation import ANY_STATUS, Part, Situation
from onebook_schemas.labels import Command
from onebook_schemas.reference import ReasonUse
from onebook_schemas.stock_events import DocumentKind, MovementKind, StockStatus


class StatusChange(Flow):
    kind = MovementKind.STATUS_CHANGE
    note: ClassVar[DocumentKind | None] = DocumentKind.INSPECTION_NOTE
    becomes: ClassVar[StockStatus]

    def bins(self, at: Situation) -> tuple[str | None, str | None]:
        return at.sheet.from_bin, at.sheet.from_bin

    def to_status(self, part: Part, at: Situation) -> StockStatus:
        return self.becomes

    def needs(self, at: Situation) -> tuple[ReasonUse, ...]:
        return (ReasonUse.STATUS,)

    def is_limited(self, at: Situation) -> bool:
        return False


class Inspect(StatusChange):
    """待检 -> 合格 (available) or 不合格 (frozen). Also after a loan: cleaned and good again."""

    command = Command.INSPECT
    statuses: ClassVar[tuple[StockStatus, ...]] = (StockStatus.AWAITING_INSPECTION,)
    marks = (Command.PASS, Command.FAIL)

    def needs(self, at: Situation) -> tuple[ReasonUse, ...]:
        return (ReasonUse.STATUS,) if self._has_failed(at) else ()

    def lacks(self, at: Situation) -> Feedback | None:
        return None if at.sheet.marked(*self.marks) else texts.NEED_RESULT.say()

    def to_status(self, part: Part, at: Situation) -> StockStatus:
        return StockStatus.FROZEN if self._has_failed(at) else StockStatus.AVAILABLE

    def _has_failed(self, at: Situation) -> bool:
        return at.sheet.marked(*self.marks) is Command.FAIL


class Freeze(StatusChange):
    command = Command.FREEZE
    statuses: ClassVar[tuple[StockStatus, ...]] = tuple(one for one in ANY_STATUS if one is not StockStatus.FROZEN)
    becomes = StockStatus.FROZEN


class Release(StatusChange):
    command = Command.RELEASE
    statuses: ClassVar[tuple[StockStatus, ...]] = (StockStatus.FROZEN,)
    becomes = StockStatus.AVAILABLE
