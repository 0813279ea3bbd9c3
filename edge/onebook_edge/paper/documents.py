"""Journal facts as printed documents, from 入库单 (receipt note) to 冲销单 (reversal note). Plain data; a template draws it.

A document says what was recorded and nothing else: names come from the catalogue as it is now, amounts and times from the facts.
Amounts of different units are never added up. What the box does not know (a counterpart, what the book had) stays empty.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, TypeAlias

from onebook_edge.capture.catalogue import Catalogue, Item
from onebook_edge.capture.command_words import STATUSES, Words
from onebook_edge.capture.unit_words import unit_words
from onebook_edge.paper import document_words as words
from onebook_edge.paper.code128 import code128
from onebook_edge.paper.labels import Field, packing
from onebook_edge.paper.symbols import Picture, bar_picture, qr_picture
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.labels import LabelKind, label_text
from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import (
    GoodsMoved,
    Holding,
    Lot,
    MovedLine,
    MovementKind,
    MovementReversed,
    StockCounted,
    StockStatus,
)

CHINA: Final = timezone(timedelta(hours=8))
_CODE_ROOM_MM, _CODE_BARS_MM, _QR_ROOM_MM = Decimal(95), Decimal(9), Decimal(20)

CountKey: TypeAlias = tuple[str, str, str | None]
"""Bin, item, lot number."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the box knows beside the journal."""

    catalogue: Catalogue
    site: Words
    names: Mapping[str, str] = field(default_factory=dict)  # Badge -> name.
    boot_anchors: Mapping[str, int] = field(default_factory=dict)
    delivered_through: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """Another document, by its number and movement."""

    number: str | None
    movement_id: str

    def __str__(self) -> str:
        return self.number or f"{words.NO_NUMBER.zh} {self.movement_id[:8]}"


@dataclass(frozen=True, slots=True)
class Links:
    """How a document hangs together with others."""

    reversed_by: Reference | None = None
    reverses: Reference | None = None
    corrects: Reference | None = None
    corrected_by: Reference | None = None
    papers: Reference | None = None  # That came after the goods.


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One row. `amount` is in the item's own unit, `packs` says the same in cartons."""

    code: str
    name: Words
    spec: str
    unit: Words
    lot: Lot | None
    bin: str
    amount: str
    packs: str = ""
    source: Words | None = None
    remark: Words | None = None
    serials: tuple[str, ...] = ()
    book: str = ""  # Of a count: what the book had, and how far the count is from it.
    difference: str = ""


class Layout(enum.StrEnum):
    """Which columns the lines have: a blind count shows nothing of what the book has."""

    MOVEMENT = "movement"
    COUNT = "count"
    BLANK_COUNT = "blank_count"


@dataclass(frozen=True, slots=True)
class PrintedDocument:
    """All that stands on the paper."""

    title: Words
    number: str  # Or how a movement without number is told from others.
    code: Picture | None
    qr: Picture | None  # Names the movement: what is to be corrected, reversed, or whose papers have come.
    site: Words
    particulars: tuple[Field, ...]
    marks: tuple[Words, ...]
    lines: tuple[DocumentLine, ...]
    totals: tuple[tuple[str, Words], ...]
    signatures: tuple[Words, ...]
    layout: Layout = Layout.MOVEMENT


def movement_document(
    event: JournalEvent, known: Known, links: Links | None = None, *, counterpart: str = ""
) -> PrintedDocument:
    """The document of one movement."""
    moved, links = event.fact, links or Links()
    assert isinstance(moved, GoodsMoved), "a movement"
    document = _document(
        words.TITLES[moved.kind],
        Reference(_of(moved), moved.movement_id),
        [event],
        known,
        _particulars(event, moved, known, counterpart),
        tuple(_moved_line(line, known.catalogue) for line in moved.lines),
    )
    return replace(
        document,
        qr=qr_picture(label_text(LabelKind.MOVEMENT, moved.movement_id), room_mm=_QR_ROOM_MM),
        marks=(*document.marks, *_link_marks(links), *_papers_missing(moved, links)),
        totals=totals(known.catalogue, [(line.item, line.quantity) for line in moved.lines]),
        signatures=words.signatures(moved.kind),
    )


def reversal_document(
    event: JournalEvent, original: JournalEvent | None, known: Known, links: Links | None = None
) -> PrintedDocument:
    """The document of a reversal: the lines of the original with the opposite sign, as the book has them."""
    fact = event.fact
    assert isinstance(fact, MovementReversed), "a reversal"
    moved = original.fact if original and isinstance(original.fact, GoodsMoved) else None
    reason = Field(Words("事由", "Reason"), fact.reason)
    keeper = Field(words.KEEPER, _person(fact.actor, known))
    particulars = (_time(event, known), reason, keeper, *_second(fact.second_actor, known))
    lines = tuple(_moved_line(line, known.catalogue, sign="-") for line in moved.lines) if moved else ()
    document = _document(words.REVERSAL, Reference(None, fact.movement_id), [event], known, particulars, lines)
    links = links or Links(reverses=Reference(_of(moved), fact.reverses))
    return replace(
        document,
        marks=(*document.marks, *_link_marks(links), *(() if moved else (words.ORIGINAL_NOT_KEPT,))),
        totals=totals(known.catalogue, [(line.item, line.quantity) for line in moved.lines], "-") if moved else (),
        signatures=words.signatures(MovementKind.BIN_MOVE),
    )


def count_document(
    events: Sequence[JournalEvent], known: Known, book: Mapping[CountKey, Decimal] | None = None
) -> PrintedDocument:
    """The filled-in count sheet: all counts of one stocktake, or of one confirmation. `book`: what it had before, if known."""
    counts = [event.fact for event in events if isinstance(event.fact, StockCounted)]
    first = counts[0]
    particulars = (
        _time(events[-1], known),
        *_holdings([count.holding for count in counts]),
        Field(Words("盘点人", "Counted by"), _together(_person(count.actor, known) for count in counts)),
    )
    lines = tuple(_counted_line(count, known.catalogue, book or {}) for count in counts)
    reference = Reference(_of(first), first.movement_id)
    document = _document(words.COUNT_SHEET, reference, events, known, particulars, lines)
    marks = document.marks if book is not None else (*document.marks, words.BOOK_NOT_KNOWN)
    counted = [(count.item, count.counted) for count in counts]
    return replace(
        document,
        marks=marks,
        totals=totals(known.catalogue, counted),
        signatures=words.COUNT_SIGNATURES,
        layout=Layout.COUNT,
    )


def blank_count(number: str, places: Iterable[CountKey], known: Known, *, on: date, spare: int = 8) -> PrintedDocument:
    """A count sheet to be filled in by hand: where to look and for what, but never how much the book has."""
    lines = []
    for bin_code, item_code, lot in places:
        item = known.catalogue.by_code(item_code)
        number_of_lot = Lot(number=lot) if lot else None
        lines.append(_line(item_code, item, item.base_unit if item else "", number_of_lot, bin_code, amount=""))
    nothing = Words("", "")
    lines += [DocumentLine("", nothing, "", nothing, None, "", "")] * spare
    particulars = (Field(Words("盘点日期", "Date"), on.isoformat()), Field(Words("盘点人", "Counted by"), ""))
    document = _document(words.BLANK_COUNT, Reference(number, ""), [], known, particulars, tuple(lines))
    return replace(document, signatures=words.COUNT_SIGNATURES, layout=Layout.BLANK_COUNT)


def totals(
    catalogue: Catalogue, amounts: Iterable[tuple[str, Quantity]], sign: str = ""
) -> tuple[tuple[str, Words], ...]:
    """The sum in each unit as it is called: tents and beds are both EA, and are not added up."""
    sums: dict[Words, Decimal] = {}
    for item_code, quantity in amounts:
        unit = unit_words(catalogue.by_code(item_code), quantity.unit)
        sums[unit] = sums.get(unit, Decimal(0)) + quantity.amount
    return tuple((sign + _plain(amount), unit) for unit, amount in sums.items())


def key_of(count: StockCounted) -> CountKey:
    return count.bin, count.item, count.lot.number if count.lot else None


def when(event: JournalEvent, boot_anchors: Mapping[str, int]) -> tuple[str, Words]:
    """The moment in China's time, and how far it is to be believed."""
    anchor = boot_anchors.get(event.boot_id)
    if event.clock_synchronised:
        wall_ms, quality = event.wall_ms, words.SYNCHRONISED
    elif anchor is not None:
        wall_ms, quality = anchor + event.monotonic_ms, words.RECKONED
    else:
        wall_ms, quality = event.wall_ms, words.NOT_SYNCHRONISED
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=wall_ms)
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"), quality


# The head ------------------------------------------------------------------------------------------------------------


def _document(
    title: Words,
    reference: Reference,
    events: Sequence[JournalEvent],
    known: Known,
    particulars: tuple[Field, ...],
    lines: tuple[DocumentLine, ...],
) -> PrintedDocument:
    waits = any(event.sequence > known.delivered_through for event in events)
    code = _code(reference.number)
    marks = (words.NOT_AT_THE_CENTRE,) if waits else ()
    return PrintedDocument(
        title, str(reference), code, None, known.site, particulars, marks, lines, totals=(), signatures=()
    )


def _code(number: str | None) -> Picture | None:
    """As a label of ours; a number that such a label cannot carry stands in letters only."""
    try:
        text = label_text(LabelKind.DOCUMENT, number or "")
    except ValueError:
        return None
    return bar_picture(code128(text), room_mm=_CODE_ROOM_MM, height_mm=_CODE_BARS_MM)


def _particulars(event: JournalEvent, moved: GoodsMoved, known: Known, counterpart: str) -> tuple[Field, ...]:
    kind = words.DOCUMENT_KINDS[moved.document.kind] if moved.document else words.NO_NUMBER
    return (
        _time(event, known),
        Field(Words("单据种类", "Document"), kind.zh),
        Field(Words("往来单位", "Counterpart"), counterpart),
        *_holdings([line.holding for line in moved.lines]),
        Field(words.KEEPER, _person(moved.actor, known)),
        *_second(moved.second_actor, known),
        *((Field(Words("轮换方式", "Rotation"), words.ROTATIONS[moved.rotation].zh),) if moved.rotation else ()),
        *((Field(Words("事由", "Reason"), moved.reason),) if moved.reason else ()),
    )


def _time(event: JournalEvent, known: Known) -> Field:
    moment, quality = when(event, known.boot_anchors)
    return Field(Words("日期时间", "Date and time"), f"{moment}（{quality.zh}）")


def _holdings(holdings: Sequence[Holding]) -> tuple[Field, ...]:
    owners = _together(one.owner_org for one in holdings)
    keepers = _together(one.custodian_org for one in holdings)
    return (
        Field(
            Words("储备方式", "Reserve mode"), _together(words.RESERVE_MODES[one.reserve_mode].zh for one in holdings)
        ),
        *((Field(Words("物权单位", "Owner"), owners),) if owners else ()),
        *((Field(Words("代储单位", "Kept by"), keepers),) if keepers else ()),
    )


def _papers_missing(moved: GoodsMoved, links: Links) -> tuple[Words, ...]:
    return (words.PAPERS_MISSING,) if moved.papers and links.papers is None else ()


def _link_marks(links: Links) -> tuple[Words, ...]:
    said = (
        (links.reversed_by, "已冲销，冲销单 {}", "Reversed by {}"),
        (links.reverses, "冲销原单 {}", "Reverses {}"),
        (links.corrects, "更正原单 {}", "Corrects {}"),
        (links.corrected_by, "已由 {} 更正", "Corrected by {}"),
        (links.papers, "单据已补 {}", "Its papers came: {}"),
    )
    return tuple(Words(zh.format(other), en.format(other)) for other, zh, en in said if other)


def _of(fact: GoodsMoved | StockCounted | None) -> str | None:
    return fact.document.number if fact and fact.document else None


def _person(badge: str, known: Known) -> str:
    name = known.names.get(badge)
    return f"{name}（{badge}）" if name else badge


def _second(badge: str | None, known: Known) -> tuple[Field, ...]:
    return (Field(words.SECOND, _person(badge, known)),) if badge else ()


def _together(texts: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(text for text in texts if text))


# The lines -----------------------------------------------------------------------------------------------------------


def _moved_line(moved: MovedLine, catalogue: Catalogue, sign: str = "") -> DocumentLine:
    item, amount = catalogue.by_code(moved.item), moved.quantity
    place = " → ".join(code for code in (moved.from_bin, moved.to_bin) if code)
    line = _line(moved.item, item, amount.unit, moved.lot, place, sign + _plain(amount.amount))
    packs = in_packs(item, amount)
    return replace(
        line,
        packs=sign + packs if packs else "",
        source=words.SOURCES[moved.source],
        remark=_status(moved),
        serials=moved.serials,
    )


def _counted_line(count: StockCounted, catalogue: Catalogue, book: Mapping[CountKey, Decimal]) -> DocumentLine:
    item = catalogue.by_code(count.item)
    line = _line(count.item, item, count.counted.unit, count.lot, count.bin, _plain(count.counted.amount))
    had = book.get(key_of(count))
    line = replace(line, source=words.SOURCES[count.source], serials=count.serials or ())
    if had is None:
        return line
    return replace(line, book=_plain(had), difference=f"{count.counted.amount - had:+f}")


def _line(code: str, item: Item | None, unit: str, lot: Lot | None, place: str, amount: str) -> DocumentLine:
    name = Words(item.name_zh, item.name_en) if item else Words("目录中没有", "not in the catalogue")
    spec = packing(item, item.units[-1]) if item and len(item.units) > 1 else ""
    return DocumentLine(code, name, spec, unit_words(item, unit), lot, place, amount)


def in_packs(item: Item | None, quantity: Quantity) -> str:
    """An amount in the item's largest pack and what is left over: 10 件 + 1 张. Empty when it comes in no packs."""
    if item is None or quantity.unit != item.base_unit or quantity.amount % 1:
        return ""
    pack = max(item.units, key=lambda unit: unit.factor)
    packs, rest = divmod(int(quantity.amount), pack.factor)
    if pack.factor == 1 or packs == 0:
        return ""
    return f"{packs} {pack.name_zh}" + (f" + {rest} {item.units[0].name_zh}" if rest else "")


def _status(line: MovedLine) -> Words | None:
    before, after = STATUSES[line.from_status], STATUSES[line.to_status]
    if line.from_status is not line.to_status and line.from_bin:
        return Words(f"{before.zh} → {after.zh}", f"{before.en} → {after.en}")
    return None if line.to_status is StockStatus.AVAILABLE else after


def _plain(amount: Decimal) -> str:
    return format(amount, "f")
