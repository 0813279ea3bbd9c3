"""The item master that the edge holds: what a GTIN, an item code or pinyin initials stand for. Immutable; opens no file."""

from __future__ import annotations

import csv
import enum
import io
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from onebook_edge.errors import ConfigurationError
from onebook_schemas.reference import CatalogueDocument, CatalogueItem, Limits

FACTOR_MAX: Final = 1_000_000
# UN/ECE Recommendation 20: units of mass as powers of ten of a kilogram, and other units that exist in parts.
_MASS: Final = {"MGM": -6, "GRM": -3, "KGM": 0, "TNE": 3}
_MEASURED: Final = frozenset({*_MASS, "MTR", "CMT", "KMT", "MTK", "MTQ", "LTR", "MLT", "HLT"})
_ITEM_CODE = re.compile(r"[A-Z]{2}\d{5}")
_UNIT_CODE = re.compile(r"[A-Z0-9]{2,3}")


class Tracking(enum.StrEnum):
    BULK = "bulk"
    LOT = "lot"
    SERIAL = "serial"  # Each piece has a serial number; a quantity is the number of serials.


@dataclass(frozen=True, slots=True)
class TradeUnit:
    """How an item is packed: a piece (factor 1) or a carton of `factor` base units."""

    name_zh: str
    factor: int
    gtin14: str | None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Item:
    code: str
    name_zh: str
    name_en: str
    pinyin_initials: str
    base_unit: str  # UN/ECE Recommendation 20 or 21.
    tracking: Tracking
    shelf_life_days: int | None
    units: tuple[TradeUnit, ...]  # The base unit first.
    category: str = ""
    inspection_days: int | None = None
    limits: Limits = NO_LIMITS  # Of its climate.
    is_reusable: bool = False
    piece_weight_g: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TradeItem:
    """What a GTIN stands for: one item in one of its units."""

    item: Item
    unit: TradeUnit


class Catalogue:
    """Looks items up. Raises ConfigurationError when an item code or a GTIN stands there twice."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items = tuple(items)
        self._by_code = {item.code: item for item in self._items}
        packed = [(unit.gtin14, TradeItem(item, unit)) for item in self._items for unit in item.units if unit.gtin14]
        self._by_gtin = dict(packed)
        codes = Counter(item.code for item in self._items)
        gtins = Counter(gtin for gtin, _ in packed)
        problems = [f"item code {code} stands in the catalogue twice: keep one" for code, n in codes.items() if n > 1]
        problems += [f"GTIN {gtin} stands in the catalogue twice: keep one" for gtin, n in gtins.items() if n > 1]
        if problems:
            raise ConfigurationError(problems)

    @classmethod
    def from_csv_text(cls, text: str) -> Catalogue:
        """Read the columns of the province's catalogue file. Raises ConfigurationError with every problem found."""
        items, problems = [], []
        try:
            rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), restval=""))
        except csv.Error as error:
            raise ConfigurationError([f"catalogue: {error}; a CSV file is needed"]) from error
        for line, row in enumerate(rows, 2):
            try:
                items.append(_item(row))
            except (KeyError, ValueError) as error:
                problems.append(f"catalogue line {line}: {error}")
        if problems:
            raise ConfigurationError(problems)
        return cls(items)

    @classmethod
    def of_document(cls, document: CatalogueDocument) -> Catalogue:
        """What the centre gave. Two thousand items take 3 MB, less than half of what the document takes."""
        limits = {one: one for one in (item.limits for item in document.items)}
        return cls(_item_of(item, limits[item.limits]) for item in document.items)

    def __len__(self) -> int:
        return len(self._items)

    def by_gtin(self, gtin14: str) -> TradeItem | None:
        return self._by_gtin.get(gtin14)

    def by_code(self, code: str) -> Item | None:
        return self._by_code.get(code)

    def by_initials(self, prefix: str) -> tuple[Item, ...]:
        """Items whose pinyin initials begin so, in the order of the catalogue."""
        return tuple(item for item in self._items if item.pinyin_initials.startswith(prefix.upper()))

    def find(self, asked: str, hits_max: int) -> tuple[Item, ...]:
        """Items by what a person typed: the code or the pinyin initials begin so, or the name has it. The code's hits first."""
        text = asked.strip().upper()
        starting = [item for item in self._items if item.code.startswith(text)]
        initials = self.by_initials(text)
        inside = [item for item in self._items if text in item.pinyin_initials or text in _names(item)]
        return tuple(dict.fromkeys((*starting, *initials, *inside)))[:hits_max] if text else ()


def _names(item: Item) -> str:
    return f"{item.name_zh} {item.name_en}".upper()


def is_counted(unit: str) -> bool:
    """Whether only whole ones of a unit exist: pieces, sets, boxes; not kilograms or metres."""
    return unit not in _MEASURED


def mass_in(unit: str, value: Decimal, value_unit: str) -> Decimal | None:
    """A mass said in another unit, exactly; None when either of the two is no unit of mass."""
    if unit not in _MASS or value_unit not in _MASS:
        return None
    return value.scaleb(_MASS[value_unit] - _MASS[unit])


def _item_of(given: CatalogueItem, limits: Limits) -> Item:
    """Words that many items share are kept once."""
    intern = sys.intern
    return Item(
        code=given.code,
        name_zh=given.name_zh,
        name_en=given.name_en,
        pinyin_initials=given.pinyin_initials.upper(),
        base_unit=intern(given.units[0].code),
        tracking=Tracking(given.tracking),
        shelf_life_days=given.shelf_life_days,
        units=tuple(TradeUnit(intern(unit.name_zh), unit.factor, unit.gtin) for unit in given.units),
        category=intern(given.category),
        inspection_days=given.inspection_days,
        limits=limits,
        is_reusable=given.reusable,
        piece_weight_g=given.piece_weight_g,
    )


def _item(row: Mapping[str, str]) -> Item:
    return Item(
        code=_matching(row, "code", _ITEM_CODE),
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        pinyin_initials=row["pinyin_initials"].upper(),
        base_unit=_matching(row, "unit_code", _UNIT_CODE),
        tracking=Tracking(row["tracking"]),
        shelf_life_days=int(row["shelf_life_days"]) if row["shelf_life_days"] else None,
        units=_units(row),
        category=row.get("category", ""),
        inspection_days=int(days) if (days := row.get("inspection_days")) else None,
        limits=_limits(row),
        is_reusable=row.get("reusable") == "yes",
        piece_weight_g=_grams(row.get("piece_weight_g") or ""),
    )


def _grams(text: str) -> Decimal | None:
    try:
        grams = Decimal(text) if text else None
    except InvalidOperation:
        grams = Decimal("NaN")
    if grams is not None and not (grams.is_finite() and grams > 0):
        raise ValueError(f"piece_weight_g is the weight of one piece in grams, or empty; not {text!r}")
    return grams


def _limits(row: Mapping[str, str]) -> Limits:
    columns = ("temp_min_c", "temp_max_c", "rh_min_pct", "rh_max_pct")
    texts = {name: row.get(column) for name, column in zip(Limits.model_fields, columns, strict=True)}
    return Limits(**{name: float(text) if text else None for name, text in texts.items()})


def _units(row: Mapping[str, str]) -> tuple[TradeUnit, ...]:
    base = TradeUnit(row["unit_zh"], 1, _gtin14(row["gtin13_example"]))
    pack_gtin = _gtin14(row["pack_gtin14_example"])
    factor = int(row["pack_size"] or 1)
    if not 1 <= factor <= FACTOR_MAX:
        raise ValueError(f"pack_size is 1 to {FACTOR_MAX}, not {factor}")
    if (factor == 1 and pack_gtin is None) or row["unit_code"] == "TNE":
        return (base,)  # Quicklime has 40 bags to the tonne: a bag is no whole number of tonnes.
    return base, TradeUnit(row["pack_unit_zh"], factor, pack_gtin)


def _gtin14(digits: str) -> str | None:
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) in (8, 12, 13, 14)):
        raise ValueError(f"{digits!r} is no GTIN: 8, 12, 13 or 14 digits")
    return digits.zfill(14) if digits else None


def _matching(row: Mapping[str, str], column: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(row[column]):
        raise ValueError(f"{column} {row[column]!r} is not written as {pattern.pattern}")
    return row[column]
