"""What a screen draws of a work place: plain data, made anew after each input. The screen decides nothing.

Whatever a person may do is a `Choice`: its code is the text of a printed label, and touching it is scanning it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.dialogue_booking import missing
from onebook_edge.capture.dialogue_state import Line, Sheet
from onebook_edge.capture.dialogue_texts import ACTIONS, COMMANDS, Feedback, Words
from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.stable_weight import StableWeight
from onebook_schemas.labels import Command, command_text

_BEGINNINGS: Final = tuple(ACTIONS)


class ChoiceRole(enum.StrEnum):
    """What kind of button a choice is, so that a screen can put it where people look for it."""

    ACTION = "action"  # Begins a sheet.
    STEP = "step"  # Goes on with it: take the weight, passed, nothing there ...
    REASON = "reason"
    DOCUMENT = "document"
    BIN = "bin"
    MOVEMENT = "movement"
    CONFIRM = "confirm"
    UNDO = "undo"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Choice:
    """`code` is what touching it sends, as if a scanner had read it."""

    role: ChoiceRole
    code: str
    label: Words
    detail: Words | None = None


class Progress(enum.StrEnum):
    """How what is here compares with what was expected."""

    MISSING = "missing"  # Nothing of it yet.
    SHORT = "short"
    COMPLETE = "complete"
    OVER = "over"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of the sheet. Amounts are plain decimals in the item's own unit."""

    item: str
    name: Words
    amount: str
    unit: Words
    count: str  # So many ...
    pack: Words  # ... of these; the unit itself for single ones.
    source: str
    lot: str | None = None
    produced_on: date | None = None
    expires_on: date | None = None
    serials: tuple[str, ...] = ()
    is_last: bool = False  # Amounts and weights go to this one.


@dataclass(frozen=True, slots=True)
class ExpectedView:
    """What a task asks for or what the book has in the bin, beside what is on the sheet. `expected` is None in a blind count."""

    item: str
    name: Words
    unit: Words
    expected: str | None
    here: str
    progress: Progress
    lot: str | None = None
    expires_on: date | None = None
    bin: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Where to take goods from or put them; `code` names that bin as its label would."""

    item: str
    name: Words
    amount: str | None
    unit: Words
    bin: str
    code: str
    lot: str | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class PersonView:
    badge: str
    name: str


@dataclass(frozen=True, slots=True)
class WeightView:
    """What settled on the scale and waits to be taken."""

    value: str
    unit: str
    is_net: bool | None


@dataclass(frozen=True, slots=True)
class DialogueView:
    """Everything about one work place, in the order in which a screen shows it."""

    title: Words
    prompt: Feedback  # What is needed next; its code is stable, its words are for people.
    feedback: Feedback | None  # The answer to the last input.
    person: PersonView | None
    second: PersonView | None
    action: Command | None
    is_booking: bool
    can_confirm: bool
    document: str | None
    from_bin: str | None
    to_bin: str | None
    pallet: str | None
    reason: Words | None
    task_title: Words | None
    lines: tuple[LineView, ...]
    expected: tuple[ExpectedView, ...]
    unexpected: tuple[LineView, ...]  # RFID tags that nobody asked for: a person decides.
    proposals: tuple[Proposal, ...]
    weight: WeightView | None
    tare: WeightView | None
    choices: tuple[Choice, ...]


def view_of(dialogue: ScanDialogue, feedback: Feedback | None = None) -> DialogueView:
    """All that a screen shows of this work place now. `feedback`: the answer to the last input."""
    state, sheet, catalogue = dialogue.state, dialogue.sheet, dialogue.catalogue
    prompt = _prompt(dialogue)
    return DialogueView(
        title=ACTIONS[sheet.action] if sheet.action else texts.NO_SHEET,
        prompt=prompt,
        feedback=feedback,
        person=PersonView(state.actor, state.actor) if state.actor else None,
        second=None,
        action=sheet.action,
        is_booking=state.booking is not None,
        can_confirm=prompt.code == texts.READY.code,
        document=sheet.document.number if sheet.document else None,
        from_bin=sheet.from_bin,
        to_bin=sheet.to_bin,
        pallet=sheet.pallet,
        reason=None,
        task_title=None,
        lines=tuple(_line(line, catalogue, is_last=line is sheet.lines[-1]) for line in sheet.lines),
        expected=(),
        unexpected=(),
        proposals=(),
        weight=_weight(state.weight),
        tare=None,
        choices=_choices(dialogue, prompt),
    )


def _prompt(dialogue: ScanDialogue) -> Feedback:
    state, sheet = dialogue.state, dialogue.sheet
    if state.booking:
        return texts.WAIT.say()
    if state.actor is None:
        return texts.NEED_BADGE.say()
    if sheet.action is Command.REVERSE:
        return texts.REVERSING.say()
    return missing(sheet) or texts.READY.say()


def _choices(dialogue: ScanDialogue, prompt: Feedback) -> tuple[Choice, ...]:
    """The commands that make sense now."""
    sheet = dialogue.sheet
    if dialogue.state.booking or dialogue.state.actor is None:
        return ()
    if sheet.action is None:
        return tuple(_command(ChoiceRole.ACTION, command) for command in _BEGINNINGS)
    choices = [_command(ChoiceRole.CONFIRM, Command.CONFIRM)] if _is_ready(sheet, prompt) else []
    if sheet.lines and dialogue.state.weight:
        choices.append(_command(ChoiceRole.STEP, Command.WEIGH))
    return (*choices, _command(ChoiceRole.UNDO, Command.UNDO), _command(ChoiceRole.CANCEL, Command.CANCEL))


def _is_ready(sheet: Sheet, prompt: Feedback) -> bool:
    return sheet.action is Command.REVERSE or prompt.code == texts.READY.code


def _command(role: ChoiceRole, command: Command) -> Choice:
    return Choice(role, command_text(command), COMMANDS[command])


def _line(line: Line, catalogue: Catalogue, *, is_last: bool) -> LineView:
    item = catalogue.by_code(line.item)
    unit = Words(item.units[0].name_zh if item else line.unit, line.unit)
    packs = [one for one in item.units if one.factor == line.factor] if item else []
    return LineView(
        item=line.item,
        name=Words(item.name_zh, item.name_en) if item else Words(line.item, line.item),
        amount=_plain(line.amount),
        unit=unit,
        count=_plain(line.count),
        pack=Words(packs[0].name_zh, f"x {line.factor}") if packs and line.factor != 1 else unit,
        source=line.source.value,
        lot=line.lot.number if line.lot else None,
        produced_on=line.lot.produced_on if line.lot else None,
        expires_on=line.lot.expires_on if line.lot else None,
        serials=line.serials,
        is_last=is_last,
    )


def _weight(weight: StableWeight | None) -> WeightView | None:
    return WeightView(_plain(weight.value), weight.unit, weight.net) if weight else None


def _plain(value: Decimal) -> str:
    return format(value, "f")
