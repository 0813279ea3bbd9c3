"""移库: goods go from one bin to another and stay what they are."""

from __future__ import annotations

from typing import ClassVar

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.flow import Flow, Side
from onebook_edge.capture.flows.receiving import said
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.situation import Part, Situation
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import DocumentKind, MovementKind, StockStatus


class Move(Flow):
    command = Command.MOVE
    kind = MovementKind.BIN_MOVE
    sides: ClassVar[tuple[Side, ...]] = ("from_bin", "to_bin")
    note: ClassVar[DocumentKind | None] = DocumentKind.MOVE_NOTE

    def remark(self, line: Line, at: Situation) -> Feedback | None:
        expires_on = at.expires_on(line)
        is_expired = expires_on is not None and expires_on < at.today
        return texts.GOODS_EXPIRED.say(**said(line, at), expires_on=expires_on) if is_expired else None

    def to_status(self, part: Part, at: Situation) -> StockStatus:
        return part.status

    def is_limited(self, at: Situation) -> bool:
        return False  # Nothing leaves the house.
