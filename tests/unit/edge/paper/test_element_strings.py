"""Element strings: what is printed is what is read back, and what cannot be read back is not printed."""

from __future__ import annotations

from datetime import date

import pytest

from onebook_edge.capture.gs1 import GS, classify
from onebook_edge.paper.element_strings import (
    CONTENT,
    COUNT,
    EXPIRES,
    GTIN,
    LOT,
    PRODUCED,
    SERIAL,
    SSCC,
    day,
    digital_link,
    element,
    element_string,
    for_people,
    sscc,
)

TODAY = date(2026, 11, 28)
GOODS = [
    element(GTIN, "09520000000011"),
    element(LOT, "T/2026-1"),
    day(EXPIRES, date(2029, 6, 30)),
    element(SERIAL, "S-1"),
]


def test_fixed_lengths_go_first_so_that_one_separator_is_enough() -> None:
    assert element_string(GOODS) == f"01095200000000111729063010T/2026-1{GS}21S-1"
    assert for_people(GOODS) == "(01)09520000000011(17)290630(10)T/2026-1(21)S-1"


def test_an_element_string_and_a_link_are_read_back_alike() -> None:
    for text in ("]C1" + element_string(GOODS), digital_link(GOODS)):
        read = classify(text, TODAY)
        assert (read.error, read.warnings) == (None, ())
        assert (read.gtin14, read.lot, read.serial) == ("09520000000011", "T/2026-1", "S-1")
        assert read.expires_on == date(2029, 6, 30)


def test_a_pallet_says_what_is_on_it() -> None:
    number = sscc("3", "9521234", 17)
    pallet = [element(SSCC, number), element(CONTENT, "09520000000011"), element(COUNT, "40"), day(PRODUCED, TODAY)]
    read = classify("]C1" + element_string(pallet), TODAY)
    assert (read.error, read.sscc, read.content_gtin14, read.count) == (None, number, "09520000000011", 40)
    assert read.produced_on == TODAY


def test_the_check_digit_of_a_pallet_number_is_that_of_the_specification() -> None:
    # GS1's own example of an SSCC: 1 0614141 234567890 -> 8.
    assert sscc("1", "0614141", 234567890) == "106141412345678908"


@pytest.mark.parametrize(
    ("ai", "value"),
    [
        (GTIN, "09520000000012"),  # Its check digit is 1.
        (GTIN, "9520000000011"),
        (LOT, "批号1"),
        (LOT, "L" * 21),
        (LOT, "A B"),
        (SSCC, "106141412345678901"),
        (COUNT, "123456789"),
    ],
)
def test_what_would_not_be_read_back_is_not_printed(ai: str, value: str) -> None:
    with pytest.raises(ValueError, match=rf"\({ai}\)"):
        element(ai, value)


def test_a_pallet_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="no SSCC"):
        sscc("0", "9521234", 10**9)
