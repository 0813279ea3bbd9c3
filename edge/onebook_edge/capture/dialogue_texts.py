"""What a work place says to the person, Chinese first. Every text stands here and nowhere else.

A warehouse without a screen hears the sound; one with a screen sees the text. Only `RECORDED` means that it is in the book.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from onebook_schemas.labels import Command


class FeedbackKind(enum.StrEnum):
    OK = "ok"  # Taken.
    ASK = "ask"  # Something must come first, or a choice is due.
    WARN = "warn"  # Look at it.
    REFUSED = "refused"  # Not taken.


class Sound(enum.StrEnum):
    """What the buzzer plays; the console maps each to a tone."""

    NONE = "none"
    OK = "ok"
    ASK = "ask"
    WARN = "warn"
    REFUSED = "refused"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Feedback:
    """The answer to one input."""

    kind: FeedbackKind
    code: str
    zh: str
    en: str
    sound: Sound


@dataclass(frozen=True, slots=True)
class Words:
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text with places for what it speaks of."""

    kind: FeedbackKind
    code: str
    zh: str
    en: str
    sound: Sound | None = None  # None: the sound of its kind.

    def say(self, **places: object) -> Feedback:
        sound = self.sound or Sound(self.kind.value)
        return Feedback(self.kind, self.code, self.zh.format(**places), self.en.format(**places), sound)


ACTIONS: Final[Mapping[Command, Words]] = {
    Command.RECEIVE: Words("入库", "receipt"),
    Command.ISSUE: Words("出库", "issue"),
    Command.MOVE: Words("移库", "move"),
    Command.COUNT: Words("盘点", "count"),
    Command.DISPOSE: Words("报废", "disposal"),
    Command.REVERSE: Words("冲销", "reversal"),
}

COMMANDS: Final[Mapping[Command, Words]] = {
    **ACTIONS,
    Command.CONFIRM: Words("确认", "confirm"),
    Command.UNDO: Words("撤销", "undo"),
    Command.CANCEL: Words("放弃", "cancel"),
    Command.WEIGH: Words("取重", "take the weight"),
}
"""What is printed beside the code of a command, and on its button."""

NO_SHEET: Final = Words("请选择作业", "Choose what to do")

REVERSAL_REASON: Final = "扫码冲销 / reversed by scan"

_OK, _ASK, _WARN, _REFUSED = FeedbackKind.OK, FeedbackKind.ASK, FeedbackKind.WARN, FeedbackKind.REFUSED

# Who -----------------------------------------------------------------------------------------------------------------
SIGNED_IN = Text(_OK, "signed-in", "{actor}，请扫作业码", "{actor}: scan what to do")
SHEET_TAKEN_OVER = Text(
    _WARN,
    "sheet-taken-over",
    "{actor}，有未确认的{action.zh}单（{lines} 行），请继续、确认或放弃",
    "{actor}: an unconfirmed {action.en} with {lines} lines is open; go on, confirm or cancel",
)
SIGNED_OUT = Text(_ASK, "signed-out", "久未操作已退出，请重新扫工牌", "Signed out after a pause: scan your badge again")
NEED_BADGE = Text(_ASK, "need-badge", "请先扫工牌", "Scan your badge first")

# What to do ----------------------------------------------------------------------------------------------------------
NEED_ACTION = Text(_ASK, "need-action", "请先扫作业码（入库、出库……）", "Scan what to do first (receive, issue ...)")
ACTION_CHOSEN = Text(_OK, "action-chosen", "{action.zh}：请扫货位和物资", "{action.en}: scan the bin and the goods")
ACTION_OPEN = Text(
    _ASK, "action-open", "正在{action.zh}，请先确认或放弃", "A {action.en} is open: confirm or cancel it first"
)
REVERSE_ASKED = Text(
    _ASK,
    "reverse-asked",
    "冲销上一笔：{action.zh}，{lines} 行。扫“确认”冲销，扫“放弃”不冲",
    "Reverse the last {action.en} of {lines} lines? Scan CONFIRM to do so, CANCEL to leave it",
)
REVERSING = Text(_ASK, "reversing", "正在冲销，请扫确认或放弃", "A reversal is open: scan CONFIRM or CANCEL")
NOTHING_TO_REVERSE = Text(
    _REFUSED, "nothing-to-reverse", "此处没有您可冲销的上一笔", "No last movement of yours here to reverse"
)
COMMAND_UNKNOWN = Text(_REFUSED, "command-unknown", "不认识的作业码 {value}", "Unknown command label {value}")

# Document and bins ----------------------------------------------------------------------------------------------------
DOCUMENT_NAMED = Text(_OK, "document-named", "单据 {number}", "Document {number}")
DOCUMENT_UNKNOWN = Text(
    _REFUSED, "document-unknown", "不认识的单号 {number}", "Unknown document {number}: it begins with no known kind"
)
BIN_NAMED = Text(_OK, "bin-named", "货位 {bin}", "Bin {bin}")
FROM_BIN_NAMED = Text(_OK, "from-bin-named", "移出 {bin}，请扫移入货位", "From bin {bin}: now scan the bin to move to")
BIN_ALREADY = Text(_OK, "bin-already", "货位 {bin} 已扫过", "Bin {bin} is set already")
BIN_FIXED = Text(
    _ASK, "bin-fixed", "本单货位已定；换货位请先确认或撤销", "The bin of this sheet is set: confirm it first, or undo"
)
BIN_BAD = Text(_REFUSED, "bin-bad", "货位码 {bin} 不合规", "{bin} is no bin code")
NEED_BIN = Text(_ASK, "need-bin", "请扫货位", "Scan the bin")
NEED_TO_BIN = Text(_ASK, "need-to-bin", "请扫移入货位", "Scan the bin to move to")

# Goods ---------------------------------------------------------------------------------------------------------------
GOODS = Text(_OK, "goods", "{item.zh}：{amount} {unit.zh}", "{item.en}: {amount} {unit.en}")
GOODS_DOUBTFUL = Text(
    _WARN,
    "goods-doubtful",
    "{item.zh}：{amount} {unit.zh}；批号或序列号可能混入后续内容，请核对 {doubt}",
    "{item.en}: {amount} {unit.en}; the lot or serial may have swallowed what follows it, check {doubt}",
)
GOODS_EXPIRED = Text(
    _WARN,
    "goods-expired",
    "{item.zh}：{amount} {unit.zh}；已于 {expires_on} 过期",
    "{item.en}: {amount} {unit.en}; expired on {expires_on}",
)
EXPIRED = Text(
    _REFUSED,
    "expired",
    "{item.zh} 已于 {expires_on} 过期，不能出库",
    "{item.en} expired on {expires_on}: not to be issued",
)
NEED_GOODS = Text(_ASK, "need-goods", "请先扫物资", "Scan goods first")
NEED_SERIAL = Text(
    _ASK,
    "need-serial",
    "{item.zh} 按序列号管理，请扫带序列号的码",
    "{item.en} is kept by serial: scan each piece's serial",
)
ALREADY_SCANNED = Text(
    _WARN, "already-scanned", "{serial} 已扫过，未重复计数", "{serial} was scanned already: not counted twice"
)
PALLET = Text(
    _WARN, "pallet", "托盘码 {sscc}，内容未知，请扫其中物资", "Pallet {sscc}: contents unknown, scan the goods on it"
)
CODE_SET_ASIDE = Text(
    _WARN, "code-set-aside", "未知条码，未计入，转人工处理", "Unknown code: not counted, a person will look at it"
)
CODE_SET_ASIDE_ALREADY = Text(
    _WARN, "code-set-aside-already", "仍是未知条码，未计入", "Still an unknown code: not counted"
)
NOTHING_READ = Text(_WARN, "nothing-read", "未读到条码", "No code was read")
TAGS = Text(
    _OK,
    "tags",
    "RFID：新增 {added} 件，重复 {repeated}，其他标签 {others}",
    "RFID: {added} added, {repeated} already there, {others} other tags",
)
TAGS_UNKNOWN = Text(
    _WARN,
    "tags-unknown",
    "RFID：新增 {added} 件，重复 {repeated}，其他标签 {others}，未知物资 {unknown} 件转人工处理",
    "RFID: {added} added, {repeated} already there, {others} other tags, {unknown} of unknown goods: a person will look",
)

# Amounts -------------------------------------------------------------------------------------------------------------
AMOUNT_BAD = Text(_REFUSED, "amount-bad", "数量不合规：{amount}", "{amount} is no usable amount")
AMOUNT_BROKEN = Text(
    _REFUSED, "amount-broken", "此物资只能是整数：{amount}", "Only whole ones of these exist: {amount}"
)
AMOUNT_ZERO = Text(
    _REFUSED, "amount-zero", "数量须大于零（盘点除外）", "The amount must be above zero (but in a count)"
)
AMOUNT_BY_SERIAL = Text(
    _REFUSED, "amount-by-serial", "按序列号逐件计数，不能改数量", "Counted by serials: the amount cannot be set"
)
WEIGHT_SETTLED = Text(_OK, "weight-settled", "秤 {value} {unit}", "Scale {value} {unit}")
WEIGHT_TAKEN = Text(_OK, "weight-taken", "{item.zh}：秤重 {value} {unit}", "{item.en}: weighed {value} {unit}")
WEIGHT_TAKEN_GROSS = Text(
    _WARN,
    "weight-taken-gross",
    "{item.zh}：毛重 {value} {unit}，秤未去皮",
    "{item.en}: gross {value} {unit}, no tare was taken off",
)
NEED_WEIGHT = Text(
    _ASK, "need-weight", "没有可用的稳定重量，请重新放上秤", "No settled weight at hand: put it on the scale again"
)
NOT_BY_WEIGHT = Text(_REFUSED, "not-by-weight", "{item.zh} 不按重量记账", "{item.en} is not booked by weight")

READY = Text(_OK, "ready", "核对无误请扫确认，或继续扫物资", "Check and confirm, or scan more goods")

# Booking -------------------------------------------------------------------------------------------------------------
SHEET_FULL = Text(_REFUSED, "sheet-full", "本单已满，请先确认再继续", "This sheet is full: confirm it, then go on")
BOOKING = Text(_OK, "booking", "正在记账……", "Being recorded ...", Sound.NONE)
WAIT = Text(_ASK, "wait", "正在记账，请等“已记账”", "Being recorded: wait until it says so")
HELD = Text(_OK, "held", "正在记账，已记下，随后计入", "Being recorded: this is kept, and taken after it")
HELD_FULL = Text(
    _REFUSED, "held-full", "正在记账，未计入，请等“已记账”后再扫", "Being recorded: NOT taken; scan it again after it"
)
HELD_DROPPED = Text(
    _REFUSED,
    "held-dropped",
    "其后扫的 {count} 个未计入，请从这里接着扫",
    "The {count} scans after it were not taken: go on from here",
)
RECORDED = Text(
    _OK, "recorded", "已记账（{action.zh}，{lines} 行）", "Recorded ({action.en}, {lines} lines)", Sound.RECORDED
)
NOT_RECORDED = Text(
    _REFUSED,
    "not-recorded",
    "未记账！{reason}。单据保留，请再扫确认",
    "NOT recorded! {reason}. The sheet is kept: confirm again",
)
NOT_RECORDED_NOR_HELD = Text(
    _REFUSED,
    "not-recorded",
    "未记账！{reason}。单据保留，请再扫确认；其后扫的 {count} 个未计入，记账后重扫",
    "NOT recorded! {reason}. The sheet is kept: confirm again. The {count} scans after it were not taken: scan them "
    "again once it is recorded",
)
NOTE_RECORDED = Text(_OK, "note-recorded", "已登记待查", "Noted for a person to look at", Sound.NONE)
NOTE_NOT_RECORDED = Text(
    _REFUSED, "note-not-recorded", "待查条码未能登记：{reason}", "The code could not be noted: {reason}"
)
UNDONE = Text(_OK, "undone", "已撤销上一步，剩 {steps} 步", "Last step taken back, {steps} left")
NOTHING_TO_UNDO = Text(_ASK, "nothing-to-undo", "没有可撤销的步骤", "Nothing to undo")
CANCELLED = Text(_OK, "cancelled", "已放弃，未记账", "Dropped; nothing was recorded")
NOTHING_TO_CANCEL = Text(_ASK, "nothing-to-cancel", "没有未确认的单据", "No open sheet to cancel")
