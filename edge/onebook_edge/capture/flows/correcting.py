"""冲销, 更正, 补单: what is said about a movement that was booked before.

A booked movement never changes. It is taken back by its exact opposite; a correction is that and a new movement that names the
old one. CORRECT is open only until the movement is named: then the sheet is one of the old movement's own action, filled in.
"""

from __future__ import annotations

from typing import ClassVar, Final

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.china_day import day_of
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.flow import Flow, Side, Signature, reason_of
from onebook_edge.capture.knowledge import BookedLately
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.sheet_steps import CorrectionBegun, MovementNamed, Step
from onebook_edge.capture.situation import Situation
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import (
    GoodsMoved,
    MovedLine,
    MovementKind,
    MovementReversed,
    PapersFollowed,
    RotationMethod,
    StockEvent,
)

_ACTIONS: Final = {
    MovementKind.RECEIPT: Command.RECEIVE,
    MovementKind.TRANSFER_IN: Command.RECEIVE,
    MovementKind.DONATION: Command.DONATE,
    MovementKind.ISSUE: Command.ISSUE,
    MovementKind.TRANSFER_OUT: Command.ISSUE,
    MovementKind.LOAN: Command.LOAN,
    MovementKind.RECOVERY: Command.RECOVER,
    MovementKind.BIN_MOVE: Command.MOVE,
    MovementKind.ROTATION_OUT: Command.ROTATE,
    MovementKind.ROTATION_IN: Command.REFILL,
    MovementKind.DISPOSAL: Command.DISPOSE,
}
"""A status change is not corrected but changed again."""

_METHODS: Final = {
    RotationMethod.SUPPLY_TURNOVER: Command.TURNOVER,
    RotationMethod.DISPATCH_USE: Command.DISPATCH,
    RotationMethod.MARKET_SALE: Command.SALE,
    RotationMethod.FACTORY_RETURN: Command.FACTORY,
    RotationMethod.ENTRUSTED_ROTATION: Command.ENTRUST,
}


class AboutMovement(Flow):
    """Needs a movement, and takes no goods of its own."""

    sides: ClassVar[tuple[Side, ...]] = ()
    needs_goods = False

    def refuses(self, line: Line, at: Situation) -> Feedback | None:
        return texts.NO_GOODS_HERE.say(action=texts.ACTIONS[self.command])

    def is_limited(self, at: Situation) -> bool:
        return False

    def name(self, booked: BookedLately | None, movement_id: str, at: Situation) -> Step | Feedback:
        """The movement was named by its own label, or by its document."""
        if booked is None:
            return texts.MOVEMENT_UNKNOWN.say()
        if booked.fact.actor != at.actor and day_of(booked.at_ms) != at.today:
            return texts.MOVEMENT_OF_OTHERS.say(actor=booked.fact.actor)
        return self.named(booked, at)

    def named(self, booked: BookedLately, at: Situation) -> Step | Feedback:
        return MovementNamed(booked.fact.movement_id)


class Reverse(AboutMovement):
    command = Command.REVERSE

    def facts(self, at: Situation, by: Signature) -> tuple[StockEvent, ...]:
        assert at.sheet.reverses is not None, "begun with a movement"
        reason = reason_of(at) or texts.REVERSAL_REASON
        return (
            MovementReversed(
                movement_id=by.next_id(),
                reverses=at.sheet.reverses,
                reason=reason,
                actor=by.actor,
                device=by.device,
                second_actor=at.sheet.second,
            ),
        )


class Correct(AboutMovement):
    command = Command.CORRECT

    def lacks(self, at: Situation) -> Feedback | None:
        return texts.NEED_MOVEMENT.say()

    def named(self, booked: BookedLately, at: Situation) -> Step | Feedback:
        fact = booked.fact
        action = _ACTIONS.get(fact.kind)
        return _begun(fact, action) if action else texts.NOT_CORRECTED.say()


class Papers(AboutMovement):
    """先收后补: the papers have come. The movement may be one that this box has forgotten."""

    command = Command.PAPERS

    def name(self, booked: BookedLately | None, movement_id: str, at: Situation) -> Step | Feedback:
        if booked is None and movement_id:
            return MovementNamed(movement_id)
        if booked is None:
            return texts.MOVEMENT_UNKNOWN.say()
        return MovementNamed(booked.fact.movement_id) if booked.fact.papers else texts.NO_PAPERS_MISSING.say()

    def lacks(self, at: Situation) -> Feedback | None:
        if at.sheet.papers_of is None:
            return texts.NEED_MOVEMENT.say()
        return None if at.sheet.document else texts.NEED_PAPERS.say()

    def facts(self, at: Situation, by: Signature) -> tuple[StockEvent, ...]:
        sheet = at.sheet
        assert sheet.papers_of is not None, "a sheet is complete before it is booked"
        assert sheet.document is not None, "a sheet is complete before it is booked"
        return (
            PapersFollowed(
                movement_id=by.next_id(),
                accepted=sheet.papers_of,
                document=sheet.document,
                actor=by.actor,
                device=by.device,
            ),
        )


def _begun(fact: GoodsMoved, action: Command) -> CorrectionBegun:
    marks = (_METHODS[fact.rotation],) if fact.rotation else (Command.LATER,) if fact.papers else ()
    first = fact.lines[0]
    return CorrectionBegun(
        action=action,
        movement_id=fact.movement_id,
        lines=tuple(map(line_of, fact.lines)),
        document=fact.document,
        from_bin=first.from_bin,
        to_bin=first.to_bin,
        marks=marks,
    )


def line_of(line: MovedLine) -> Line:
    """As it was booked, in base units: whose goods they are and their status too."""
    into_bin = line.to_bin is not None and line.from_bin is None
    return Line(
        item=line.item,
        count=line.quantity.amount,
        factor=1,
        unit=line.quantity.unit,
        source=line.source,
        lot=line.lot,
        serials=line.serials,
        scanned=line.scanned,
        status=line.to_status if into_bin else line.from_status,
        holding=line.holding,
    )
