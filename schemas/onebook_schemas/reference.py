"""What a warehouse must know to work for weeks without the centre: catalogue, its own bins, people, open tasks, stock.

Retained documents: each is whole, versioned and replaceable, and an edge keeps the newest on its disk. A version is the Unix
time in ms at which the centre made it, and later than the one before. One that is large comes in parts of the same version,
each retained on a topic of its own (`topics.document`); `whole_of` puts them together.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from onebook_schemas.identifiers import (
    INT64_MAX,
    BinCode,
    DeviceId,
    Epoch,
    ItemCode,
    LotNumber,
    SerialNumber,
    ShortText,
    UnitCode,
)
from onebook_schemas.quantities import ExactDecimal, Quantity
from onebook_schemas.stock_events import Document, Holding, StockStatus

CATALOGUE, SITE, PEOPLE, TASKS, STOCK = "catalogue", "site", "people", "tasks", "stock"
"""Names of the documents: `topics.reference(CATALOGUE)`, and `topics.document(edge_id, ...)` for the others."""

PARTS_MAX = 1_000
SCRYPT_BYTES_MAX = 64 * 1024 * 1024
"""Memory that checking a PIN may take on a box."""

Gtin14 = Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")]
DivisionCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
BadgeCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,40}$")]
"""What stands on a badge behind OBP-."""
ZoneCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,30}$")]
_Degrees = Annotated[float, Field(ge=-300, le=300, allow_inf_nan=False, strict=True)]
_Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False, strict=True)]
_Days = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
"""People type these in, or their programs send them: yes is no number, and "off" is not yes."""


def _written_out(value: object) -> object:
    """A number is no date, though a library may take it for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII)):
        return value
    raise ValueError("write a date as 2030-06-30")


Day = Annotated[date, BeforeValidator(_written_out)]
_Count = Annotated[int, Field(ge=0, le=INT64_MAX)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReferenceDocument(_Model):
    """What all of them have. `ROWS` names the list that grows: what the parts of a large one share out among them."""

    NAME: ClassVar[str]
    ROWS: ClassVar[str]

    v: Literal[1] = 1
    version: _Count = Field(description="Unix ms at which the centre made it; a lower one is ignored")
    part: int = Field(default=1, ge=1, le=PARTS_MAX)
    parts: int = Field(default=1, ge=1, le=PARTS_MAX, description="all of one version make the document")

    @model_validator(mode="after")
    def _part_is_one_of_them(self) -> ReferenceDocument:
        if self.part > self.parts:
            raise ValueError(f"part {self.part} of {self.parts}")
        return self


DocumentT = TypeVar("DocumentT", bound=ReferenceDocument)


class Limits(_Model):
    """Climate that goods or a zone need; what is not named has no limit."""

    temperature_c_min: _Degrees | None = None
    temperature_c_max: _Degrees | None = None
    humidity_rh_min: _Percent | None = None
    humidity_rh_max: _Percent | None = None


# Catalogue ------------------------------------------------------------------------------------------------------------


class TradeUnit(_Model):
    """How an item is packed: `factor` of the item's own units in one of these."""

    code: UnitCode
    name_zh: ShortText
    factor: int = Field(ge=1, le=1_000_000)
    gtin: Gtin14 | None = None


class CatalogueItem(_Model):
    code: ItemCode
    name_zh: ShortText
    name_en: ShortText
    pinyin_initials: ShortText
    category: ShortText
    tracking: Literal["bulk", "lot", "serial"]
    units: tuple[TradeUnit, ...] = Field(min_length=1, max_length=20, description="the item's own unit first, factor 1")
    shelf_life_days: _Days | None = None
    inspection_days: _Days | None = None
    limits: Limits = Limits()
    reusable: bool = Field(
        default=False, description="comes back after use: cleaned and inspected before it is available"
    )
    piece_weight_g: Decimal | None = Field(default=None, gt=0, description="for counting pieces on a scale")


class CatalogueDocument(ReferenceDocument):
    """One copy for the province, on `reference/catalogue`."""

    NAME, ROWS = CATALOGUE, "items"

    items: tuple[CatalogueItem, ...] = Field(max_length=20_000)


# The site -------------------------------------------------------------------------------------------------------------


class Bin(_Model):
    code: BinCode
    name_zh: ShortText = ""
    zone: ZoneCode | None = None


class Zone(_Model):
    """A part of the warehouse with its own climate, and the probes of this edge that watch it."""

    code: ZoneCode
    name_zh: ShortText
    name_en: ShortText
    limits: Limits = Limits()
    probes: tuple[DeviceId, ...] = Field(default=(), max_length=100)


class ReasonUse(enum.StrEnum):
    NO_ORDER = "no_order"  # Issue above the limit without an order.
    NOT_FEFO = "not_fefo"  # Another lot than the one that expires first.
    DISPOSAL = "disposal"
    CORRECTION = "correction"
    STATUS = "status"  # Inspection failed, frozen ...


class Reason(_Model):
    """A reason that a person may give, as a printed code or from a list; `uses` says for what."""

    code: ReasonCode
    zh: ShortText
    en: ShortText
    uses: tuple[ReasonUse, ...] = Field(min_length=1, max_length=20)


def _as_text(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError('an exact figure is text, such as "2.5"')
    return value


_Figure = Annotated[ExactDecimal, BeforeValidator(_as_text)]


class SiteRules(_Model):
    """Limits on what one person may do. Amounts are in an item's own units."""

    issue_without_order_max: _Figure = Field(default=Decimal(20), ge=0, description="above it: an order, or a reason")
    second_person_from: _Figure = Field(default=Decimal(500), gt=0, description="from it on a second person confirms")
    count_difference_review_pct: _Figure = Field(default=Decimal(2), ge=0, le=100, description="above it: count again")
    near_expiry_days: tuple[_Days, ...] = Field(default=(30, 90, 180), max_length=5)
    inspect_receipts: Switch = Field(default=False, description="what is received waits for its inspection (待检)")


class SiteDocument(ReferenceDocument):
    """What this warehouse is: its name, its bins and zones, the rules and reasons that hold in it."""

    NAME, ROWS = SITE, "bins"

    site_id: ShortText
    name_zh: ShortText
    name_en: ShortText
    division_code: DivisionCode
    maker_number: int = Field(
        ge=0, le=99, strict=True, description="keeps document numbers of one division apart while offline"
    )
    bins: tuple[Bin, ...] = Field(default=(), max_length=50_000)
    zones: tuple[Zone, ...] = Field(default=(), max_length=200)
    rules: SiteRules = SiteRules()
    reasons: tuple[Reason, ...] = Field(default=(), max_length=100)
    holdings: tuple[Holding, ...] = Field(
        default=(), max_length=100, description="whose goods lie here; the usual one first"
    )


# People ---------------------------------------------------------------------------------------------------------------


class PinHash(_Model):
    """scrypt (RFC 7914) of a PIN with its salt; the PIN itself is nowhere."""

    salt: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    log2_n: int = Field(ge=10, le=18)
    r: int = Field(ge=1, le=16)
    p: int = Field(ge=1, le=4)
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    @model_validator(mode="after")
    def _a_box_can_check_it(self) -> PinHash:
        if self.memory_bytes > SCRYPT_BYTES_MAX:
            raise ValueError(f"needs {self.memory_bytes} bytes of memory; at most {SCRYPT_BYTES_MAX}")
        return self

    @property
    def memory_bytes(self) -> int:
        """What scrypt takes: 128 N r, and 128 r p (RFC 7914, section 6)."""
        return 128 * self.r * ((1 << self.log2_n) + self.p)


class PersonOnSite(_Model):
    badge: BadgeCode
    name: ShortText
    role: Literal["keeper", "warehouse_head", "inspector"]
    pin: PinHash | None = None
    may_authorise: Switch = Field(
        default=False, description="may be the second person, and give a reason above the limits"
    )
    until: Day | None = Field(default=None, description="last day on which the person may work here")


class PeopleDocument(ReferenceDocument):
    NAME, ROWS = PEOPLE, "people"

    people: tuple[PersonOnSite, ...] = Field(default=(), max_length=2_000)


# Tasks ----------------------------------------------------------------------------------------------------------------


class TaskAction(enum.StrEnum):
    """What a task asks for, by the command that begins its sheet."""

    RECEIVE = "RECEIVE"
    ISSUE = "ISSUE"
    MOVE = "MOVE"
    COUNT = "COUNT"
    ROTATE = "ROTATE"
    DISPOSE = "DISPOSE"


class TaskLine(_Model):
    item: ItemCode
    quantity: Quantity = Field(description="ordered")
    done: Quantity | None = Field(default=None, description="booked so far, as the centre knows")
    lot: LotNumber | None = None
    bin: BinCode | None = Field(default=None, description="where to take it from, put it, or count")


class Task(_Model):
    """An order, a purchase, a stocktake that this warehouse is to carry out. Done when its document is booked."""

    document: Document
    action: TaskAction
    title_zh: ShortText
    title_en: ShortText
    counterpart: ShortText = Field(default="", description="who delivers, or who receives")
    due_on: Day | None = None
    is_urgent: Switch = False
    note: ShortText = ""
    lines: tuple[TaskLine, ...] = Field(default=(), max_length=2_000)


class TasksDocument(ReferenceDocument):
    NAME, ROWS = TASKS, "tasks"

    tasks: tuple[Task, ...] = Field(default=(), max_length=2_000)


# Stock ----------------------------------------------------------------------------------------------------------------


class StockLine(_Model):
    """What the book has in one bin, of one item and lot, in one status."""

    bin: BinCode
    item: ItemCode
    quantity: Quantity
    lot: LotNumber | None = None
    produced_on: date | None = None
    expires_on: date | None = None
    status: StockStatus = StockStatus.AVAILABLE
    holding: Holding = Holding()
    serials: tuple[SerialNumber, ...] = Field(default=(), max_length=5_000)


class TakenThrough(_Model):
    """Journal events of this edge that are in the figures."""

    epoch: Epoch
    sequence: _Count


class StockDocument(ReferenceDocument):
    """The book of this site as the centre had it. What the edge recorded behind `taken` comes on top."""

    NAME, ROWS = STOCK, "lines"

    site_id: ShortText
    taken: tuple[TakenThrough, ...] = Field(default=(), max_length=1_000)
    lines: tuple[StockLine, ...] = Field(default=(), max_length=50_000)


DOCUMENTS: Final[dict[str, type[ReferenceDocument]]] = {
    kind.NAME: kind for kind in (CatalogueDocument, SiteDocument, PeopleDocument, TasksDocument, StockDocument)
}


def parts_of(document: DocumentT, rows_max: int) -> list[DocumentT]:
    """A whole document in parts with at most so many rows each; whatever else it says is in every part."""
    rows = getattr(document, document.ROWS)
    starts = range(0, max(len(rows), 1), rows_max)
    return [
        document.model_copy(update={document.ROWS: rows[start : start + rows_max], "part": part, "parts": len(starts)})
        for part, start in enumerate(starts, 1)
    ]


def whole_of(parts: Sequence[DocumentT]) -> DocumentT:
    """The document that these parts, in order, are all of. The rows of a whole one may be more than those of a part."""
    first = parts[0]
    rows = tuple(row for part in parts for row in getattr(part, first.ROWS))
    return first.model_copy(update={first.ROWS: rows, "part": 1, "parts": 1})
