"""A filled-in sheet -> the facts that are booked, and what keeps a sheet from being booked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import chain
from typing import Final, Literal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.catalogue import is_counted
from onebook_edge.capture.dialogue_state import Line, Sheet
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_schemas.encoding import EVENT_BYTES_MAX
from onebook_schemas.labels import Command
from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import (
    CaptureSource,
    DocumentKind,
    GoodsMoved,
    MovedLine,
    MovementKind,
    MovementReversed,
    StockCounted,
    StockEvent,
)

AMOUNT_MAX: Final = 10**9  # Base units on one sheet; with nine decimals still 18 digits.
_DECIMALS_MAX = 9  # As in Quantity.
_SERIALS_MAX = 5_000  # As in MovedLine.
_SHEET_ROOM = EVENT_BYTES_MAX - 2_048
_LINE_BYTES_MAX = 640  # Of a line as JSON, without the scanned text and the serials.

Side = Literal["from_bin", "to_bin"]
SIDES: Final[Mapping[Command, tuple[Side, ...]]] = {
    Command.RECEIVE: ("to_bin",),
    Command.ISSUE: ("from_bin",),
    Command.MOVE: ("from_bin", "to_bin"),
    Command.COUNT: ("from_bin",),
    Command.DISPOSE: ("from_bin",),
}
"""Which bins a sheet names, in the order in which they are scanned."""

_KINDS: Final = {
    Command.RECEIVE: MovementKind.RECEIPT,
    Command.ISSUE: MovementKind.ISSUE,
    Command.MOVE: MovementKind.BIN_MOVE,
    Command.DISPOSE: MovementKind.DISPOSAL,
}
# The paper says more exactly what a receipt or an issue is: 调拨令 moves goods between sites, 捐赠 comes from a donor.
_KINDS_BY_DOCUMENT: Final = {
    (Command.RECEIVE, DocumentKind.DISPATCH_ORDER): MovementKind.TRANSFER_IN,
    (Command.ISSUE, DocumentKind.DISPATCH_ORDER): MovementKind.TRANSFER_OUT,
    (Command.RECEIVE, DocumentKind.DONATION): MovementKind.DONATION,
}


def unusable(sheet: Sheet) -> Feedback | None:
    """What is wrong with the lines, so that the step that led here is refused; None when they could be booked."""
    if sum(map(_line_bytes, sheet.lines)) > _SHEET_ROOM or any(len(x.serials) > _SERIALS_MAX for x in sheet.lines):
        return texts.SHEET_FULL.say()
    for line in sheet.lines:
        said = format(line.amount, "f")
        if is_counted(line.unit) and line.amount % 1:
            return texts.AMOUNT_BROKEN.say(amount=said)
        if line.amount == 0 and sheet.action is not Command.COUNT:
            return texts.AMOUNT_ZERO.say()
        if line.amount < 0 or _decimals(line.amount) > _DECIMALS_MAX:
            return texts.AMOUNT_BAD.say(amount=said)
    total = sum((line.amount for line in sheet.lines), Decimal(0))
    return texts.AMOUNT_BAD.say(amount=format(total, "f")) if total >= AMOUNT_MAX else None


def missing(sheet: Sheet) -> Feedback | None:
    """What a sheet still needs before it can be confirmed; None when it is complete."""
    if sheet.action is None:
        return texts.NEED_ACTION.say()
    if sheet.action is Command.REVERSE:
        return None
    open_sides = [side for side in SIDES[sheet.action] if getattr(sheet, side) is None]
    if open_sides:
        return (texts.NEED_TO_BIN if open_sides == ["to_bin"] and sheet.from_bin else texts.NEED_BIN).say()
    return None if sheet.lines else texts.NEED_GOODS.say()


def facts_of(sheet: Sheet, actor: str, device: str, next_id: Callable[[], str]) -> tuple[StockEvent, ...]:
    """The facts of a complete sheet: one movement, one reversal, or one count for each item and lot."""
    if sheet.reverses is not None:
        return (_reversed(sheet.reverses, actor, device, next_id()),)
    if sheet.action is Command.COUNT:
        return tuple(_counted(lines, sheet, actor, device, next_id()) for lines in _by_item_and_lot(sheet.lines))
    return (_moved(sheet, actor, device, next_id()),)


def _moved(sheet: Sheet, actor: str, device: str, movement_id: str) -> GoodsMoved:
    assert sheet.action is not None, "a sheet is checked by `missing` before it is booked"
    by_document = _KINDS_BY_DOCUMENT.get((sheet.action, sheet.document.kind)) if sheet.document else None
    return GoodsMoved(
        movement_id=movement_id,
        kind=by_document or _KINDS[sheet.action],
        lines=tuple(_moved_line(line, sheet) for line in sheet.lines),
        document=sheet.document,
        actor=actor,
        device=device,
    )


def _reversed(reverses: str, actor: str, device: str, movement_id: str) -> MovementReversed:
    reason = texts.REVERSAL_REASON
    return MovementReversed(movement_id=movement_id, reverses=reverses, reason=reason, actor=actor, device=device)


def _moved_line(line: Line, sheet: Sheet) -> MovedLine:
    return MovedLine(
        item=line.item,
        quantity=Quantity(amount=line.amount, unit=line.unit),
        lot=line.lot,
        serials=_piece_serials((line,)) or (),
        from_bin=sheet.from_bin,
        to_bin=sheet.to_bin,
        source=line.source,
        scanned=line.scanned,
    )


def _counted(lines: list[Line], sheet: Sheet, actor: str, device: str, movement_id: str) -> StockCounted:
    assert sheet.from_bin is not None, "a sheet is checked by `missing` before it is booked"
    return StockCounted(
        movement_id=movement_id,
        item=lines[0].item,
        bin=sheet.from_bin,
        counted=Quantity(amount=sum((line.amount for line in lines), Decimal(0)), unit=lines[0].unit),
        lot=next((line.lot for line in lines if line.lot and line.lot.expires_on), lines[0].lot),
        serials=_piece_serials(lines),
        source=lines[0].source if len({line.source for line in lines}) == 1 else CaptureSource.BARCODE,
        document=sheet.document,
        actor=actor,
        device=device,
    )


def _by_item_and_lot(lines: Iterable[Line]) -> list[list[Line]]:
    """Cartons and pieces of one lot are one count: two assertions about the same goods would contradict each other."""
    groups: dict[tuple[str, str | None], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.item, line.lot.number if line.lot else None), []).append(line)
    return list(groups.values())


def _piece_serials(lines: Iterable[Line]) -> tuple[str, ...] | None:
    """The serials when every base unit has one; the serial of a carton names no piece."""
    lines = tuple(lines)
    if any(line.factor != 1 or not line.serials for line in lines):
        return None
    return tuple(chain.from_iterable(line.serials for line in lines))


def _line_bytes(line: Line) -> int:
    return _LINE_BYTES_MAX + len(json.dumps([line.scanned, *line.serials]))


def _decimals(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else _DECIMALS_MAX + 1
