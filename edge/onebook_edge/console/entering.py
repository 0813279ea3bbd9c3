"""Whether what a person entered on a screen goes to the dialogue. Pure.

The dialogue decides about work. Here is decided only what a scanner cannot do: act in the name of somebody else over the
network, confirm a sheet that the screen did not show, or be told "confirm" when there is no room for it on the disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from onebook_schemas.labels import Command, Label, LabelKind, parse_label

_CODE = re.compile(r"[\x1d\x20-\x7e]{1,200}")  # GS parts the fields of a GS1 code.


@dataclass(frozen=True, slots=True)
class Entered:
    """`mark`: of the sheet that the screen showed when the button was pressed; empty for a code that was scanned."""

    text: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """`badge`: who signed in at this screen over the network; None at the box itself, where the dialogue's badge counts."""

    badge: str | None
    actor: str | None  # Who is signed in at the work place.
    mark: str  # Of the sheet as it is.
    is_open: bool  # Whether an action was chosen.
    confirmed_mark: str  # Of the sheet that was confirmed last.
    is_full: bool


@dataclass(frozen=True, slots=True)
class Take:
    """Give it to the dialogue."""

    text: str


@dataclass(frozen=True, slots=True)
class NeedPin:
    """Somebody else's badge: their PIN proves that they are here."""

    badge: str


@dataclass(frozen=True, slots=True)
class Ignore:
    """It was done already: the same button, pressed again."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """`reason` is a text of the locales."""

    reason: str


Judgement: TypeAlias = Take | NeedPin | Ignore | Refuse


def judge(entered: Entered, so: Circumstances) -> Judgement:
    text = entered.text.strip(" ")
    if not _CODE.fullmatch(text):
        return Refuse("refused_not_a_code")
    label = parse_label(text)
    if so.badge is not None:
        if label is not None and label.kind is LabelKind.PERSON:
            return Take(text) if label.value == so.badge else NeedPin(label.value)
        if so.actor != so.badge:
            return Refuse("refused_another_person")
    return _judge_task(entered, so, label) or _judge_confirmation(entered, so, label) or Take(text)


def _judge_task(entered: Entered, so: Circumstances, label: Label | None) -> Judgement | None:
    """The button of a task begins a sheet. On one that was begun meanwhile its number would be that sheet's document."""
    is_task = label is not None and label.kind is LabelKind.DOCUMENT and entered.mark
    return Refuse("refused_sheet_open") if is_task and so.is_open else None


def _judge_confirmation(entered: Entered, so: Circumstances, label: Label | None) -> Judgement | None:
    if label is None or label.kind is not LabelKind.COMMAND or label.value != Command.CONFIRM:
        return None
    if entered.mark and entered.mark != so.mark:
        return Ignore() if entered.mark == so.confirmed_mark else Refuse("refused_sheet_changed")
    return Refuse("refused_outbox_full") if so.is_full else None
