"""The words on printed documents, in Chinese and English. Names of fields and forms are those that Chinese warehouses use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from onebook_edge.capture.command_words import Words
from onebook_schemas.stock_events import CaptureSource, DocumentKind, MovementKind, ReserveMode, RotationMethod

TITLES: Final[Mapping[MovementKind, Words]] = {
    MovementKind.RECEIPT: Words("入库单", "Receipt note"),
    MovementKind.DONATION: Words("捐赠入库单", "Donation receipt note"),
    MovementKind.TRANSFER_IN: Words("调拨入库单", "Transfer receipt note"),
    MovementKind.OPENING: Words("期初入库单", "Opening stock note"),
    MovementKind.RECOVERY: Words("退库单", "Return note"),
    MovementKind.ISSUE: Words("出库单", "Issue note"),
    MovementKind.TRANSFER_OUT: Words("调拨出库单", "Transfer issue note"),
    MovementKind.BIN_MOVE: Words("移库单", "Bin move note"),
    MovementKind.LOAN: Words("借用单", "Loan note"),
    MovementKind.ROTATION_OUT: Words("轮换单（出库）", "Rotation note (out)"),
    MovementKind.ROTATION_IN: Words("轮换单（入库）", "Rotation note (in)"),
    MovementKind.DISPOSAL: Words("报损单", "Disposal note"),
    MovementKind.STATUS_CHANGE: Words("状态变更单", "Status change note"),
}
COUNT_SHEET: Final = Words("盘点表", "Count sheet")
BLANK_COUNT: Final = Words("盘点表（空白，盲盘）", "Count sheet, blank (blind count)")
REVERSAL: Final = Words("冲销单", "Reversal note")

DOCUMENT_KINDS: Final[Mapping[DocumentKind, Words]] = {
    DocumentKind.REQUEST: Words("申请单", "request"),
    DocumentKind.DISPATCH_ORDER: Words("调拨令", "dispatch order"),
    DocumentKind.TASK: Words("任务", "task"),
    DocumentKind.RECEIPT_NOTE: Words("入库单", "receipt note"),
    DocumentKind.ISSUE_NOTE: Words("出库单", "issue note"),
    DocumentKind.STOCKTAKE: Words("盘点", "stocktake"),
    DocumentKind.ROTATION: Words("轮换", "rotation"),
    DocumentKind.REQUISITION: Words("征用", "requisition"),
    DocumentKind.DONATION: Words("捐赠", "donation"),
    DocumentKind.MOVE_NOTE: Words("移库单", "bin move note"),
    DocumentKind.DISPOSAL_NOTE: Words("报损单", "disposal note"),
    DocumentKind.LOAN_NOTE: Words("借用单", "loan note"),
    DocumentKind.RECOVERY_NOTE: Words("退库单", "return note"),
    DocumentKind.INSPECTION_NOTE: Words("质检单", "inspection note"),
}
RESERVE_MODES: Final[Mapping[ReserveMode, Words]] = {
    ReserveMode.GOVERNMENT: Words("政府储备", "government"),
    ReserveMode.MEDICAL_INSTITUTION: Words("医疗机构储备", "medical institution"),
    ReserveMode.COMMERCIAL: Words("商业储备", "commercial"),
    ReserveMode.CIRCULATION: Words("流通储备", "circulation"),
    ReserveMode.SOCIAL: Words("社会储备", "social"),
    ReserveMode.JOINT: Words("军地联储", "joint"),
}
ROTATIONS: Final[Mapping[RotationMethod, Words]] = {
    RotationMethod.SUPPLY_TURNOVER: Words("供应周转", "supply turnover"),
    RotationMethod.DISPATCH_USE: Words("调拨使用", "dispatch and use"),
    RotationMethod.MARKET_SALE: Words("市场销售", "market sale"),
    RotationMethod.FACTORY_RETURN: Words("返厂轮换", "back to the factory"),
    RotationMethod.ENTRUSTED_ROTATION: Words("代储轮换", "by the keeper entrusted"),
}
SOURCES: Final[Mapping[CaptureSource, Words]] = {
    CaptureSource.RFID: Words("射频", "RFID"),
    CaptureSource.BARCODE: Words("扫码", "scan"),
    CaptureSource.SCALE: Words("称重", "scale"),
    CaptureSource.MANUAL: Words("手工", "by hand"),
    CaptureSource.IMPORT: Words("导入", "import"),
    CaptureSource.ADJUSTMENT: Words("调整", "adjustment"),
}
KEEPER: Final = Words("保管员", "Keeper")
SECOND: Final = Words("复核人", "Second person")
_HEAD: Final = Words("库主任", "Warehouse head")
COUNT_SIGNATURES: Final = (Words("盘点人", "Counted by"), Words("监盘人", "Witness"), _HEAD)
_RECEIPT_SIGNATURES: Final = (Words("交货人", "Delivered by"), KEEPER, SECOND, _HEAD)
_ISSUE_SIGNATURES: Final = (KEEPER, SECOND, Words("领用人", "Received by"), _HEAD)
_INTO_STORE: Final = {
    MovementKind.RECEIPT,
    MovementKind.DONATION,
    MovementKind.TRANSFER_IN,
    MovementKind.RECOVERY,
    MovementKind.ROTATION_IN,
}
_OUT_OF_STORE: Final = {
    MovementKind.ISSUE,
    MovementKind.TRANSFER_OUT,
    MovementKind.LOAN,
    MovementKind.ROTATION_OUT,
}

# What is said beside the particulars.
SYNCHRONISED: Final = Words("已校时", "clock was right")
RECKONED: Final = Words("事后推算", "reckoned afterwards")
NOT_SYNCHRONISED: Final = Words("未校时，仅供参考", "clock was not set: for orientation only")
NOT_AT_THE_CENTRE: Final = Words("打印时尚未上传中心", "Not yet at the centre when printed")
ORIGINAL_NOT_KEPT: Final = Words(
    "原单已不在本机，明细请向中心查询", "This box keeps the original no more: ask the centre for its lines"
)
PAPERS_MISSING: Final = Words("先收后补，单据待补", "Accepted before its papers, which are to follow")
BOOK_NOT_KNOWN: Final = Words("账面数请向中心查询", "What the book had: ask the centre")
NO_NUMBER: Final = Words("无单号", "no number")


def signatures(kind: MovementKind) -> tuple[Words, ...]:
    """Who signs: whoever hands over, and whoever takes."""
    if kind in _INTO_STORE:
        return _RECEIPT_SIGNATURES
    return _ISSUE_SIGNATURES if kind in _OUT_OF_STORE else (KEEPER, SECOND, _HEAD)
