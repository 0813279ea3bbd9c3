"""What happened to goods: the events of the journal that the ledger books."""

from __future__ import annotations

import enum
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onebook_schemas.identifiers import (
    BinCode,
    DeviceId,
    DocumentNumber,
    ItemCode,
    LotNumber,
    MovementId,
    SerialNumber,
    ShortText,
)
from onebook_schemas.quantities import Quantity
from onebook_schemas.told_apart import require_word


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=require_word)


class MovementKind(enum.StrEnum):
    """Why goods changed their place or status (domain glossary 1.4)."""

    RECEIPT = "receipt"  # 入库: supplier -> bin
    ISSUE = "issue"  # 出库: bin -> consumed
    BIN_MOVE = "bin_move"  # 移库: bin -> bin
    TRANSFER_IN = "transfer_in"  # 调入: in transit -> bin
    TRANSFER_OUT = "transfer_out"  # 调出: bin -> in transit
    DONATION = "donation"  # 捐赠: donor -> bin
    LOAN = "loan"  # 借出: bin -> on loan
    RECOVERY = "recovery"  # 回收: consumed, or on loan (`from_status`) -> bin
    ROTATION_OUT = "rotation_out"  # 轮换出库: bin -> in rotation
    ROTATION_IN = "rotation_in"  # 轮换入库: in rotation -> bin
    DISPOSAL = "disposal"  # 报废: bin -> disposed
    STATUS_CHANGE = "status_change"  # 待检 -> 合格 ...: same bin, other status
    OPENING = "opening"  # 期初: opening account -> bin


class StockStatus(enum.StrEnum):
    AVAILABLE = "available"
    ALLOCATED = "allocated"
    FROZEN = "frozen"
    AWAITING_INSPECTION = "awaiting_inspection"
    IN_TRANSIT = "in_transit"
    ON_LOAN = "on_loan"
    EXPIRED = "expired"
    SCRAPPED = "scrapped"


class ReserveMode(enum.StrEnum):
    GOVERNMENT = "government_reserve"
    MEDICAL_INSTITUTION = "medical_institution_reserve"
    COMMERCIAL = "commercial_reserve"
    CIRCULATION = "circulation_reserve"
    SOCIAL = "social_reserve"
    JOINT = "joint_reserve"


class RotationMethod(enum.StrEnum):
    """How old stock makes room for new (domain glossary 1.4)."""

    SUPPLY_TURNOVER = "supply_turnover"  # 供应周转
    DISPATCH_USE = "dispatch_use"  # 调拨使用
    MARKET_SALE = "market_sale"  # 市场销售
    FACTORY_RETURN = "factory_return"  # 返厂轮换
    ENTRUSTED_ROTATION = "entrusted_rotation"  # 代储轮换


class CaptureSource(enum.StrEnum):
    """Which hand wrote the line: a device's, or a person's."""

    RFID = "rfid"
    BARCODE = "barcode"
    SCALE = "scale"
    MANUAL = "manual"
    IMPORT = "import"
    ADJUSTMENT = "adjustment"


class DocumentKind(enum.StrEnum):
    """The paper behind a movement, by the letters of its number (domain section 9)."""

    REQUEST = "SQ"
    DISPATCH_ORDER = "DB"
    TASK = "RW"
    RECEIPT_NOTE = "RK"
    ISSUE_NOTE = "CK"
    STOCKTAKE = "PD"
    ROTATION = "LH"
    REQUISITION = "ZY"
    DONATION = "JZ"
    # Notes that a work place makes for what has no letters in domain section 9.
    MOVE_NOTE = "YK"  # 移库单
    DISPOSAL_NOTE = "BF"  # 报废单
    LOAN_NOTE = "JY"  # 借用单
    RECOVERY_NOTE = "HS"  # 回收单
    INSPECTION_NOTE = "ZJ"  # 质检单: inspected, frozen, released


class Document(_Model):
    kind: DocumentKind
    number: DocumentNumber


class Lot(_Model):
    """A batch of one item. A line without one means the item's unknown lot, which is legal: relief goods often come so."""

    number: LotNumber
    produced_on: date | None = None
    expires_on: date | None = None


class Holding(_Model):
    """Whose goods they are and in which reserve: part of what an account is."""

    owner_org: ShortText = ""
    custodian_org: ShortText = ""
    reserve_mode: ReserveMode = ReserveMode.GOVERNMENT


class MovedLine(_Model):
    """One line: so much of one item and lot, from a bin to a bin. What lies outside the site has no bin."""

    item: ItemCode
    quantity: Quantity
    lot: Lot | None = None
    serials: tuple[SerialNumber, ...] = Field(default=(), max_length=5_000)
    from_bin: BinCode | None = None
    to_bin: BinCode | None = None
    from_status: StockStatus = StockStatus.AVAILABLE
    to_status: StockStatus = StockStatus.AVAILABLE
    holding: Holding = Holding()
    source: CaptureSource
    scanned: ShortText | None = Field(
        default=None, description="the code as it was read, for whoever must resolve a doubt"
    )

    @model_validator(mode="after")
    def _amount_is_above_zero(self) -> MovedLine:
        if self.quantity.amount <= 0:
            raise ValueError("the amount of a line is above zero; a correction is a reversal")
        if self.serials and len(set(self.serials)) != len(self.serials):
            raise ValueError("a serial number stands twice in one line")
        return self


_BINS_NEEDED: dict[MovementKind, tuple[bool, bool]] = {
    # kind: (needs from_bin, needs to_bin); what is not needed must not be there.
    MovementKind.RECEIPT: (False, True),
    MovementKind.DONATION: (False, True),
    MovementKind.OPENING: (False, True),
    MovementKind.TRANSFER_IN: (False, True),
    MovementKind.RECOVERY: (False, True),
    MovementKind.ROTATION_IN: (False, True),
    MovementKind.ISSUE: (True, False),
    MovementKind.LOAN: (True, False),
    MovementKind.ROTATION_OUT: (True, False),
    MovementKind.DISPOSAL: (True, False),
    MovementKind.TRANSFER_OUT: (True, False),
    MovementKind.BIN_MOVE: (True, True),
    MovementKind.STATUS_CHANGE: (True, True),
}


class GoodsMoved(_Model):
    """Goods were received, issued, moved ... A fact: it has happened, whatever the book says."""

    type: Literal["goods_moved"] = "goods_moved"
    movement_id: MovementId
    kind: MovementKind
    lines: tuple[MovedLine, ...] = Field(min_length=1, max_length=500)
    document: Document | None = None
    reason: ShortText | None = None
    actor: ShortText = Field(description="badge or name of the person; 'gate' for a fixed reader")
    device: DeviceId | None = None
    corrects: MovementId | None = Field(default=None, description="the reversed movement that this one replaces")
    second_actor: ShortText | None = Field(
        default=None, description="badge of the person who confirmed beside the actor"
    )
    rotation: RotationMethod | None = Field(default=None, description="of rotation_out and rotation_in, and only there")
    papers: Literal["follow"] | None = Field(
        default=None, description="follow: accepted before its papers came (先收后补); the goods may be used meanwhile"
    )

    @model_validator(mode="after")
    def _rotation_says_how(self) -> GoodsMoved:
        is_rotation = self.kind in (MovementKind.ROTATION_OUT, MovementKind.ROTATION_IN)
        if is_rotation != (self.rotation is not None):
            raise ValueError("a rotation names its method, and nothing else does")
        return self

    @model_validator(mode="after")
    def _bins_fit_the_kind(self) -> GoodsMoved:
        needs_from, needs_to = _BINS_NEEDED[self.kind]
        for line in self.lines:
            if (line.from_bin is not None) != needs_from or (line.to_bin is not None) != needs_to:
                raise ValueError(f"a line of {self.kind} names {_bins_in_words(needs_from, needs_to)}")
        return self


class MovementReversed(_Model):
    """A movement was booked by mistake. The original stays; the exact opposite is booked beside it."""

    type: Literal["movement_reversed"] = "movement_reversed"
    movement_id: MovementId
    reverses: MovementId
    reason: ShortText
    actor: ShortText
    device: DeviceId | None = None
    second_actor: ShortText | None = None


class StockCounted(_Model):
    """A person or a device counted what lies in a bin: an assertion that the book compares with itself as of then."""

    type: Literal["stock_counted"] = "stock_counted"
    movement_id: MovementId
    item: ItemCode
    bin: BinCode
    counted: Quantity
    lot: Lot | None = None
    serials: tuple[SerialNumber, ...] | None = Field(
        default=None, max_length=5_000, description="None: not counted by serial"
    )
    status: StockStatus = StockStatus.AVAILABLE
    holding: Holding = Holding()
    source: CaptureSource
    document: Document | None = None
    actor: ShortText
    device: DeviceId | None = None

    @model_validator(mode="after")
    def _amount_is_not_below_zero(self) -> StockCounted:
        if self.counted.amount < 0:
            raise ValueError("a count is zero or more")
        return self


class PapersFollowed(_Model):
    """The papers of goods that were accepted before them have come: no goods move, and nothing is missing any more."""

    type: Literal["papers_followed"] = "papers_followed"
    movement_id: MovementId
    accepted: MovementId = Field(description="the movement whose papers these are")
    document: Document = Field(description="the papers: purchase, gift, order")
    actor: ShortText
    device: DeviceId | None = None


StockEvent = Annotated[GoodsMoved | MovementReversed | StockCounted | PapersFollowed, Field(discriminator="type")]


def _bins_in_words(needs_from: bool, needs_to: bool) -> str:
    return {(True, True): "from_bin and to_bin", (True, False): "from_bin only", (False, True): "to_bin only"}[
        (needs_from, needs_to)
    ]
