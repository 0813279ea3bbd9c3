"""拆包, 合包: a carton becomes pieces, or pieces become a carton, and the book does not change.

The book counts base units: twelve beds are twelve beds in a carton or beside one, and they keep their item, lot, bin, status and
owner. So a repack books nothing; what it needs is a check that nothing was lost on the way, and new labels. Whoever puts the
pieces into another bin books a MOVE.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.flow import Flow, Side, Signature
from onebook_edge.capture.sheet import LotKey
from onebook_edge.capture.situation import Situation
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import StockEvent


class Repack(Flow):
    """The packed and the single units of each lot on the sheet come to the same number of base units."""

    command = Command.REPACK
    sides: ClassVar[tuple[Side, ...]] = ()

    def lacks(self, at: Situation) -> Feedback | None:
        packed: dict[LotKey, Decimal] = {}
        single: dict[LotKey, Decimal] = {}
        for line in at.sheet.lines:
            side = single if line.factor == 1 else packed
            side[line.lot_key] = side.get(line.lot_key, Decimal(0)) + line.amount
        for key in {**packed, **single}:
            before, behind = packed.get(key, Decimal(0)), single.get(key, Decimal(0))
            if before != behind:
                return texts.REPACK_DIFFERS.say(item=at.name(key[0]), packed=before, single=behind)
        return None

    def is_limited(self, at: Situation) -> bool:
        return False

    def facts(self, at: Situation, by: Signature) -> tuple[StockEvent, ...]:
        return ()
