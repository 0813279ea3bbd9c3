"""One work place as a screen draws it, in one language. Pure: everything is decided by the dialogue, this only arranges it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.capture.dialogue_texts import FeedbackKind
from onebook_edge.capture.dialogue_view import (
    Choice,
    ChoiceRole,
    DialogueView,
    ExpectedView,
    LineView,
    PersonView,
    Proposal,
)
from onebook_edge.capture.flows import FLOWS
from onebook_edge.capture.flows.correcting import AboutMovement
from onebook_edge.capture.sheet import Sheet
from onebook_edge.console.texts import Texts
from onebook_schemas.labels import Command, command_text

DAILY = tuple(
    map(command_text, (Command.RECEIVE, Command.ISSUE, Command.MOVE, Command.COUNT, Command.DONATE, Command.RECOVER))
)
"""What most sheets are; the other actions stand behind a fold."""
_SERIALS_SHOWN = 3
_ID_SHOWN = 8  # The first letters of a movement's id.


@dataclass(frozen=True, slots=True)
class Button:
    """Touching it sends the code."""

    code: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A bin, document or pallet of the sheet; `value` is empty while it is still needed."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """So much of something. `state`: how it compares with what was expected; a word says it, a shape and a colour too."""

    name: str
    code: str
    amount: str
    unit: str
    detail: str
    beside: str = ""  # A smaller amount beside it: cartons, or what was ordered.
    state: str = ""
    state_word: str = ""
    remark: str = ""  # Expired, not what expires first ...
    is_warned: bool = False  # Whether the remark is a warning.


@dataclass(frozen=True, slots=True)
class WorkView:
    place: str
    mark: str  # Names this state of the sheet: only what was seen is confirmed.
    speaks_of: str  # Id of the movement that it replaces, takes back, or has the papers of; else empty.
    person: str
    second: str
    title: str
    prompt: str
    is_begun: bool
    is_booking: bool
    can_confirm: bool
    can_undo: bool
    takes_goods: bool
    takes_amount: bool
    facts: tuple[Fact, ...]
    lines: tuple[Row, ...]
    old_lines: tuple[Row, ...]  # What the movement has that this sheet speaks of.
    expected: tuple[Row, ...]
    unexpected: tuple[Row, ...]
    proposals: tuple[Button, ...]
    buttons: dict[str, tuple[Button, ...]] = field(hash=False)  # By role: "step", "reason" ...
    actions: tuple[Button, ...]  # What is done every day ...
    more_actions: tuple[Button, ...]  # ... and the rest.
    confirms: Button | None = None


def work_view(place: str, mark: str, view: DialogueView, texts: Texts, name_of: Callable[[str], str]) -> WorkView:
    buttons = {str(role): tuple(_button(one, texts) for one in view.choices if one.role is role) for role in ChoiceRole}
    confirming, begins = buttons[ChoiceRole.CONFIRM], buttons[ChoiceRole.ACTION]
    return WorkView(
        place=place,
        mark=mark,
        speaks_of=view.speaks_of.movement_id if view.speaks_of else "",
        person=_person(view.person, name_of),
        second=_person(view.second, name_of),
        title=texts.of(view.title),
        prompt=texts.of(view.prompt),
        is_begun=view.action is not None,
        is_booking=view.is_booking,
        can_confirm=bool(confirming),
        can_undo=bool(buttons[ChoiceRole.UNDO]),
        takes_goods=view.action is not None and not isinstance(FLOWS[view.action], AboutMovement),
        takes_amount=any(line.is_last and not line.serials for line in view.lines) and not view.is_booking,
        facts=tuple(_facts(view, texts)),
        lines=tuple(_line(one, texts) for one in reversed(view.lines)),  # The one touched last is on top.
        old_lines=tuple(_line(one, texts) for one in view.old_lines),
        expected=tuple(_expected(one, texts) for one in view.expected),
        unexpected=tuple(_line(one, texts) for one in view.unexpected),
        proposals=tuple(_proposal(one, texts) for one in view.proposals),
        buttons=buttons,
        actions=tuple(one for one in begins if one.code in DAILY),
        more_actions=tuple(one for one in begins if one.code not in DAILY),
        confirms=confirming[0] if confirming else None,
    )


def mark_of(state: DialogueState, sheet: Sheet) -> str:
    """Differs between any two sheets, also between two alike of which one is booked already."""
    return f"{zlib.crc32(repr((sheet, state.booked)).encode()):08x}"


def _button(choice: Choice, texts: Texts) -> Button:
    return Button(choice.code, texts.of(choice.label), texts.of(choice.detail) if choice.detail else "")


def _person(person: PersonView | None, name_of: Callable[[str], str]) -> str:
    return name_of(person.badge) if person else ""


def _facts(view: DialogueView, texts: Texts) -> Iterator[Fact]:
    if view.task_title or view.document:
        title = texts.of(view.task_title) if view.task_title else ""
        yield Fact(texts("document"), " ".join(filter(None, (title, view.document))))
    named = {"from_bin": view.from_bin, "to_bin": view.to_bin}
    needed = FLOWS[view.action].sides if view.action else ()
    for side, value in named.items():
        if value or side in needed:
            yield Fact(texts(side if len(needed) > 1 else "bin"), value or "")
    if view.pallet:
        yield Fact(texts("pallet"), view.pallet)
    if view.speaks_of:
        yield Fact(texts("about"), view.speaks_of.number or view.speaks_of.movement_id[:_ID_SHOWN])
    for said in view.marks:
        yield Fact(texts("marked"), texts.of(said))
    for reason in view.reasons:
        yield Fact(texts("reason"), texts.of(reason))
    if view.tare:
        yield Fact(texts("tare"), f"{view.tare.value} {view.tare.unit}")


def _line(line: LineView, texts: Texts) -> Row:
    packed = f"{grouped(line.count)} {texts.of(line.pack)}" if line.pack != line.unit else ""
    details = [texts(f"source_{line.source}"), *_lot(line.lot, line.expires_on, texts)]
    if line.serials:
        shown = ", ".join(line.serials[-_SERIALS_SHOWN:])
        details.append(texts("serials", count=len(line.serials), serials=shown))
    return Row(
        name=texts.of(line.name),
        code=line.item,
        amount=grouped(line.amount),
        unit=texts.of(line.unit),
        detail=" · ".join(details),
        beside=packed,
        remark=texts.of(line.remark) if line.remark else "",
        is_warned=line.remark is not None and line.remark.kind is not FeedbackKind.OK,
    )


def _expected(line: ExpectedView, texts: Texts) -> Row:
    """What is here, of what was asked for."""
    bin_name = [texts("in_bin", bin=line.bin)] if line.bin else []
    is_known = line.expected is not None
    return Row(
        name=texts.of(line.name),
        code=line.item,
        amount=grouped(line.here),
        unit=texts.of(line.unit),
        detail=" · ".join([*bin_name, *_lot(line.lot, line.expires_on, texts)]),
        beside=texts("of_expected", amount=grouped(line.expected or "0")) if is_known else "",
        state=str(line.progress) if is_known else "",
        state_word=texts(f"progress_{line.progress}") if is_known else "",
    )


def _proposal(one: Proposal, texts: Texts) -> Button:
    amount = f"{grouped(one.amount)} {texts.of(one.unit)}" if one.amount else ""
    short = texts("proposal_short") if one.is_short else ""
    said = (texts.of(one.name), amount, *_lot(one.lot, one.expires_on, texts), short)
    return Button(one.code, one.bin, " · ".join(filter(None, said)))


def _lot(lot: str | None, expires_on: object, texts: Texts) -> list[str]:
    said = [texts("lot", lot=lot)] if lot else []
    return [*said, texts("expires", day=expires_on)] if expires_on else said


def grouped(amount: str) -> str:
    """12,345.50: the digits as they were said, in groups."""
    return format(Decimal(amount), ",f")
