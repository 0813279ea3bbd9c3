"""The registry: which items, sites and edges there are. Every import may be repeated; it changes only what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from onebook_collector.errors import RefusedError
from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.goods import BookedItem, Tracking

Worth = tuple[int, int]  # One unit is numerator/denominator base units.


class UnitRow(NamedTuple):
    unit_code: str
    name_zh: str
    worth: Worth
    gtin: str | None = None


class Site(NamedTuple):
    """A warehouse. Longitude and latitude in degrees; the division is a six-digit code."""

    site_id: str
    name_zh: str
    name_en: str
    division_code: str
    lon: float | None = None
    lat: float | None = None


class BaseUnit(NamedTuple):
    """What an item is counted in, for ever, and the units of its kind that convert exactly."""

    name: str
    units: Mapping[str, Worth]


_MASS = BaseUnit("g", {"GRM": (1, 1), "KGM": (1_000, 1), "TNE": (1_000_000, 1)})
_VOLUME = BaseUnit("mL", {"MLT": (1, 1), "LTR": (1_000, 1), "MTQ": (1_000_000, 1)})
_LENGTH = BaseUnit("mm", {"MTR": (1_000, 1), "KMT": (1_000_000, 1)})
_AREA = BaseUnit("0.001 m2", {"MTK": (1_000, 1)})
_MEASURED = (_MASS, _VOLUME, _LENGTH, _AREA)
MEASURED_UNITS = frozenset(code for base in _MEASURED for code in base.units)
"""What exists in parts; everything else is counted."""

PACKAGES = {
    "箱": "CT",
    "包": "PK",
    "袋": "BG",
    "捆": "BE",
    "托": "PX",
    "件": "PC",
    "卷": "RO",
    "盘": "RL",
    "桶": "DR",
}
"""Names of packages in the catalogue -> UN/ECE Recommendation 21 (CT carton, PK package, BG bag, BE bundle, PX pallet, PC parcel,
RO roll, RL reel, DR drum)."""


def import_items(book: BookState, rows: Iterable[Mapping[str, str]]) -> int:
    """Take over rows of catalogue.csv; gives how many there were.

    Raises RefusedError for a change that would make booked quantities mean something else: of the base unit, of what a unit is
    worth, or of tracking by serial.
    """
    count = 0
    for row in rows:
        _keep_item(book, row)
        count += 1
    return count


def import_sites(book: BookState, sites: Iterable[Site]) -> int:
    """Take over sites; gives how many there were."""
    taken = {site.site_id: tuple(site) for site in sites}
    book.rows.sites.update(taken)
    return len(taken)


def register_edge(book: BookState, edge_id: str, site_id: str) -> None:
    """This edge stands at this site from now on; what it has reported before stays where it was booked."""
    book.edges[edge_id] = site_id
    book.rows.edges[edge_id] = (edge_id, site_id)


def base_unit_of(unit_code: str) -> BaseUnit:
    """Grams, millilitres, millimetres ... for what is measured; everything else is counted in pieces of its own unit."""
    measured = (base for base in _MEASURED if unit_code in base.units)
    return next(measured, BaseUnit("piece", {unit_code: (1, 1)}))


def units_of(row: Mapping[str, str]) -> list[UnitRow]:
    """Every unit that quantities of a catalogue row may come in; its own first."""
    code = row["unit_code"]
    units = dict(base_unit_of(code).units)
    if row["tracking"] == Tracking.SERIAL:
        units.setdefault("EA", (1, 1))  # One set, one cylinder: readers count tags, and each tag is one piece.
    own = UnitRow(code, row["unit_zh"], units.pop(code), row["gtin13_example"] or None)
    found = [own, *(UnitRow(other, "", worth) for other, worth in units.items())]
    if row["pack_gtin14_example"]:
        found.append(_package_of(row, own.worth))
    return found


def _package_of(row: Mapping[str, str], worth: Worth) -> UnitRow:
    size = Fraction(row["pack_size"])
    if row["unit_code"] == "TNE":
        size = 1 / size  # Quicklime: 40 bags to the tonne, not 40 tonnes to the bag.
    value = size * Fraction(*worth)
    package = (value.numerator, value.denominator)
    return UnitRow(PACKAGES[row["pack_unit_zh"]], row["pack_unit_zh"], package, row["pack_gtin14_example"])


def _keep_item(book: BookState, row: Mapping[str, str]) -> None:
    units = units_of(row)
    known = book.item(row["code"])
    worths = {unit.unit_code: unit.worth for unit in units}
    by_serial = row["tracking"] == Tracking.SERIAL
    if known is not None:
        _refuse_new_meaning(known, worths, by_serial=by_serial)
    item_id = known.item_id if known else book.next_id("item")
    item = BookedItem(item_id, row["code"], by_serial, {**(known.units if known else {}), **worths})
    book.items[item.code] = book.items_by_id[item_id] = item
    book.rows.items[item_id] = (
        item_id,
        *(row[name] for name in _COPIED),
        base_unit_of(row["unit_code"]).name,
        row["tracking"],
        _whole(row["shelf_life_days"]),
        row["storage_class"],
        *(float(row[name]) if row[name] else None for name in ("temp_min_c", "temp_max_c", "rh_min_pct", "rh_max_pct")),
        int(row["hazmat"] == "yes"),
        int(row["reusable"] == "yes"),
        _whole(row["inspection_days"]),
        _milligrams(row.get("piece_weight_g") or ""),
    )
    for unit in units:
        book.rows.item_units[item_id, unit.unit_code] = (item_id, unit.unit_code, unit.name_zh, *unit.worth, unit.gtin)


def _refuse_new_meaning(known: BookedItem, worths: Mapping[str, Worth], *, by_serial: bool) -> None:
    changed = [code for code, worth in worths.items() if known.units.get(code, worth) != worth]
    if changed or known.by_serial != by_serial:
        what = f"what one {changed[0]} is worth" if changed else "whether it is tracked by serial"
        raise RefusedError(
            "item_fixed",
            f"{known.code}: {what} cannot change, for booked quantities would mean something else; use a new code",
        )


_COPIED = (
    "code",
    "name_zh",
    "name_en",
    "pinyin_initials",
    "category",
    "category_zh",
    "subcategory",
    "subcategory_zh",
    "unit_code",
    "unit_zh",
)


def _whole(text: str) -> int | None:
    return int(text) if text else None


def _milligrams(grams: str) -> int | None:
    return int(Decimal(grams).scaleb(3)) if grams else None
