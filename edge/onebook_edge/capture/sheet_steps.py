"""Steps: what a person did that changed the sheet. Judged before; applying one cannot fail.

A sheet is the sum of its steps. Taking back the last one is adding up one fewer, so an undo is exact by construction, and only
the steps are kept over a restart. A step that was ever written to a disk is read for ever: fields are only added, with a default.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from itertools import accumulate
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from onebook_edge.capture.sheet import Line, LotKey, Sheet
from onebook_edge.capture.stable_weight import StableWeight
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import CaptureSource, Document, Lot


@dataclass(frozen=True, slots=True)
class ActionChosen:
    """Begins the sheet, or begins it anew while there are no lines."""

    action: Command
    reverses: str | None = None
    step: Literal["action"] = "action"
    document: Document | None = None  # Of the task whose document was scanned first.


@dataclass(frozen=True, slots=True)
class CorrectionBegun:
    """A booked movement is to be taken back; its lines are on the sheet to be put right."""

    action: Command
    movement_id: str
    lines: tuple[Line, ...]
    document: Document | None = None
    from_bin: str | None = None
    to_bin: str | None = None
    marks: tuple[Command, ...] = ()
    step: Literal["correction"] = "correction"


@dataclass(frozen=True, slots=True)
class MovementNamed:
    """The movement that is to be reversed, or whose papers have come."""

    movement_id: str
    step: Literal["movement"] = "movement"


@dataclass(frozen=True, slots=True)
class DocumentNamed:
    document: Document
    step: Literal["document"] = "document"


@dataclass(frozen=True, slots=True)
class BinNamed:
    side: Literal["from_bin", "to_bin"]
    bin: str
    step: Literal["bin"] = "bin"


@dataclass(frozen=True, slots=True)
class PalletNamed:
    sscc: str
    step: Literal["pallet"] = "pallet"


@dataclass(frozen=True, slots=True)
class GoodsAdded:
    """Lines, and tags that were read with them and that nobody expected."""

    lines: tuple[Line, ...]
    step: Literal["goods"] = "goods"
    unexpected: tuple[Line, ...] = ()
    from_bin: str | None = None  # That the pieces themselves name; empty: these say otherwise than those before.


@dataclass(frozen=True, slots=True)
class CountSet:
    """The last line is so many of its units."""

    count: Decimal
    step: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class LotNamed:
    """The last line is of this lot: its own label does not say so."""

    lot: Lot
    step: Literal["lot"] = "lot"


@dataclass(frozen=True, slots=True)
class LineDropped:
    """The last line goes."""

    step: Literal["drop"] = "drop"


@dataclass(frozen=True, slots=True)
class WeightTaken:
    """The last line is what was weighed: `amount` base units."""

    amount: Decimal
    weight: StableWeight
    step: Literal["weight"] = "weight"


@dataclass(frozen=True, slots=True)
class TareTaken:
    """What lies on the scale is the container, for all that is weighed on this sheet."""

    weight: StableWeight
    step: Literal["tare"] = "tare"


@dataclass(frozen=True, slots=True)
class ReasonGiven:
    code: str
    step: Literal["reason"] = "reason"


@dataclass(frozen=True, slots=True)
class Marked:
    """Something was said of the whole sheet: passed, papers follow, by sale ..."""

    command: Command
    step: Literal["mark"] = "mark"


@dataclass(frozen=True, slots=True)
class SecondNamed:
    badge: str
    step: Literal["second"] = "second"


@dataclass(frozen=True, slots=True)
class UnexpectedDecided:
    """Tags that nobody asked for are goods of this sheet, or are left."""

    is_accepted: bool
    step: Literal["unexpected"] = "unexpected"


@dataclass(frozen=True, slots=True)
class RecountBegun:
    """A first count is far from what was expected: some lines are kept, the others are counted again."""

    kept: tuple[Line, ...]
    again: tuple[LotKey, ...]
    step: Literal["recount"] = "recount"


Step: TypeAlias = Annotated[
    ActionChosen
    | CorrectionBegun
    | MovementNamed
    | DocumentNamed
    | BinNamed
    | PalletNamed
    | GoodsAdded
    | CountSet
    | LotNamed
    | LineDropped
    | WeightTaken
    | TareTaken
    | ReasonGiven
    | Marked
    | SecondNamed
    | UnexpectedDecided
    | RecountBegun,
    Field(discriminator="step"),
]


def after(sheet: Sheet, step: Step) -> Sheet:
    """The sheet after one more step."""
    match step:
        case GoodsAdded(lines, unexpected=unexpected, from_bin=from_bin):
            lines = reduce(_with_line, lines, sheet.lines)
            sheet = replace(sheet, lines=lines, unexpected=sheet.unexpected + unexpected)
            return sheet if from_bin is None else replace(sheet, from_bin=from_bin or None, is_bin_told=bool(from_bin))
        case CountSet(count):
            return _with_last(sheet, replace(sheet.lines[-1], count=count, source=_by_hand(sheet.lines[-1])))
        case LotNamed(lot):
            return _with_last(sheet, replace(sheet.lines[-1], lot=lot))
        case LineDropped():
            return replace(sheet, lines=sheet.lines[:-1])
        case WeightTaken(amount):
            return _with_last(sheet, replace(sheet.lines[-1], count=amount, factor=1, source=CaptureSource.SCALE))
        case UnexpectedDecided(is_accepted):
            lines = reduce(_with_line, sheet.unexpected, sheet.lines) if is_accepted else sheet.lines
            return replace(sheet, lines=lines, unexpected=())
        case _:
            return _with_words(sheet, step)


def sheets_of(steps: tuple[Step, ...]) -> list[Sheet]:
    """The empty sheet, and the sheet after each of the steps."""
    return list(accumulate(steps, after, initial=Sheet()))


def _with_words(sheet: Sheet, step: Step) -> Sheet:
    """Steps that leave the goods alone, or begin anew."""
    match step:
        case ActionChosen(action, reverses, document=document):
            return Sheet(action=action, reverses=reverses, document=document or sheet.document)
        case CorrectionBegun(action, movement_id, lines, document, from_bin, to_bin, marks):
            return Sheet(
                action=action,
                document=document,
                from_bin=from_bin,
                to_bin=to_bin,
                lines=lines,
                corrects=movement_id,
                marks=marks,
            )
        case MovementNamed(movement_id) if sheet.action is Command.REVERSE:
            return replace(sheet, reverses=movement_id)
        case MovementNamed(movement_id):
            return replace(sheet, papers_of=movement_id)
        case DocumentNamed(document):
            return replace(sheet, document=document)
        case BinNamed("from_bin", name):
            return replace(sheet, from_bin=name)
        case BinNamed(_, name):
            return replace(sheet, to_bin=name)
        case PalletNamed(sscc):
            return replace(sheet, pallet=sscc)
        case TareTaken(weight):
            return replace(sheet, tare=weight)
        case ReasonGiven(code):
            return replace(sheet, reasons=(*(one for one in sheet.reasons if one != code), code))
        case Marked(command):
            return replace(sheet, marks=(*sheet.marks, command))
        case SecondNamed(badge):
            return replace(sheet, second=badge)
        case RecountBegun(kept, again):
            return replace(sheet, lines=(), kept=kept, again=again)
    raise AssertionError(f"no such step: {step}")


def _by_hand(line: Line) -> CaptureSource:
    """An amount from a label: goods that were picked by hand stay so."""
    return CaptureSource.MANUAL if line.source is CaptureSource.MANUAL else CaptureSource.BARCODE


def _with_line(lines: tuple[Line, ...], new: Line) -> tuple[Line, ...]:
    same = next((line for line in lines if line.takes_in(new)), None)
    if same is None:
        return (*lines, new)
    grown = replace(same, count=same.count + new.count, serials=same.serials + new.serials)
    return (*(line for line in lines if line is not same), grown)


def _with_last(sheet: Sheet, line: Line) -> Sheet:
    return replace(sheet, lines=(*sheet.lines[:-1], line))
