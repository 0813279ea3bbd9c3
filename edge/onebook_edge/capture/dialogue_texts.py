"""What a work place says to the person, Chinese first. Every text stands here and nowhere else.

A warehouse without a screen hears the sound; one with a screen sees the text. Only `RECORDED` means that it is in the book.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from onebook_edge.capture.command_words import ACTIONS as ACTIONS
from onebook_edge.capture.command_words import COMMANDS as COMMANDS
from onebook_edge.capture.command_words import STATUSES as STATUSES
from onebook_edge.capture.command_words import USES as USES
from onebook_edge.capture.command_words import Words as Words


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


NO_SHEET: Final = Words("请选择作业", "Choose what to do")

REVERSAL_REASON: Final = "扫码冲销 / reversed by scan"
CORRECTION_REASON: Final = "扫码更正 / corrected by scan"

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

BADGE_UNKNOWN = Text(
    _REFUSED,
    "badge-unknown",
    "工牌 {badge} 不在本库人员名单或已过期，请找库主任",
    "Badge {badge} may not work here, or not any more: ask the head of the warehouse",
)
NEED_SECOND = Text(
    _ASK,
    "need-second",
    "{amount} 超过单人限额，请第二人扫工牌，再扫确认",
    "{amount} is more than one person may confirm: let a second person scan a badge, then confirm",
)
SECOND_NAMED = Text(_OK, "second-named", "第二人 {actor}，请扫确认", "Second person {actor}: now confirm")
SECOND_MUST_DIFFER = Text(_REFUSED, "second-must-differ", "须由另一人确认", "It must be another person")
SECOND_NOT_AUTHORISED = Text(
    _REFUSED,
    "second-not-authorised",
    "{actor} 无授权资格，请另找人",
    "{actor} may not authorise this: ask somebody who may",
)

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

NOT_HERE = Text(_REFUSED, "not-here", "{action.zh}不用这个码", "This code has no meaning for this {action.en}")
NEED_MOVEMENT = Text(
    _ASK,
    "need-movement",
    "请扫要处理的单据（单号码），或从列表选择",
    "Scan the document of the movement that is meant, or choose it from the list",
)
MOVEMENT_UNKNOWN = Text(
    _REFUSED, "movement-unknown", "本机近期没有这笔记录", "This box booked nothing like that lately"
)
MOVEMENT_OF_OTHERS = Text(
    _REFUSED,
    "movement-of-others",
    "这是 {actor} 以前的记录，只能由本人或库主任处理",
    "That was booked by {actor} on another day: only that person corrects it",
)
MOVEMENT_NAMED = Text(_OK, "movement-named", "已选定 {number}，请扫确认", "{number} it is: now confirm")
CORRECTION_BEGUN = Text(
    _OK,
    "correction-begun",
    "更正{action.zh} {number}：已带出 {lines} 行，请改正后扫更正原因和确认",
    "Correcting the {action.en} {number}: its {lines} lines are here, put them right, give a reason, confirm",
)
NOT_CORRECTED = Text(
    _REFUSED, "not-corrected", "这类记录不更正，请再做一次质检或解冻", "This is not corrected: change the status again"
)
NO_GOODS_HERE = Text(_ASK, "no-goods-here", "{action.zh}请先扫单据", "For {action.en} scan the document first")
NO_PAPERS_MISSING = Text(_REFUSED, "no-papers-missing", "这笔不缺单据", "No papers are missing there")
NEED_PAPERS = Text(_ASK, "need-papers", "请扫补来的单据号", "Scan the number of the papers that came")
REASON_GIVEN = Text(_OK, "reason-given", "原因：{reason.zh}", "Reason: {reason.en}")
REASON_UNKNOWN = Text(_REFUSED, "reason-unknown", "不认识的原因码 {code}", "Unknown reason {code}")
NEED_REASON = Text(_ASK, "need-reason", "{use.zh}，请扫原因码", "Scan a reason for {use.en}")
NEED_ORDER = Text(
    _ASK, "need-order", "无单超过 {limit}，请扫调拨令等单据", "Above {limit} scan the order, or another paper for it"
)
NEED_METHOD = Text(
    _ASK,
    "need-method",
    "请扫轮换方式（周转、调用、销售、返厂、代储）",
    "Scan how it is rotated (turnover, use, sale, factory, keeper)",
)
NEED_RESULT = Text(_ASK, "need-result", "请扫合格或不合格", "Scan PASS or FAIL")
MARKED = Text(_OK, "marked", "{word.zh}", "{word.en}")

# Document and bins ----------------------------------------------------------------------------------------------------
DOCUMENT_NAMED = Text(_OK, "document-named", "单据 {number}", "Document {number}")
DOCUMENT_UNKNOWN = Text(
    _REFUSED, "document-unknown", "不认识的单号 {number}", "Unknown document {number}: it begins with no known kind"
)
TASK_TAKEN = Text(
    _OK, "task-taken", "{title.zh}：{action.zh}，{lines} 行待办", "{title.en}: {action.en}, {lines} lines to do"
)
TASK_OF_ANOTHER_KIND = Text(
    _WARN,
    "task-of-another-kind",
    "单据 {number} 是{action.zh}任务，请核对",
    "Document {number} asks for a {action.en}: check it",
)
BIN_UNKNOWN = Text(_REFUSED, "bin-unknown", "本库没有货位 {bin}", "There is no bin {bin} in this warehouse")
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
GOODS_OF_TASK = Text(
    _OK,
    "goods-of-task",
    "{item.zh}：{amount}/{wanted} {unit.zh}",
    "{item.en}: {amount} of {wanted} {unit.en}",
)
GOODS_OVER = Text(
    _WARN,
    "goods-over",
    "{item.zh}：{amount} {unit.zh}，超过应有 {wanted}",
    "{item.en}: {amount} {unit.en}, more than the {wanted} asked for",
)
GOODS_NOT_ASKED_FOR = Text(
    _WARN,
    "goods-not-asked-for",
    "{item.zh}：{amount} {unit.zh}，不在单内，请核对",
    "{item.en}: {amount} {unit.en}; the document does not name it, check",
)
GOODS_TO_INSPECT = Text(
    _OK,
    "goods-to-inspect",
    "{item.zh}：{amount} {unit.zh}，入待检",
    "{item.en}: {amount} {unit.en}, to be inspected",
)
NOT_REUSABLE = Text(
    _WARN,
    "not-reusable",
    "{item.zh}：{amount} {unit.zh}；目录中不是可回收物资，请核对",
    "{item.en}: {amount} {unit.en}; the catalogue has it as used up, check",
)
NOT_USABLE = Text(
    _REFUSED, "not-usable", "{item.zh} 为{status.zh}，不能出库", "{item.en} is {status.en}: not to be issued"
)
NOT_FIRST = Text(
    _WARN,
    "not-first",
    "{item.zh}：货位 {bin} 的批号 {lot} 先到期（{expires_on}），请改取；不改须扫原因",
    "{item.en}: lot {lot} in bin {bin} expires first ({expires_on}): take that, or scan a reason",
)
ITEM_UNKNOWN = Text(_REFUSED, "item-unknown", "目录中没有 {code}", "{code} is not in the catalogue")
LOT_NAMED = Text(_OK, "lot-named", "{item.zh}：批号 {lot}", "{item.en}: lot {lot}")
LOT_BAD = Text(_REFUSED, "lot-bad", "批号码 {value} 不合规", "{value} is no lot label")
LINE_DROPPED = Text(_OK, "line-dropped", "已删除末行，剩 {lines} 行", "Last line dropped, {lines} left")
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
TAGS_OF_BIN = Text(
    _OK,
    "tags",
    "RFID：新增 {added} 件，都在货位 {bin}；重复 {repeated}，其他标签 {others}",
    "RFID: {added} added, all of bin {bin}; {repeated} already there, {others} other tags",
)
TAGS_UNKNOWN = Text(
    _WARN,
    "tags-unknown",
    "RFID：新增 {added} 件，重复 {repeated}，其他标签 {others}，未知物资 {unknown} 件转人工处理",
    "RFID: {added} added, {repeated} already there, {others} other tags, {unknown} of unknown goods: a person will look",
)

TAGS_UNEXPECTED = Text(
    _ASK,
    "tags-unexpected",
    "RFID：新增 {added} 件；另有 {unexpected} 件不在应有之列，请扫收下或不收",
    "RFID: {added} added; {unexpected} more were not expected: scan ACCEPT or LEAVE",
)
UNEXPECTED_OPEN = Text(
    _ASK,
    "unexpected-open",
    "有 {count} 行不在应有之列，请扫收下或不收",
    "{count} lines were not expected: scan ACCEPT or LEAVE",
)
UNEXPECTED_ACCEPTED = Text(_OK, "unexpected-accepted", "已收下 {count} 行", "{count} lines accepted")
UNEXPECTED_LEFT = Text(_OK, "unexpected-left", "未收 {count} 行", "{count} lines left")
NOTHING_UNEXPECTED = Text(_ASK, "nothing-unexpected", "没有待定的标签", "No tags wait for a decision")
NOTED = Text(_OK, "noted", "已附上说明", "Your note goes with it", Sound.NONE)
NOTHING_TO_NOTE = Text(_ASK, "nothing-to-note", "没有待处理的未知条码", "There is no unknown code to say something of")

# Counts --------------------------------------------------------------------------------------------------------------
NOT_COUNTED = Text(
    _ASK,
    "not-counted",
    "还有 {count} 行未盘：没有的扫“没有”，没盘的扫“未盘完”",
    "{count} lines are not counted: scan ABSENT if they are not there, PARTIAL if you did not count them",
)
NOT_COUNTED_AGAIN = Text(
    _ASK,
    "not-counted",
    "还有 {count} 行要复盘：请再盘一遍，没有的扫“没有”",
    "{count} lines are to be counted again; scan ABSENT for what is not there",
)
COUNTED_ABSENT = Text(_WARN, "counted-absent", "{count} 行记为 0，请核对", "{count} lines are counted as 0: check")
NOTHING_ABSENT = Text(_ASK, "nothing-absent", "没有未盘的行", "Everything is counted")
ALL_TO_BE_COUNTED = Text(_REFUSED, "all-to-be-counted", "复盘的行都要盘", "All that is recounted must be counted")
COUNT_AGAIN = Text(
    _ASK,
    "count-again",
    "{count} 行差异较大，请复盘这几行再确认",
    "{count} lines differ too much: count those again, then confirm",
)
RECOUNT_ONLY = Text(_REFUSED, "recount-only", "正在复盘，{item.zh} 不在复盘之列", "{item.en} is not to be recounted")
REPACK_DIFFERS = Text(
    _ASK,
    "repack-differs",
    "{item.zh}：包装内 {packed}，单件 {single}，对不上",
    "{item.en}: {packed} packed and {single} single: they do not agree",
)
REPACKED = Text(
    _OK,
    "repacked",
    "核对一致，账面不变，请换标签",
    "It agrees; the book stays as it is: change the labels",
    Sound.RECORDED,
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
READY_AS_IT_IS = Text(_OK, "ready", "核对无误请扫确认", "Check and confirm")

TARE_TAKEN = Text(_OK, "tare-taken", "皮重 {value} {unit}", "Tare {value} {unit}")
NET_TAKEN = Text(
    _OK,
    "net-taken",
    "{item.zh}：毛重 {gross} − 皮重 {tare} = 净重 {value} {unit}",
    "{item.en}: {gross} - {tare} = {value} {unit} net",
)
TARE_TOO_LARGE = Text(
    _REFUSED, "tare-too-large", "皮重大于毛重，请重新取皮重", "The tare is more than the gross weight: take it again"
)
PIECES_TAKEN = Text(
    _OK,
    "pieces-taken",
    "{item.zh}：{count} {unit.zh}（每件 {each} g，余 {rest} g）",
    "{item.en}: {count} {unit.en} ({each} g each, {rest} g over)",
)
PIECES_UNCLEAR = Text(
    _REFUSED,
    "pieces-unclear",
    "{item.zh}：约 {count} 件，余 {rest} g，离整数太远，请清点",
    "{item.en}: about {count}, {rest} g over: too far from a whole number, count by hand",
)
NO_PIECE_WEIGHT = Text(
    _REFUSED, "no-piece-weight", "{item.zh} 没有单件重量", "The weight of one {item.en} is not known"
)

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
RECORDED_AS = Text(
    _OK,
    "recorded",
    "已记账 {number}（{action.zh}，{lines} 行）",
    "Recorded as {number} ({action.en}, {lines} lines)",
    Sound.RECORDED,
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
