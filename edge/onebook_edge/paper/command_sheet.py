"""The sheet that hangs laminated at a work place: every command as a code that a scanner reads from an arm's length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from onebook_edge.capture.command_words import ACTIONS, AT_THE_END, ON_THE_SHEET, Words
from onebook_edge.paper.code128 import code128
from onebook_edge.paper.symbols import Picture, bar_picture
from onebook_schemas.labels import Command, LabelKind, command_text, label_text
from onebook_schemas.reference import Reason

_BARS_MM, _CELL_MM = Decimal(14), Decimal(94)
COUNTS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class CommandCell:
    words: Words
    picture: Picture


@dataclass(frozen=True, slots=True)
class CommandGroup:
    title: Words
    cells: tuple[CommandCell, ...]


def command_sheet(reasons: Iterable[Reason] = (), counts: Iterable[int] = COUNTS) -> tuple[CommandGroup, ...]:
    """What to do, what goes on the sheet, how to go on, why, how many: from left to right as people need them."""
    why = tuple(_cell(Words(one.zh, one.en), label_text(LabelKind.REASON, one.code)) for one in reasons)
    groups = (
        _commands(Words("做什么", "What to do"), ACTIONS),
        _commands(Words("单上", "On the sheet"), ON_THE_SHEET),
        _commands(Words("下一步", "How to go on"), AT_THE_END),
        CommandGroup(Words("理由", "Why"), why),
        CommandGroup(Words("数量", "How many"), tuple(_quantity(count) for count in counts)),
    )
    return tuple(group for group in groups if group.cells)


def _commands(title: Words, commands: Mapping[Command, Words]) -> CommandGroup:
    return CommandGroup(title, tuple(_cell(words, command_text(command)) for command, words in commands.items()))


def _quantity(count: int) -> CommandCell:
    return _cell(Words(str(count), str(count)), label_text(LabelKind.QUANTITY, str(count)))


def _cell(words: Words, text: str) -> CommandCell:
    """In modules of half a millimetre; a long reason code is narrower."""
    picture = bar_picture(code128(text), room_mm=_CELL_MM, height_mm=_BARS_MM)
    assert picture, "a command or reason code is at most 36 characters"
    return CommandCell(words, picture)
