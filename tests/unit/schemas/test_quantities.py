from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from onebook_schemas.quantities import InexactConversionError, Quantity, from_base_units, to_base_units


@pytest.mark.parametrize(
    ("amount", "numerator", "denominator", "expected"),
    [("12.5", 1000, 1, 12_500), ("3", 24, 1, 72), ("0.001", 1000, 1, 1), ("7", 1, 7, 1), ("-2", 10, 1, -20)],
)
def test_an_exact_conversion_gives_whole_base_units(
    amount: str, numerator: int, denominator: int, expected: int
) -> None:
    assert to_base_units(Quantity(amount=amount, unit="KGM"), numerator, denominator) == expected  # type: ignore[arg-type]


def test_an_inexact_conversion_names_the_two_nearest_amounts() -> None:
    with pytest.raises(InexactConversionError, match=r"nearest: 1\.234 or 1\.235 KGM") as caught:
        to_base_units(Quantity(amount=Decimal("1.2345"), unit="KGM"), 1000, 1)
    assert (caught.value.below, caught.value.above) == (Decimal("1.234"), Decimal("1.235"))


def test_the_nearest_amounts_of_a_negative_one_lie_on_both_sides() -> None:
    with pytest.raises(InexactConversionError) as caught:
        to_base_units(Quantity(amount=Decimal("-1.2345"), unit="KGM"), 1000, 1)
    assert (caught.value.below, caught.value.above) == (Decimal("-1.235"), Decimal("-1.234"))


@given(st.integers(-(10**12), 10**12), st.sampled_from([(1, 1), (1000, 1), (24, 1), (1, 1000)]))
def test_base_units_survive_the_way_there_and_back(base: int, unit: tuple[int, int]) -> None:
    numerator, denominator = unit
    amount = from_base_units(base * numerator, numerator, denominator)
    assert to_base_units(Quantity(amount=amount, unit="EA"), numerator, denominator) == base * numerator


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e30", "1e-12", "12345678901234567890", "one"])
def test_what_is_no_bounded_decimal_is_no_amount(text: str) -> None:
    with pytest.raises(ValidationError):
        Quantity.model_validate_json(f'{{"amount":"{text}","unit":"EA"}}')


def test_an_amount_is_text_on_the_wire() -> None:
    assert Quantity(amount=Decimal("12.50"), unit="KGM").model_dump_json() == '{"amount":"12.50","unit":"KGM"}'
