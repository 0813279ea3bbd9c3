"""Goods as they come to a warehouse: items of the province's catalogue, and the codes that are printed on them.

GS1 General Specifications: a carton bears GS1-128, a piece Data Matrix or only its EAN-13. Tag Data Standard: a tag bears
SGTIN-96. Bulk goods bear nothing; the label on their bin names the item.
"""

from __future__ import annotations

import csv
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from onebook_schemas.stock_events import Lot

ROWS_MAX = 200
_GS = "\x1d"
_SGTIN_96, _FILTER_POS_ITEM, _PARTITION_7_DIGITS = 0x30, 1, 5
_SERIAL_MAX = 2**38 - 1


class CatalogueError(ValueError):
    """The catalogue file cannot be used; the text says which line and why."""


class Tracking(enum.StrEnum):
    BULK = "bulk"
    LOT = "lot"
    SERIAL = "serial"


@dataclass(frozen=True, slots=True)
class Item:
    """`pack_size` base units are in a carton, which has `pack_gtin14`."""

    code: str
    tracking: Tracking
    unit: str
    storage_class: str
    shelf_life_days: int | None
    gtin13: str | None
    pack_gtin14: str | None
    pack_size: int
    takes_tags: bool  # Neither metal nor liquid.


@dataclass(frozen=True, slots=True)
class Goods:
    """What cannot be told apart. Without a lot: bulk goods, goods told apart by serial, old stock with a bare EAN-13."""

    item: Item
    lot: Lot | None = None

    @property
    def lot_number(self) -> str | None:
        return self.lot.number if self.lot else None


class Code(NamedTuple):
    """What stands in a bar code, and the AIM identifier (ISO/IEC 15424) of its kind."""

    text: str
    aim: str = "]C0"


def read_catalogue(path: Path, rows_max: int = ROWS_MAX) -> tuple[Item, ...]:
    """The first rows of the province's catalogue file. Raises CatalogueError, or OSError."""
    items: list[Item] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if len(items) == rows_max:
                break
            try:
                items.append(_item(row))
            except (KeyError, ValueError) as error:
                raise CatalogueError(f"{path}, row {len(items) + 1}: no usable {error}") from error
    if not items:
        raise CatalogueError(f"{path} holds no item")
    return tuple(items)


def _item(row: Mapping[str, str]) -> Item:
    return Item(
        code=row["code"],
        tracking=Tracking(row["tracking"]),
        unit=row["unit_code"],
        storage_class=row["storage_class"],
        shelf_life_days=int(row["shelf_life_days"]) if row["shelf_life_days"] else None,
        gtin13=row["gtin13_example"] or None,
        pack_gtin14=row["pack_gtin14_example"] or None,
        pack_size=int(row["pack_size"] or 1),
        takes_tags=row["rfid_note"] == "ok",
    )


# Codes ------------------------------------------------------------------------------------------------------------


def carton_code(goods: Goods) -> Code:
    """GS1-128: GTIN of the carton, expiry, lot. The lot comes last, so that no separator is needed."""
    assert goods.item.pack_gtin14, f"{goods.item.code} comes in no carton"
    assert goods.lot, f"{goods.item.code} bears no lot"
    return Code(f"01{goods.item.pack_gtin14}{_expiry(goods.lot)}10{goods.lot.number}", "]C1")


def piece_code(goods: Goods) -> Code:
    """Data Matrix: GTIN, lot, separator, expiry."""
    assert goods.lot, f"{goods.item.code} bears no lot"
    expiry = _expiry(goods.lot)
    return Code(f"01{_gtin14(goods.item)}10{goods.lot.number}{_GS + expiry if expiry else ''}", "]d2")


def serial_code(item: Item, serial: str) -> Code:
    """Data Matrix: GTIN and serial."""
    return Code(f"01{_gtin14(item)}21{serial}", "]d2")


def ean_code(item: Item) -> Code:
    assert item.gtin13, f"{item.code} has no EAN"
    return Code(item.gtin13, "]E0")


def sgtin_96(item: Item, serial: str) -> str:
    """The EPC of a tagged piece, in hex. Numeric serials without leading zeros only: 38 bits hold no other."""
    gtin14, number = _gtin14(item), int(serial)
    assert str(number) == serial, f"SGTIN-96 holds no leading zeros: {serial}"
    assert number <= _SERIAL_MAX, f"SGTIN-96 holds no serial above {_SERIAL_MAX}: {serial}"
    company, reference = int(gtin14[1:8]), int(gtin14[0] + gtin14[8:13])
    head = _SGTIN_96 << 6 | _FILTER_POS_ITEM << 3 | _PARTITION_7_DIGITS
    return f"{((head << 24 | company) << 20 | reference) << 38 | number:024X}"


def gtin_check_digit(body: str) -> str:
    """Modulo 10 with weights 3 and 1 from the right (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _gtin14(item: Item) -> str:
    assert item.gtin13, f"{item.code} has no GTIN"
    return item.gtin13.zfill(14)


def _expiry(lot: Lot) -> str:
    return f"17{_yymmdd(lot.expires_on)}" if lot.expires_on else ""


def _yymmdd(day: date) -> str:
    return f"{day:%y%m%d}"
