"""What is printed beside the code of a command, on its button, and said of the sheets that it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from onebook_schemas.labels import Command
from onebook_schemas.reference import ReasonUse
from onebook_schemas.stock_events import StockStatus


@dataclass(frozen=True, slots=True)
class Words:
    zh: str
    en: str


ACTIONS: Final[Mapping[Command, Words]] = {
    Command.RECEIVE: Words("入库", "receipt"),
    Command.ISSUE: Words("出库", "issue"),
    Command.MOVE: Words("移库", "move"),
    Command.COUNT: Words("盘点", "count"),
    Command.BLIND: Words("盲盘", "blind count"),
    Command.DONATE: Words("捐赠接收", "donation"),
    Command.LOAN: Words("借出", "loan"),
    Command.RECOVER: Words("回收", "recovery"),
    Command.INSPECT: Words("质检", "inspection"),
    Command.FREEZE: Words("冻结", "freeze"),
    Command.RELEASE: Words("解冻", "release"),
    Command.ROTATE: Words("轮换出库", "rotation out"),
    Command.REFILL: Words("轮换入库", "rotation in"),
    Command.DISPOSE: Words("报废", "disposal"),
    Command.REPACK: Words("拆合包", "repack"),
    Command.CORRECT: Words("更正", "correction"),
    Command.PAPERS: Words("补单", "papers"),
    Command.REVERSE: Words("冲销", "reversal"),
}
"""The sheets that a command begins."""

ON_THE_SHEET: Final[Mapping[Command, Words]] = {
    Command.WEIGH: Words("取重", "take the weight"),
    Command.TARE: Words("取皮重", "take the tare"),
    Command.PIECES: Words("称重点数", "count by weight"),
    Command.DROP: Words("删末行", "drop the last line"),
    Command.ACCEPT: Words("收下", "accept"),
    Command.LEAVE: Words("不收", "leave"),
    Command.LATER: Words("单据后补", "papers follow"),
    Command.PASS: Words("合格", "passed"),
    Command.FAIL: Words("不合格", "failed"),
    Command.ABSENT: Words("没有", "not there"),
    Command.PARTIAL: Words("未盘完", "not all counted"),
    Command.TURNOVER: Words("供应周转", "supply turnover"),
    Command.DISPATCH: Words("调拨使用", "dispatch and use"),
    Command.SALE: Words("市场销售", "market sale"),
    Command.FACTORY: Words("返厂轮换", "back to the factory"),
    Command.ENTRUST: Words("代储轮换", "by the keeper entrusted"),
}
"""What goes on a sheet that is open."""

AT_THE_END: Final[Mapping[Command, Words]] = {
    Command.CONFIRM: Words("确认", "confirm"),
    Command.UNDO: Words("撤销", "undo"),
    Command.CANCEL: Words("放弃", "cancel"),
}

COMMANDS: Final[Mapping[Command, Words]] = {**ACTIONS, **ON_THE_SHEET, **AT_THE_END}

STATUSES: Final[Mapping[StockStatus, Words]] = {
    StockStatus.AVAILABLE: Words("可用", "available"),
    StockStatus.ALLOCATED: Words("占用", "allocated"),
    StockStatus.FROZEN: Words("冻结", "frozen"),
    StockStatus.AWAITING_INSPECTION: Words("待检", "awaiting inspection"),
    StockStatus.IN_TRANSIT: Words("在途", "in transit"),
    StockStatus.ON_LOAN: Words("借用待回收", "on loan"),
    StockStatus.EXPIRED: Words("过期", "expired"),
    StockStatus.SCRAPPED: Words("报废", "scrapped"),
}

USES: Final[Mapping[ReasonUse, Words]] = {
    ReasonUse.NO_ORDER: Words("无单超量出库", "an issue above the limit without an order"),
    ReasonUse.NOT_FEFO: Words("未按先到期先出", "not taking what expires first"),
    ReasonUse.DISPOSAL: Words("报废", "the disposal"),
    ReasonUse.CORRECTION: Words("更正", "the correction"),
    ReasonUse.STATUS: Words("状态变更", "the change of status"),
}
