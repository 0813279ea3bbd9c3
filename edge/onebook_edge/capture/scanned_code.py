"""What a scanned text means at a work place: a label of onebook, goods of the catalogue, a pallet, or nothing known.

Never guesses: a code that names nothing in the catalogue stays `Unknown` and waits for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from onebook_edge.capture.catalogue import Catalogue, Item, mass_in
from onebook_edge.capture.gs1 import Barcode, BarcodeKind, classify
from onebook_schemas.labels import Label, parse_label
from onebook_schemas.stock_events import Lot

_NET_KILOGRAMS = tuple(f"310{decimals}" for decimals in range(6))  # GS1 application identifiers 3100 to 3105.
_TEXT_MAX = 200


@dataclass(frozen=True, slots=True)
class Goods:
    """Goods that a code names: `count` units of `factor` base units each."""

    item: Item
    count: Decimal
    factor: int
    lot: Lot | None = None
    serial: str | None = None
    expires_on: date | None = None
    is_doubtful: bool = False  # A separator was probably lost: lot or serial may hold more than it should.

    def is_expired_on(self, day: date) -> bool:
        """Goods may be used on the day that is printed on them, and not after it."""
        return self.expires_on is not None and self.expires_on < day


@dataclass(frozen=True, slots=True)
class Pallet:
    """A shipping container code that does not say what is inside."""

    sscc: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that is known here; `reason` is a word for whoever sorts it out."""

    reason: str


Meaning: TypeAlias = Label | Goods | Pallet | Unknown


def recognise(text: str, catalogue: Catalogue, today: date) -> Meaning:
    """The meaning of one scanned text, with or without AIM identifier."""
    code = classify(text, today)
    if label := parse_label(code.text):
        return label
    if code.error:
        return Unknown(code.error)
    if gtin14 := code.gtin14 or code.content_gtin14:
        return _goods(gtin14, code, catalogue)
    if code.sscc:
        return Pallet(code.sscc)
    if code.kind is BarcodeKind.TEXT and (item := catalogue.by_code(code.text.strip())):
        return Goods(item, Decimal(1), 1)
    return Unknown("no-goods" if code.kind is BarcodeKind.GS1 else code.kind.value)


def short(text: str) -> str:
    """A scanned text as an event may carry it: cut with a mark when it is longer."""
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"


def _goods(gtin14: str, code: Barcode, catalogue: Catalogue) -> Goods | Unknown:
    found = catalogue.by_gtin(gtin14)
    if found is None:
        return Unknown("unknown-gtin")
    expires_on = code.expires_on or code.best_before
    count, factor = _amount(code, found.item, found.unit.factor)
    return Goods(
        found.item,
        count,
        factor,
        Lot(number=code.lot, produced_on=code.produced_on, expires_on=expires_on) if code.lot else None,
        code.serial,
        expires_on,
        "suspect-missing-fnc1" in code.warnings,
    )


def _amount(code: Barcode, item: Item, factor: int) -> tuple[Decimal, int]:
    """How many units of how many base units: a net weight on the label counts for goods that are booked by mass."""
    kilograms = next((code.decimals[ai] for ai in _NET_KILOGRAMS if ai in code.decimals), None)
    mass = mass_in(item.base_unit, kilograms, "KGM") if kilograms is not None else None
    if mass is not None:
        return mass, 1
    return Decimal(1 if code.count is None else code.count), factor
