"""What a screen draws of a work place: plain data, made anew after each input. The screen decides nothing.

Whatever a person may do is a `Choice`: its code is the text of a printed label, and touching it is scanning it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_booking import flow_of, missing
from onebook_edge.capture.dialogue_texts import ACTIONS, Feedback, Words
from onebook_edge.capture.flows.correcting import AboutMovement, line_of
from onebook_edge.capture.knowledge import BookedLately
from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.situation import Situation
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.capture.unit_words import pack_words
from onebook_edge.capture.view_choices import Choice as Choice
from onebook_edge.capture.view_choices import ChoiceRole as ChoiceRole
from onebook_edge.capture.view_choices import choices_of
from onebook_edge.capture.view_proposals import Proposal as Proposal
from onebook_edge.capture.view_proposals import proposals_of
from onebook_edge.machine import Instant
from onebook_schemas.labels import Command


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
    remark: Feedback | None = None  # Expired, not what expires first, to be inspected ...
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
class MovementView:
    """A movement that was booked before. `number`: of its document, if this box still knows it."""

    movement_id: str
    number: str | None


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
    reasons: tuple[Words, ...]
    marks: tuple[Words, ...]  # What was said of the whole sheet: passed, papers follow, by sale ...
    speaks_of: MovementView | None  # What this sheet replaces, takes back, or has the papers of.
    old_lines: tuple[LineView, ...]  # Of that movement, where the sheet has none of its own.
    task_title: Words | None
    lines: tuple[LineView, ...]
    expected: tuple[ExpectedView, ...]
    unexpected: tuple[LineView, ...]  # RFID tags that nobody asked for: a person decides.
    proposals: tuple[Proposal, ...]
    weight: WeightView | None
    tare: WeightView | None
    choices: tuple[Choice, ...]


def view_of(dialogue: ScanDialogue, feedback: Feedback | None = None, *, now: Instant) -> DialogueView:
    """All that a screen shows of this work place now. `feedback`: the answer to the last input."""
    state, at = dialogue.state, dialogue.situation(now)
    sheet = at.sheet
    prompt = _prompt(dialogue, at)
    task = at.task
    return DialogueView(
        title=ACTIONS[sheet.action] if sheet.action else texts.NO_SHEET,
        prompt=prompt,
        feedback=feedback,
        person=_person(state.actor, at),
        second=_person(sheet.second, at),
        action=sheet.action,
        is_booking=state.booking is not None,
        can_confirm=prompt.code in (texts.READY.code, texts.REVERSING.code),
        document=sheet.document.number if sheet.document else None,
        from_bin=sheet.from_bin,
        to_bin=sheet.to_bin,
        pallet=sheet.pallet,
        reasons=tuple(_reason(code, at) for code in sheet.reasons),
        marks=tuple(texts.COMMANDS[mark] for mark in sheet.marks),
        speaks_of=_movement(_named_movement(at), at),
        old_lines=_old_lines(at),
        task_title=Words(task.title_zh, task.title_en) if task else None,
        lines=tuple(_line(line, at, is_last=line is sheet.lines[-1]) for line in sheet.lines),
        expected=tuple(_expected(at)),
        unexpected=tuple(_line(line, at) for line in sheet.unexpected),
        proposals=proposals_of(at),
        weight=_weight(state.weight),
        tare=_weight(sheet.tare),
        choices=choices_of(dialogue.state, at, prompt),
    )


def _old_lines(at: Situation) -> tuple[LineView, ...]:
    booked = _spoken_of(at)
    if booked is None or at.sheet.corrects:
        return ()
    return tuple(_line(line_of(line), at) for line in booked.fact.lines)


def _spoken_of(at: Situation) -> BookedLately | None:
    movement_id = _named_movement(at)
    return at.known.recent.by_id(movement_id) if movement_id else None


def _named_movement(at: Situation) -> str | None:
    return at.sheet.corrects or at.sheet.reverses or at.sheet.papers_of


def _prompt(dialogue: ScanDialogue, at: Situation) -> Feedback:
    if dialogue.state.booking:
        return texts.WAIT.say()
    if dialogue.state.actor is None:
        return texts.NEED_BADGE.say()
    lacking = missing(at)
    if lacking is None and at.sheet.action is Command.REVERSE:
        return texts.REVERSING.say()
    takes_goods = not isinstance(flow_of(at.sheet), AboutMovement)
    return lacking or (texts.READY if takes_goods else texts.READY_AS_IT_IS).say()


def _expected(at: Situation) -> Iterator[ExpectedView]:
    """What is wanted, in its order, and then what is here without being wanted. In a blind count only what is here."""
    flow = flow_of(at.sheet)
    wanted = flow.wanted(at) if flow else ()
    if not wanted:
        return
    rest = {line.lot_key: Decimal(0) for line in at.sheet.lines}
    for line in at.sheet.lines:
        rest[line.lot_key] += line.amount
    for one in wanted:
        keys = [key for key in rest if key[0] == one.item and one.lot in (None, key[1])]
        here = sum((rest.pop(key) for key in keys), Decimal(0))
        yield _expectation(at, one.item, one.unit, one.amount, here, one.lot, one.bin)
    for (item, lot), here in rest.items():
        unit = next(line.unit for line in at.sheet.lines if line.item == item)
        yield _expectation(at, item, unit, Decimal(0), here, lot, None)


def _expectation(
    at: Situation, item: str, unit: str, wanted: Decimal | None, here: Decimal, lot: str | None, bin_code: str | None
) -> ExpectedView:
    held = (one for one in at.known.stock.of_item(item) if one.lot and one.lot_number == lot)
    return ExpectedView(
        item=item,
        name=at.name(item),
        unit=at.unit(item, unit, here),
        expected=_plain(wanted) if wanted is not None else None,
        here=_plain(here),
        progress=_progress(wanted, here),
        lot=lot,
        expires_on=next((one.expires_on for one in held), None),
        bin=bin_code,
    )


def _progress(wanted: Decimal | None, here: Decimal) -> Progress:
    if wanted is None:
        return Progress.COMPLETE if here else Progress.MISSING
    if not wanted and here:
        return Progress.UNEXPECTED
    if here == wanted:
        return Progress.COMPLETE
    return Progress.OVER if here > wanted else Progress.SHORT if here else Progress.MISSING


def _line(line: Line, at: Situation, *, is_last: bool = False) -> LineView:
    item, lot, flow = at.item(line.item), at.lot_of(line), flow_of(at.sheet)
    unit = at.unit(line.item, line.unit, line.amount)
    packs = [one for one in item.units if one.factor == line.factor] if item else []
    return LineView(
        item=line.item,
        name=at.name(line.item),
        amount=_plain(line.amount),
        unit=unit,
        count=_plain(line.count),
        pack=pack_words(packs[0], line.count) if packs and line.factor != 1 else unit,
        source=line.source.value,
        lot=lot.number if lot else None,
        produced_on=lot.produced_on if lot else None,
        expires_on=lot.expires_on if lot else None,
        serials=line.serials,
        remark=flow.remark(line, at) if flow else None,
        is_last=is_last,
    )


def _person(badge: str | None, at: Situation) -> PersonView | None:
    return PersonView(badge, at.known.name_of(badge)) if badge else None


def _movement(movement_id: str | None, at: Situation) -> MovementView | None:
    if movement_id is None:
        return None
    booked = _spoken_of(at)
    return MovementView(movement_id, booked.fact.document.number if booked and booked.fact.document else None)


def _reason(code: str, at: Situation) -> Words:
    reason = at.known.reason(code)
    return Words(reason.zh, reason.en) if reason else Words(code, code)


def _weight(weight: StableWeight | None) -> WeightView | None:
    return WeightView(_plain(weight.value), weight.unit, weight.net) if weight else None


def _plain(value: Decimal) -> str:
    return format(value, "f")
