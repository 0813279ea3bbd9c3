"""What stands on a label: bin, pallet, item and lot, badge, document. Each as plain data; a template draws it.

A code never says less than the label beside it without the label saying so: who scans it believes that it says all. Where a code
does not fit in modules that a label printer can print, it is left out and the other one stands alone.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from onebook_edge.capture.application_identifiers import Element
from onebook_edge.capture.catalogue import Item, TradeUnit
from onebook_edge.capture.command_words import Words
from onebook_edge.paper.code128 import GS1_DATA_MAX, code128, gs1_128
from onebook_edge.paper.element_strings import (
    CONTENT,
    COUNT,
    EXPIRES,
    GTIN,
    LOT,
    SSCC,
    day,
    digital_link,
    element,
    element_string,
    for_people,
)
from onebook_edge.paper.symbols import Picture, bar_picture, qr_picture
from onebook_schemas.labels import LabelKind, label_text, lot_text
from onebook_schemas.stock_events import Lot

LOT_NOT_IN_CODE = Words("码内不含批号，扫码后请核对", "The code does not say the lot: check it after scanning")
CONTENT_NOT_SAID = Words("托盘内容不在码内，请逐箱扫", "The codes do not say what is on it: scan the cartons")
_BARS_MM = Decimal(9)
_GOODS_QR_MM = Decimal(30)
_PALLET_BARS_MM = Decimal(32)  # GS1 General Specifications, section 6: at least 31.75 mm on a logistic label.
_MARGIN_MM = 2


class LabelSize(enum.Enum):
    """Stock label sizes, in mm: width, height."""

    SMALL = (60, 40)
    MEDIUM = (100, 70)
    LARGE = (100, 150)

    @property
    def room_mm(self) -> Decimal:
        """The width between its margins."""
        return Decimal(self.value[0] - 2 * _MARGIN_MM)


_GOODS_ROOM_MM = LabelSize.MEDIUM.room_mm


@dataclass(frozen=True, slots=True)
class Field:
    name: Words
    value: str


@dataclass(frozen=True, slots=True)
class LabelFace:
    """One label. `title` is what a person looks for from afar."""

    size: LabelSize
    kind: Words
    title: str
    subtitle: str = ""
    fields: tuple[Field, ...] = ()
    qr: Picture | None = None
    bars: tuple[Picture, ...] = ()
    notes: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class PalletContent:
    """So many trade units (cartons) of one item and lot."""

    item: Item
    unit: TradeUnit
    count: int
    lot: Lot | None = None


def bin_label(code: str, name: str = "", zone: str = "") -> LabelFace:
    fields = (Field(Words("库区", "Zone"), zone),) if zone else ()
    return _ours(LabelKind.BIN, code, Words("货位", "Bin"), title=code, subtitle=name, fields=fields)


def badge(code: str, name: str, role: Words, site: str) -> LabelFace:
    fields = (Field(Words("工号", "Number"), code), Field(Words("岗位", "Role"), role.zh))
    return _ours(LabelKind.PERSON, code, Words("工牌", "Badge"), title=name, subtitle=site, fields=fields)


def document_label(number: str, kind: Words, on: date, site: str) -> LabelFace:
    fields = (Field(Words("日期", "Date"), on.isoformat()),)
    return _ours(LabelKind.DOCUMENT, number, kind, title=number, subtitle=site, fields=fields)


def item_lot_label(item: Item, unit: TradeUnit, lot: Lot | None = None) -> LabelFace:
    """For goods that come without a code of their own, or whose code is broken."""
    bars, qr, is_said = _goods_codes(item, unit, lot)
    fields = [Field(Words("物资编码", "Item code"), item.code), Field(Words("包装", "Pack"), packing(item, unit))]
    return LabelFace(
        LabelSize.MEDIUM,
        Words("物资", "Goods"),
        title=item.name_zh,
        subtitle=item.name_en,
        fields=(*fields, *_lot_fields(lot)),
        qr=qr,
        bars=tuple(bars),
        notes=() if is_said else (LOT_NOT_IN_CODE,),
    )


def pallet_label(number: str, contents: Sequence[PalletContent]) -> LabelFace:
    """`number`: the SSCC, 18 digits. One item and lot is said in a symbol of its own, a mixed pallet in words only."""
    room_mm, only = LabelSize.LARGE.room_mm, contents[0] if len(contents) == 1 else None
    elements = _content_elements(only) if only else []
    content = _bars(elements, room_mm, _BARS_MM * 2)
    own = _bars([element(SSCC, number)], room_mm, _PALLET_BARS_MM)
    return LabelFace(
        LabelSize.LARGE,
        Words("托盘", "Pallet"),
        title=only.item.name_zh if only else "混装 Mixed" if contents else "",
        subtitle=only.item.name_en if only else "",
        fields=tuple(_content_fields(contents)),
        bars=tuple(one for one in (content, own) if one),
        notes=_notes_of_lot(only.lot if only else None, elements) if content or not contents else (CONTENT_NOT_SAID,),
    )


def packing(item: Item, unit: TradeUnit) -> str:
    """How many of the item's own units are in one of these: 1 箱 = 20 件."""
    return unit.name_zh if unit.factor == 1 else f"1 {unit.name_zh} = {unit.factor} {item.units[0].name_zh}"


def _ours(
    kind: LabelKind, value: str, words: Words, *, title: str, subtitle: str, fields: tuple[Field, ...]
) -> LabelFace:
    """A label that only this house reads: the same text in bars and as QR."""
    size, text = LabelSize.SMALL, label_text(kind, value)
    bars = bar_picture(code128(text), room_mm=size.room_mm, height_mm=_BARS_MM)
    return LabelFace(
        size,
        words,
        title,
        subtitle,
        fields,
        qr=qr_picture(text, room_mm=Decimal(20 if bars else 30)),
        bars=(bars,) if bars else (),
    )


def _goods_codes(item: Item, unit: TradeUnit, lot: Lot | None) -> tuple[list[Picture], Picture | None, bool]:
    """Bars, QR, and whether they say all. A lot that the code of the goods cannot say has its own, to be scanned after it.

    No QR code says everything but the lot: who scans it would believe that it said all.
    """
    elements = [element(GTIN, unit.gtin14), *_lot_elements(lot)] if unit.gtin14 else []
    lot_is_said = lot is None or any(one.ai == LOT for one in elements)
    height_mm = _BARS_MM * 2 if lot_is_said else _BARS_MM
    text = label_text(LabelKind.ITEM, item.code)
    bars = _bars(elements, _GOODS_ROOM_MM, height_mm) if elements else _own_bars(text, height_mm)
    if lot_is_said:
        qr = qr_picture(digital_link(elements) if elements else text, room_mm=_GOODS_QR_MM)
        return [bars] if bars else [], qr, True
    said = _lot_text(lot)
    lot_bars = _own_bars(said, height_mm) if said else None
    lot_qr = qr_picture(said, room_mm=_GOODS_QR_MM) if said and not lot_bars else None
    return [one for one in (bars, lot_bars) if one], lot_qr, said is not None


def _own_bars(text: str, height_mm: Decimal) -> Picture | None:
    return bar_picture(code128(text), room_mm=_GOODS_ROOM_MM, height_mm=height_mm)


def _lot_text(lot: Lot | None) -> str | None:
    """None for a lot that no code can say: Chinese, blanks, too long."""
    try:
        return lot_text(lot.number, lot.expires_on) if lot else None
    except ValueError:
        return None


def _bars(elements: Sequence[Element], room_mm: Decimal, height_mm: Decimal) -> Picture | None:
    text = element_string(elements)
    if not 0 < len(text) <= GS1_DATA_MAX:
        return None
    return bar_picture(gs1_128(text, for_people(elements)), room_mm=room_mm, height_mm=height_mm)


def _content_elements(content: PalletContent) -> list[Element]:
    """Nothing of a unit without GTIN: then the SSCC stands alone."""
    if content.unit.gtin14 is None:
        return []
    return [element(CONTENT, content.unit.gtin14), element(COUNT, str(content.count)), *_lot_elements(content.lot)]


def _lot_elements(lot: Lot | None) -> list[Element]:
    """Lot and expiry, as far as GS1 can say them: a lot there is at most 20 characters, none of them Chinese."""
    found = [day(EXPIRES, lot.expires_on)] if lot and lot.expires_on else []
    try:
        return [*found, element(LOT, lot.number)] if lot else found
    except ValueError:
        return found


def _notes_of_lot(lot: Lot | None, elements: Iterable[Element]) -> tuple[Words, ...]:
    return (LOT_NOT_IN_CODE,) if lot and all(one.ai != LOT for one in elements) else ()


def _lot_fields(lot: Lot | None) -> list[Field]:
    if lot is None:
        return []
    days = ((Words("生产日期", "Produced"), lot.produced_on), (Words("有效期至", "Expires"), lot.expires_on))
    return [Field(Words("批号", "Lot"), lot.number), *(Field(name, on.isoformat()) for name, on in days if on)]


def _content_fields(contents: Sequence[PalletContent]) -> Iterable[Field]:
    for content in contents:
        name = Words("数量", "Count") if len(contents) == 1 else Words(content.item.name_zh, content.item.name_en)
        yield Field(name, f"{content.count} {content.unit.name_zh}")
        yield from _lot_fields(content.lot)
