"""What onebook prints on labels and reads back: command codes, bins, documents, badges, quantities, reasons, items, lots.

Plain ASCII in Code 128 or QR without shift-dependent characters, so that every scanner, also one that types like a keyboard,
reads the same. Goods carry GS1 codes, which are not made here.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import date

_LABEL = re.compile(r"^OB([CBDILMPQR])-([0-9A-Za-z._-]{1,40})\Z")
_LOT = re.compile(r"([0-9]{8})-([0-9A-Za-z._-]{1,31})")
_NO_DATE = "00000000"


class LabelKind(enum.StrEnum):
    COMMAND = "C"
    BIN = "B"
    DOCUMENT = "D"
    ITEM = "I"  # An item code: goods whose own label is missing or broken, picked by hand.
    LOT = "L"  # Expiry and lot number of the last line: YYYYMMDD-LOT, 00000000 for no date. See `lot_text`.
    MOVEMENT = "M"  # A movement id: what is to be corrected, or whose papers have come.
    PERSON = "P"
    QUANTITY = "Q"
    REASON = "R"  # A reason code of the site.


class Command(enum.StrEnum):
    """Printed command codes: with these alone a warehouse without a screen can do everything."""

    # What to do: begins a sheet.
    RECEIVE = "RECEIVE"  # 入库
    DONATE = "DONATE"  # 捐赠接收: usable at once, papers follow
    ISSUE = "ISSUE"  # 出库
    LOAN = "LOAN"  # 借出: to come back
    RECOVER = "RECOVER"  # 回收
    MOVE = "MOVE"  # 移库
    COUNT = "COUNT"  # 盘点, with what should be there
    BLIND = "BLIND"  # 盲盘, without
    INSPECT = "INSPECT"  # 质检: 待检 -> 合格 or 不合格
    FREEZE = "FREEZE"  # 冻结
    RELEASE = "RELEASE"  # 解冻
    ROTATE = "ROTATE"  # 轮换出库
    REFILL = "REFILL"  # 轮换入库
    DISPOSE = "DISPOSE"  # 报废
    REPACK = "REPACK"  # 拆包/合包: checked, nothing is booked
    CORRECT = "CORRECT"  # 更正: reversal and replacement
    PAPERS = "PAPERS"  # 补单: papers of goods that were accepted before them
    REVERSE = "REVERSE"  # 冲销: the last booked movement of this person, or the one that is named
    # What goes on a sheet.
    WEIGH = "WEIGH"  # 取秤上重量
    TARE = "TARE"  # 取皮重
    PIECES = "PIECES"  # 称重点数
    DROP = "DROP"  # 删除末行
    LATER = "LATER"  # 单据后补
    PASS = "PASS"  # 合格
    FAIL = "FAIL"  # 不合格
    ABSENT = "ABSENT"  # 没有: what was expected and not counted is not there
    PARTIAL = "PARTIAL"  # 未盘完: what was not counted is left open
    ACCEPT = "ACCEPT"  # 收下 what nobody expected
    LEAVE = "LEAVE"  # 不收
    TURNOVER = "TURNOVER"  # 供应周转
    DISPATCH = "DISPATCH"  # 调拨使用
    SALE = "SALE"  # 市场销售
    FACTORY = "FACTORY"  # 返厂轮换
    ENTRUST = "ENTRUST"  # 代储轮换
    # What becomes of it.
    CONFIRM = "CONFIRM"  # 确认
    UNDO = "UNDO"  # 撤销上一步
    CANCEL = "CANCEL"  # 放弃整单


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


def lot_text(number: str, expires_on: date | None = None) -> str:
    """The label for lot and expiry. The date comes first, because a lot number may hold anything; at most 31 characters of it."""
    return label_text(LabelKind.LOT, f"{expires_on:%Y%m%d}-{number}" if expires_on else f"{_NO_DATE}-{number}")


def parse_lot(value: str) -> tuple[str, date | None] | None:
    """Lot number and expiry of a lot label; None if it was printed or read wrongly."""
    match = _LOT.fullmatch(value)
    if match is None:
        return None
    if match[1] == _NO_DATE:
        return match[2], None
    try:
        return match[2], date.fromisoformat(f"{match[1][:4]}-{match[1][4:6]}-{match[1][6:]}")
    except ValueError:
        return None


def command_text(command: Command) -> str:
    return label_text(LabelKind.COMMAND, command)
