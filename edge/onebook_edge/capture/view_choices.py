"""What a person may do now, each as the text of the printed label that does the same."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_booking import flow_of, reasons_needed
from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.capture.dialogue_texts import ACTIONS, COMMANDS, Feedback, Words
from onebook_edge.capture.flow import Flow
from onebook_edge.capture.flows import FLOWS
from onebook_edge.capture.flows.correcting import AboutMovement
from onebook_edge.capture.flows.counting import Count, uncounted
from onebook_edge.capture.situation import Situation
from onebook_edge.capture.weighing import piece_weight
from onebook_schemas.labels import Command, LabelKind, command_text, label_text
from onebook_schemas.reference import Task

_MOVEMENTS_SHOWN = 20


class ChoiceRole(enum.StrEnum):
    """What kind of button a choice is, so that a screen can put it where people look for it."""

    ACTION = "action"  # Begins a sheet.
    STEP = "step"  # Goes on with it: take the weight, passed, nothing there ...
    REASON = "reason"
    DOCUMENT = "document"
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


def choices_of(state: DialogueState, at: Situation, prompt: Feedback) -> tuple[Choice, ...]:
    """`prompt` says what is needed next."""
    if state.booking or state.actor is None:
        return ()
    flow = flow_of(at.sheet)
    if flow is None:
        return (*(_command(ChoiceRole.ACTION, command) for command in FLOWS), *_tasks(at))
    return tuple(_on_sheet(flow, state, at, prompt))


def _on_sheet(flow: Flow, state: DialogueState, at: Situation, prompt: Feedback) -> Iterator[Choice]:
    if prompt.code in (texts.READY.code, texts.REVERSING.code):
        yield _command(ChoiceRole.CONFIRM, Command.CONFIRM)
    if isinstance(flow, AboutMovement):
        yield from _movements(flow, at)
    for command in _steps(flow, state, at):
        yield _command(ChoiceRole.STEP, command)
    for reason in dict.fromkeys(reason for use in reasons_needed(flow, at) for reason in at.known.reasons_for(use)):
        yield Choice(ChoiceRole.REASON, label_text(LabelKind.REASON, reason.code), Words(reason.zh, reason.en))
    yield _command(ChoiceRole.UNDO, Command.UNDO)
    yield _command(ChoiceRole.CANCEL, Command.CANCEL)


def _steps(flow: Flow, state: DialogueState, at: Situation) -> Iterator[Command]:
    if at.sheet.unexpected:
        yield from (Command.ACCEPT, Command.LEAVE)
    if isinstance(flow, Count):
        yield from flow.marks if uncounted(at) and not at.sheet.again else flow.marks[:1] if uncounted(at) else ()
    else:
        yield from (mark for mark in flow.marks if at.sheet.marks[-1:] != (mark,))
    if state.weight is not None and not isinstance(flow, AboutMovement):
        yield Command.TARE
        if at.sheet.lines and not at.sheet.lines[-1].serials:
            yield Command.WEIGH
            if piece_weight(at):
                yield Command.PIECES
    if at.sheet.lines:
        yield Command.DROP


def _tasks(at: Situation) -> Iterator[Choice]:
    """Open tasks, the urgent ones first: scanning the document of one begins it."""
    tasks = at.known.tasks.tasks if at.known.tasks else ()
    for task in sorted(tasks, key=lambda one: (not one.is_urgent, one.due_on or date.max)):
        if code := code_of(task):
            action = ACTIONS[Command(task.action.value)]
            yield Choice(ChoiceRole.DOCUMENT, code, Words(task.title_zh, task.title_en), action)


def _movements(flow: AboutMovement, at: Situation) -> Iterator[Choice]:
    if at.sheet.papers_of or at.sheet.reverses:
        return
    for booked in at.known.recent.newest(_MOVEMENTS_SHOWN):
        if not isinstance(flow.name(booked, booked.fact.movement_id, at), Feedback):
            number = booked.fact.document.number if booked.fact.document else booked.fact.movement_id
            code = label_text(LabelKind.MOVEMENT, booked.fact.movement_id)
            detail = at.name(booked.fact.lines[0].item)
            yield Choice(ChoiceRole.MOVEMENT, code, Words(number, number), detail)


def code_of(task: Task) -> str | None:
    """The code that begins a task; None for a number that no scanner could bring back."""
    try:
        return label_text(LabelKind.DOCUMENT, task.document.number)
    except ValueError:
        return None


def _command(role: ChoiceRole, command: Command) -> Choice:
    return Choice(role, command_text(command), COMMANDS[command])
