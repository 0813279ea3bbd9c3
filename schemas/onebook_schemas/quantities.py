"""Exact amounts. Stock is counted in decimals with a unit, never in floating point."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from onebook_schemas.identifiers import UnitCode

_PLACES_MAX = 9
_DIGITS_MAX = 18  # Fits a 64-bit integer in base units with room for the conversion.


def _plain(value: Decimal) -> str:
    return format(value, "f")


def _bounded(value: Decimal) -> Decimal:
    text = str(value)
    if (
        len(text) <= _DIGITS_MAX and text.isdigit()
    ):  # Nearly every amount; to take a decimal apart costs ten times as much.
        return value
    if not value.is_finite():
        raise ValueError("an amount is a finite decimal")
    _sign, digits, exponent = value.as_tuple()
    if (
        not isinstance(exponent, int)
        or not -_PLACES_MAX <= exponent <= _DIGITS_MAX
        or len(digits) + max(exponent, 0) > _DIGITS_MAX
    ):
        raise ValueError(f"an amount has at most {_DIGITS_MAX} digits, nine of them after the point")
    return value


def _pattern() -> str:
    """What `_bounded` lets pass, as far as it is written plainly: JSON Schema cannot count digits on both sides of a point."""
    forms = [rf"\d{{1,{_DIGITS_MAX}}}"]
    forms += [rf"\d{{1,{_DIGITS_MAX - places}}}\.\d{{{places}}}" for places in range(1, _PLACES_MAX + 1)]
    return f"^-?({'|'.join(forms)})$"


ExactDecimal = Annotated[
    Decimal,
    AfterValidator(_bounded),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _pattern(), "examples": ["12.5"]}),
]
"""A decimal carried as JSON text ("12.50"), so that no reader can round it."""


class Quantity(BaseModel):
    """An amount and its unit, as the person or the device said it; the book converts it exactly or not at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: ExactDecimal
    unit: UnitCode = Field(description="UN/ECE Rec. 20 or 21 code; EA for pieces")


class InexactConversionError(ValueError):
    """The amount is no whole number of base units. Carries the two nearest amounts that are."""

    def __init__(self, quantity: Quantity, below: Decimal, above: Decimal) -> None:
        super().__init__(
            f"{_plain(quantity.amount)} {quantity.unit} is no whole number of base units; nearest: "
            f"{_plain(below)} or {_plain(above)} {quantity.unit}"
        )
        self.below, self.above = below, above


def to_base_units(quantity: Quantity, numerator: int, denominator: int) -> int:
    """Convert exactly: one `quantity.unit` is numerator/denominator base units (g, mL, piece).

    Raises InexactConversionError instead of rounding.
    """
    amount, parts = quantity.amount.as_integer_ratio()
    units, rest = divmod(amount * numerator, parts * denominator)
    if rest == 0:
        return units
    raise InexactConversionError(quantity, *(Decimal(n) * denominator / numerator for n in (units, units + 1)))


def from_base_units(base_units: int, numerator: int, denominator: int) -> Decimal:
    """Say a count of base units in a unit that is numerator/denominator of them; exact, or a decimal of 28 digits."""
    return Decimal(base_units) * denominator / numerator
