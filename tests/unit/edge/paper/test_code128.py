"""Code 128: values and check characters that are known from elsewhere, and no symbol longer than it must be."""

from __future__ import annotations

from itertools import product

import pytest

from onebook_edge.capture.gs1 import GS
from onebook_edge.paper.code128 import GS1_DATA_MAX, QUIET_MODULES, check_value, code128, gs1_128, shortest_values

FNC1, SHIFT, TO_C, TO_B, TO_A, START_A, START_B, START_C = 102, 98, 99, 100, 101, 103, 104, 105


@pytest.mark.parametrize(
    ("values", "check"),
    [
        # Worked examples that stand in many descriptions of the code.
        ([START_A, 48, 42, 42, 17, 18, 19, 35], 54),  # PJJ123C
        ([START_B, 40, 41, TO_C, 34, 56, 78], 68),  # HI345678
        ([START_B, 55, 73, 75, 73, 80, 69, 68, 73, 65], 88),  # Wikipedia
    ],
)
def test_the_check_character_is_the_published_one(values: list[int], check: int) -> None:
    assert check_value(values) == check


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("HI345678", (START_B, 40, 41, TO_C, 34, 56, 78)),
        ("1234", (START_C, 12, 34)),
        ("12", (START_C, 12)),
        ("A12B", (START_B, 33, 17, 18, 34)),  # Two digits are not worth a change of set.
        ("a\x01b", (START_B, 65, SHIFT, 65, 66)),  # One control character among small letters: a shift.
        ("ab\x01\x02\x03", (START_B, 65, 66, TO_A, 65, 66, 67)),
        ("abc", (START_B, 65, 66, 67)),
        ("123456a", (START_C, 12, 34, 56, TO_B, 65)),
    ],
)
def test_the_code_sets_are_those_that_make_the_symbol_shortest(text: str, values: tuple[int, ...]) -> None:
    assert shortest_values(text) == values


def test_no_way_of_writing_it_is_shorter() -> None:
    """Every text of up to five characters of four kinds, against trying every sequence of code sets."""
    for length in range(1, 6):
        for characters in product("aA1\x01", repeat=length):
            text = "".join(characters)
            assert len(shortest_values(text)) == _least(text, 0, None) == len(shortest_values(text, is_gs1=True)) - 1


def _least(text: str, place: int, code_set: str | None) -> int:
    """The fewest characters that say the rest of the text, by trying everything."""
    if place == len(text):
        return 0
    pair, found = text[place : place + 2], []
    for name in "ABC":
        change = 0 if name == code_set else 1  # The start character costs as much as a change.
        if name == "C":
            if len(pair) == 2 and pair.isdigit():
                found.append(change + 1 + _least(text, place + 2, "C"))
        else:
            known = text[place] >= " " if name == "B" else text[place] < "`"
            found.append(change + (1 if known else 2) + _least(text, place + 1, name))
    return min(found)


def test_gs1_begins_with_fnc1_and_separates_with_it() -> None:
    values = shortest_values(f"1012{GS}21CD", is_gs1=True)
    assert values[:2] == (START_C, FNC1)
    assert values.count(FNC1) == 2


def test_a_symbol_ends_with_check_character_and_stop_and_has_room_on_both_sides() -> None:
    symbol = code128("HI345678")
    assert (symbol.widths[:6], symbol.widths[-7:]) == ((2, 1, 1, 2, 1, 4), (2, 3, 3, 1, 1, 1, 2))  # Start B, stop.
    assert sum(symbol.widths) == 11 * 8 + 13
    assert symbol.modules == sum(symbol.widths) + 2 * QUIET_MODULES


@pytest.mark.parametrize("text", ["", "货位", "é"])
def test_what_no_scanner_would_bring_back_is_not_printed(text: str) -> None:
    with pytest.raises(ValueError, match="ASCII"):
        code128(text)


def test_a_gs1_symbol_takes_48_characters_and_not_one_more() -> None:
    gs1_128("9" * GS1_DATA_MAX, "")
    with pytest.raises(ValueError, match="two symbols"):
        gs1_128("9" * (GS1_DATA_MAX + 1), "")
