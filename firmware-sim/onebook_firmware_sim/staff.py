"""People who work by scanning: what is on their sheet of paper -> what their hands do, one act after another.

Pure: acts are plain data that `shift.py` carries out. The order of scans of every sheet:

    badge, action, document, bin (a move: from, then to), the lines, CONFIRM

A line is, by what the goods bear: a code, then OBQ- with the number of cartons or pieces; the code of each piece with a serial;
tags that are put before the antenna (after action and bin: tags seen earlier are not taken); for bulk goods the item code from
the bin's label, goods on the scale, WEIGH. A reversal is: badge, REVERSE, CONFIRM. Nobody scans a code twice in a row but by
mistake: numbers are said with OBQ-, so a work place that ignores repeats within a second loses nothing.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

from onebook_firmware_sim import goods as printed
from onebook_firmware_sim.goods import Code, Goods
from onebook_firmware_sim.truth_log import TruthEntry, TruthKind
from onebook_firmware_sim.warehouse import Warehouse
from onebook_schemas.labels import Command, LabelKind, command_text, label_text

_LOT_REASON = "LOT_BLOCKED"  # Of the reasons that every site has: the lot that expires first cannot be reached.
_KG_PER_UNIT = {"KGM": Decimal(1), "TNE": Decimal(1000)}


class Capture(enum.StrEnum):
    """How a line gets from the goods onto the sheet."""

    CARTONS = "cartons"  # GS1-128 of a carton, number of cartons.
    PIECES = "pieces"  # Data Matrix with lot and expiry, number of pieces.
    EAN = "ean"  # EAN-13 without a lot, number of pieces.
    SERIALS = "serials"  # Data Matrix of each piece.
    TAGS = "tags"
    SCALE = "scale"


# What stands on paper ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetLine:
    """`quantity` in base units."""

    goods: Goods
    quantity: Decimal
    capture: Capture
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One movement, count or reversal. `happened`: False for a sheet filled in by mistake. `second`: who may allow it, when
    the work place asks for somebody else."""

    action: Command
    person: str
    second: str | None = None
    document: str
    lines: tuple[SheetLine, ...] = ()
    from_bin: str | None = None
    to_bin: str | None = None
    happened: bool = True


_KINDS = {
    Command.RECEIVE: TruthKind.RECEIPT,
    Command.ISSUE: TruthKind.ISSUE,
    Command.MOVE: TruthKind.BIN_MOVE,
    Command.COUNT: TruthKind.COUNT,
    Command.REVERSE: TruthKind.REVERSAL,
}
_MOVE_GOODS = (Command.RECEIVE, Command.ISSUE, Command.MOVE)


def carry_out(sheet: Sheet, warehouse: Warehouse) -> None:
    """The goods go where the sheet says. Raises ImpossibleError."""
    if not sheet.happened or sheet.action not in _MOVE_GOODS:
        return
    for line in sheet.lines:
        match sheet.from_bin, sheet.to_bin:
            case str(from_bin), str(to_bin):
                warehouse.move(from_bin, to_bin, line.goods, line.quantity, line.serials)
            case str(from_bin), None:
                warehouse.take(from_bin, line.goods, line.quantity, line.serials)
            case None, str(to_bin):
                warehouse.put(to_bin, line.goods, line.quantity, line.serials)


def truth_of(sheet: Sheet, operation: int, at_ms: int) -> list[TruthEntry]:
    """The entries of a sheet that was confirmed."""
    entry = TruthEntry(
        operation=operation,
        line=1,
        at_ms=at_ms,
        kind=_KINDS[sheet.action],
        happened=sheet.happened and sheet.action in _MOVE_GOODS,
        scanned=True,
        person=sheet.person,
        document=sheet.document,
    )
    if sheet.action is Command.REVERSE:
        return [entry]
    return [
        entry.model_copy(update=_what_moved(line, sheet.from_bin, sheet.to_bin) | {"line": number})
        for number, line in enumerate(sheet.lines, 1)
    ]


def truth_of_loss(lost: Lose, operation: int, at_ms: int) -> TruthEntry:
    entry = TruthEntry(
        operation=operation, line=1, at_ms=at_ms, kind=TruthKind.LOSS, happened=True, scanned=False
    )  # fmt: skip
    return entry.model_copy(update=_what_moved(lost.line, lost.bin, None))


def _what_moved(line: SheetLine, from_bin: str | None, to_bin: str | None) -> dict[str, object]:
    return {
        "item": line.goods.item.code,
        "lot": line.goods.lot_number,
        "serials": line.serials,
        "quantity": line.quantity,
        "unit": line.goods.item.unit,
        "from_bin": from_bin,
        "to_bin": to_bin,
    }


# What hands do ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scan:
    """`sights` 2: the hand shakes, and the scanner reads the code again a moment later."""

    code: Code
    sights: int = 1


@dataclass(frozen=True, slots=True)
class Confirm:
    """CONFIRM is scanned: from now on the sheet counts."""

    sheet: Sheet


@dataclass(frozen=True, slots=True)
class PutOnScale:
    """0 takes everything off."""

    kg: Decimal


@dataclass(frozen=True, slots=True)
class ShowTags:
    """These tags are before the antenna and no others."""

    epcs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lose:
    """Goods vanish and nobody notices."""

    bin: str
    line: SheetLine


@dataclass(frozen=True, slots=True)
class PullPlug:
    """The scanner's plug is pulled. Whoever scans meanwhile hears no beep, waits, and scans again."""

    for_s: float


@dataclass(frozen=True, slots=True)
class Heat:
    zone: str
    by_c: float
    for_s: float


@dataclass(frozen=True, slots=True)
class Disturb:
    """Noise on the cables of the devices that check what they send."""

    for_s: float


Act: TypeAlias = Scan | Confirm | PutOnScale | ShowTags | Lose | PullPlug | Heat | Disturb
UNDO = Scan(Code(command_text(Command.UNDO)))


def command(which: Command) -> Scan:
    return Scan(Code(command_text(which)))


def label(kind: LabelKind, value: str) -> Scan:
    """A badge is a QR code, every other label Code 128."""
    return Scan(Code(label_text(kind, value), "]Q1" if kind is LabelKind.PERSON else "]C0"))


def tidy_up(person: str) -> tuple[Act, ...]:
    """Who begins a shift drops what somebody else left unconfirmed."""
    return label(LabelKind.PERSON, person), command(Command.CANCEL)


def fill_in(sheet: Sheet) -> tuple[Act, ...]:
    """All acts of one sheet, until nothing of it is left on the scale or before the antenna."""
    return tuple(_acts(sheet))


def _acts(sheet: Sheet) -> Iterator[Act]:
    yield label(LabelKind.PERSON, sheet.person)
    yield command(sheet.action)
    if sheet.action is not Command.REVERSE:
        yield label(LabelKind.DOCUMENT, sheet.document)
        yield from (label(LabelKind.BIN, name) for name in (sheet.from_bin, sheet.to_bin) if name)
    for line in sheet.lines:
        yield from _line_acts(line)
    yield Confirm(sheet)
    captures = {line.capture for line in sheet.lines}
    if Capture.SCALE in captures:
        yield PutOnScale(Decimal(0))
    if Capture.TAGS in captures:
        yield ShowTags(())


def _line_acts(line: SheetLine) -> Iterator[Act]:
    item = line.goods.item
    match line.capture:
        case Capture.CARTONS:
            yield Scan(printed.carton_code(line.goods))
            yield _amount(line.quantity / item.pack_size)
        case Capture.PIECES:
            yield Scan(printed.piece_code(line.goods))
            yield _amount(line.quantity)
        case Capture.EAN:
            yield Scan(printed.ean_code(item))
            yield _amount(line.quantity)
        case Capture.SERIALS:
            yield from (Scan(printed.serial_code(item, serial)) for serial in line.serials)
        case Capture.TAGS:
            yield ShowTags(tuple(printed.sgtin_96(item, serial) for serial in line.serials))
        case Capture.SCALE:
            yield Scan(Code(item.code))
            yield PutOnScale(line.quantity * _KG_PER_UNIT[item.unit])
            yield command(Command.WEIGH)


def _amount(units: Decimal) -> Scan:
    return label(LabelKind.QUANTITY, format(units.normalize(), "f"))


# What people do when they are asked ----------------------------------------------------------------------------------


def asked_for(sheet: Sheet, again: Collection[tuple[str, str | None]], times: int) -> tuple[Act, ...]:
    """What comes before CONFIRM is scanned again, when it was answered with a question. `again`: item and lot of what must be
    counted once more; `times`: how often something was asked before. Like people who have a reason and a colleague at hand, they
    offer one after the other until the sheet is taken."""
    if again:
        lines = (line for line in sheet.lines if (line.goods.item.code, line.goods.lot_number) in again)
        return tuple(act for line in lines for act in _line_acts(line))
    offers = [
        *([command(Command.PARTIAL)] if sheet.action is Command.COUNT else ()),  # What lies in bulk was not counted.
        *([label(LabelKind.REASON, _LOT_REASON)] if sheet.action is Command.ISSUE else ()),
        *([label(LabelKind.PERSON, sheet.second)] if sheet.second else ()),
    ]
    return tuple(offers[times : times + 1])


# What goes wrong in people's hands --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slips:
    """How often, per scan that it can befall: a code read twice, a wrong bin undone at once, a code nobody knows."""

    double_scan: float = 0.06
    wrong_bin: float = 0.05
    unknown_code: float = 0.02


def with_slips(
    acts: Iterable[Act], slips: Slips, dice: random.Random, bins: Sequence[str], unknown_gtins: Sequence[str]
) -> tuple[Act, ...]:
    """The same work as people really do it. What the sheet says in the end is unchanged."""
    return tuple(act for one in acts for act in _slipping(one, slips, dice, bins, unknown_gtins))


def _slipping(
    act: Act, slips: Slips, dice: random.Random, bins: Sequence[str], unknown_gtins: Sequence[str]
) -> Iterator[Act]:
    if not isinstance(act, Scan) or act.code.text.startswith("OBC-"):
        yield act
        return
    if act.code.text.startswith("OBB-") and dice.random() < slips.wrong_bin:
        yield label(LabelKind.BIN, dice.choice(bins))
        yield UNDO
    if not act.code.text.startswith("OB") and dice.random() < slips.unknown_code:
        yield Scan(Code(dice.choice(unknown_gtins), "]E0"))
    yield replace(act, sights=2) if dice.random() < slips.double_scan else act
