"""What onebook prints on labels and reads back: command codes, bins, documents, badges, quantities.

Plain ASCII in Code 128 or QR without shift-dependent characters, so that every scanner, also one that types like a keyboard,
reads the same. Goods carry GS1 codes, which are not made here.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

_LABEL = re.compile(r"^OB([CBDPQ])-([0-9A-Za-z._-]{1,40})\Z")


class LabelKind(enum.StrEnum):
    COMMAND = "C"
    BIN = "B"
    DOCUMENT = "D"
    PERSON = "P"
    QUANTITY = "Q"


class Command(enum.StrEnum):
    """Printed command codes: with these alone a warehouse without a screen can do everything."""

    RECEIVE = "RECEIVE"  # 入库
    ISSUE = "ISSUE"  # 出库
    MOVE = "MOVE"  # 移库
    COUNT = "COUNT"  # 盘点
    DISPOSE = "DISPOSE"  # 报废
    REVERSE = "REVERSE"  # 冲销: the last booked movement of this person
    CONFIRM = "CONFIRM"  # 确认
    UNDO = "UNDO"  # 撤销上一步
    CANCEL = "CANCEL"  # 放弃整单
    WEIGH = "WEIGH"  # 取秤上重量


@dataclass(frozen=True, slots=True)
class Label:
    kind: LabelKind
    value: str


def parse_label(text: str) -> Label | None:
    """The onebook label in a scanned text (its AIM identifier already cut off); None if it is none."""
    match = _LABEL.match(text)
    return Label(LabelKind(match[1]), match[2]) if match else None


def label_text(kind: LabelKind, value: str) -> str:
    """What to print. Raises ValueError for a value that a scanner could not bring back."""
    text = f"OB{kind}-{value}"
    if not _LABEL.match(text):
        raise ValueError(f"{value!r} cannot stand on a label: use 1 to 40 of A-Z a-z 0-9 . _ -")
    return text


def command_text(command: Command) -> str:
    return label_text(LabelKind.COMMAND, command)
