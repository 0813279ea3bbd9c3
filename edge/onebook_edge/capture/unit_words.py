"""What people call a unit, for every screen and paper of the box: nobody reads EA or KGM."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from onebook_edge.capture.catalogue import Item, TradeUnit
from onebook_edge.capture.command_words import Words


class _Called(NamedTuple):
    zh: str
    en: str
    many: str = ""  # In English; empty: the same for one and for many.


_UNITS: Final[Mapping[str, _Called]] = {
    "EA": _Called("个", "piece", "pieces"),
    "SET": _Called("套", "set", "sets"),
    "PR": _Called("副", "pair", "pairs"),
    "HEA": _Called("头", "head"),
    "E27": _Called("头份", "dose", "doses"),
    "CY": _Called("瓶", "cylinder", "cylinders"),
    "CT": _Called("箱", "carton", "cartons"),
    "BX": _Called("盒", "box", "boxes"),
    "PK": _Called("包", "pack", "packs"),
    "BG": _Called("袋", "bag", "bags"),
    "BE": _Called("捆", "bundle", "bundles"),
    "BL": _Called("包", "bale", "bales"),
    "DR": _Called("桶", "drum", "drums"),
    "PX": _Called("托", "pallet", "pallets"),
    "PC": _Called("件", "package", "packages"),
    "RO": _Called("卷", "roll", "rolls"),
    "RL": _Called("盘", "reel", "reels"),
    "TNE": _Called("吨", "tonne", "tonnes"),
    "KGM": _Called("千克", "kg"),
    "GRM": _Called("克", "g"),
    "MGM": _Called("毫克", "mg"),
    "LBR": _Called("磅", "lb"),
    "KMT": _Called("千米", "km"),
    "MTR": _Called("米", "m"),
    "CMT": _Called("厘米", "cm"),
    "MTK": _Called("平方米", "m²"),
    "MTQ": _Called("立方米", "m³"),
    "HLT": _Called("百升", "hL"),
    "LTR": _Called("升", "L"),
    "MLT": _Called("毫升", "mL"),
}
"""UN/ECE Recommendations 20 and 21: all that the province's catalogue has, and what scales say."""
_PACKS: Final = {
    _UNITS[code].zh: _UNITS[code] for code in ("CT", "PK", "BG", "BE", "DR", "PX", "PC", "RO", "RL", "SET", "BX")
}
"""By the name that the catalogue has for a package: it has no code of its own here."""


def unit_words(item: Item | None, code: str, amount: Decimal | None = None) -> Words:
    """The unit as the catalogue calls it for this item: 顶 for tents, 张 for beds, though both are EA. `amount`: of how many it
    is said; a code that is not known stands for itself."""
    called = _UNITS.get(code, _Called(code, code))
    return Words(item.units[0].name_zh if item and item.base_unit == code else called.zh, _english(called, amount))


def pack_words(unit: TradeUnit, count: Decimal) -> Words:
    """A package: 箱, cartons of 25."""
    called = _PACKS.get(unit.name_zh)
    return Words(unit.name_zh, f"{_english(called, count)} of {unit.factor}" if called else f"× {unit.factor}")


def _english(called: _Called, amount: Decimal | None) -> str:
    return called.en if amount == 1 else called.many or called.en
