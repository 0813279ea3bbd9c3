"""What keeps a sheet from being booked, and the facts that it comes to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.catalogue import is_counted
from onebook_edge.capture.dialogue_texts import USES, Feedback
from onebook_edge.capture.flow import Flow
from onebook_edge.capture.flows import FLOWS
from onebook_edge.capture.flows.issuing import is_above_limit_without_order
from onebook_edge.capture.sheet import Line, Sheet
from onebook_edge.capture.situation import Situation
from onebook_schemas.encoding import EVENT_BYTES_MAX
from onebook_schemas.reference import ReasonUse

AMOUNT_MAX: Final = 10**9  # Base units on one sheet; with nine decimals still 18 digits.
_DECIMALS_MAX = 9  # As in Quantity.
_SERIALS_MAX = 5_000  # As in MovedLine.
_SHEET_ROOM = EVENT_BYTES_MAX - 2_048
_LINE_BYTES_MAX = 640  # Of a line as JSON, without the scanned text and the serials.


def flow_of(sheet: Sheet) -> Flow | None:
    return FLOWS[sheet.action] if sheet.action else None


def unusable(sheet: Sheet) -> Feedback | None:
    """What is wrong with the lines, so that the step that led here is refused; None when they could be booked."""
    flow, lines = flow_of(sheet), (*sheet.kept, *sheet.lines, *sheet.unexpected)
    if sum(map(_line_bytes, lines)) > _SHEET_ROOM or any(len(x.serials) > _SERIALS_MAX for x in lines):
        return texts.SHEET_FULL.say()
    for line in lines:
        said = format(line.amount, "f")
        if is_counted(line.unit) and line.amount % 1:
            return texts.AMOUNT_BROKEN.say(amount=said)
        if line.amount == 0 and not (flow and flow.takes_zero):
            return texts.AMOUNT_ZERO.say()
        if line.amount < 0 or _decimals(line.amount) > _DECIMALS_MAX:
            return texts.AMOUNT_BAD.say(amount=said)
    total = sum((line.amount for line in lines), Decimal(0))
    return texts.AMOUNT_BAD.say(amount=format(total, "f")) if total >= AMOUNT_MAX else None


def missing(at: Situation) -> Feedback | None:
    """What a sheet still needs before it can be confirmed, in the order in which it is asked for; None when it is complete."""
    flow = flow_of(at.sheet)
    if flow is None:
        return texts.NEED_ACTION.say()
    return next(_lacking(flow, at), None)


def reasons_needed(flow: Flow, at: Situation) -> tuple[ReasonUse, ...]:
    """For what a reason is still missing. One that the site lists no reason for cannot be asked for."""
    uses = (*flow.needs(at), *((ReasonUse.CORRECTION,) if at.sheet.corrects else ()))
    return tuple(
        use for use in uses if not at.has_reason_for(use) and (at.known.reasons_for(use) or use is ReasonUse.NO_ORDER)
    )


def needs_second(flow: Flow, at: Situation) -> bool:
    """Whether a second person must confirm: a large amount, or an issue without an order by somebody who may not allow that."""
    rules = at.known.rules
    if rules is None:
        return False
    is_large = flow.is_limited(at) and at.sheet.total >= rules.second_person_from
    is_unordered = ReasonUse.NO_ORDER in flow.needs(at) and is_above_limit_without_order(at)
    return is_large or (is_unordered and not at.known.may_authorise(at.actor, at.today))


def _lacking(flow: Flow, at: Situation) -> Iterator[Feedback]:
    sheet = at.sheet
    open_sides = [side for side in flow.sides if getattr(sheet, side) is None]
    if open_sides:
        yield (texts.NEED_TO_BIN if open_sides == ["to_bin"] and sheet.from_bin else texts.NEED_BIN).say()
    if flow.needs_goods and not sheet.lines:
        yield texts.NEED_GOODS.say()
    if sheet.unexpected:
        yield texts.UNEXPECTED_OPEN.say(count=len(sheet.unexpected))
    if (lacking := flow.lacks(at)) is not None:
        yield lacking
    for use in reasons_needed(flow, at):
        yield _ask_for(use, at)
    if needs_second(flow, at) and sheet.second in (None, at.actor):
        yield texts.NEED_SECOND.say(amount=format(sheet.total, "f"))


def _ask_for(use: ReasonUse, at: Situation) -> Feedback:
    if use is ReasonUse.NO_ORDER and not at.known.reasons_for(use) and at.known.rules is not None:
        return texts.NEED_ORDER.say(limit=at.known.rules.issue_without_order_max)
    return texts.NEED_REASON.say(use=USES[use])


def _line_bytes(line: Line) -> int:
    return _LINE_BYTES_MAX + len(json.dumps([line.scanned, *line.serials]))


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else _DECIMALS_MAX + 1
