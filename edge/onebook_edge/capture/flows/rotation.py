"""轮换: old stock goes out by one of five methods, new stock comes in, and the document ties both together."""

from __future__ import annotations

from typing import Final

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.situation import Situation
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import RotationMethod

_BY_COMMAND: Final = {
    Command.TURNOVER: RotationMethod.SUPPLY_TURNOVER,
    Command.DISPATCH: RotationMethod.DISPATCH_USE,
    Command.SALE: RotationMethod.MARKET_SALE,
    Command.FACTORY: RotationMethod.FACTORY_RETURN,
    Command.ENTRUST: RotationMethod.ENTRUSTED_ROTATION,
}
METHODS: Final = tuple(_BY_COMMAND)


def rotation_of(at: Situation) -> RotationMethod | None:
    """As it was said on the sheet; else as the other half of the rotation, booked here under the same document, has it."""
    if (mark := at.sheet.marked(*METHODS)) is not None:
        return _BY_COMMAND[mark]
    number = at.sheet.document.number if at.sheet.document else ""
    return next((one.fact.rotation for one in at.known.recent.by_document(number) if one.fact.rotation), None)


def needs_method(at: Situation) -> Feedback | None:
    return None if rotation_of(at) else texts.NEED_METHOD.say()
