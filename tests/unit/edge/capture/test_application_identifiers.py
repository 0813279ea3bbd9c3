"""Our table of application identifiers against biip's, which was generated from the GS1 web site by others."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from biip import ParseConfig, ParseError
from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS as THEIRS
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from hypothesis import given, settings
from hypothesis import strategies as st

from onebook_edge.capture.application_identifiers import (
    IDENTIFIERS,
    Element,
    WrongElementError,
    extract,
    read_link,
)

CONFIG = ParseConfig(gs1_element_strings_verify_date=False)
LENGTHS = (0, 1, 2, 3, 4, 6, 8, 10, 12, 13, 14, 15, 17, 18, 20, 25, 30, 35, 41, 71, 91)


def theirs(text: str) -> tuple[str, str] | None:
    try:
        element = GS1ElementString.extract(text, config=CONFIG)
    except ParseError:
        return None
    return element.ai.ai, element.value


def ours(text: str) -> tuple[str, str] | None:
    try:
        element = extract(text)
    except WrongElementError:
        return None
    return element.ai, element.value


def test_there_are_the_same_identifiers_with_the_same_separators() -> None:
    assert {ai: one.separator_required for ai, one in IDENTIFIERS.items()} == {
        ai: one.separator_required for ai, one in THEIRS.items()
    }


def test_every_identifier_takes_the_same_values() -> None:
    dice = random.Random(1)
    for ai in THEIRS:
        for _ in range(60):
            letters = dice.choice(("0123456789", "0123456789", "012", "01AZaz!%/-_# ?"))
            text = ai + "".join(dice.choices(letters, k=dice.choice(LENGTHS)))
            assert ours(text) == theirs(text), text


@given(
    st.lists(st.sampled_from(["01", "9506000134352", "10", "AB%2F1", "21", "7", "8004", "414", "x", ""]), max_size=6),
    st.lists(
        st.tuples(st.sampled_from(["17", "10", "37", "utm"]), st.sampled_from(["261231", "5", "x y"])), max_size=3
    ),
)
@settings(deadline=None)
def test_a_digital_link_has_the_same_elements(path: list[str], query: list[tuple[str, str]]) -> None:
    address = "https://id.example.cn/" + "/".join(path) + "?" + "&".join(f"{key}={value}" for key, value in query)
    try:
        expected = [(one.ai.ai, one.value) for one in GS1DigitalLinkURI.parse(address, config=CONFIG).element_strings]
    except ParseError:
        with pytest.raises(WrongElementError):
            read_link(address)
    else:
        assert [(one.ai, one.value) for one in read_link(address)] == expected


@pytest.mark.parametrize(
    ("ai", "value", "number"),
    [
        ("3103", "000500", "0.500"), ("3100", "000005", "5"), ("3922", "2", "0.02"), ("3932", "1562050", "20.50"),
        ("3943", "0125", "0.125"), ("37", "5", None), ("10", "5", None),
    ],
)  # fmt: skip
def test_the_identifier_says_where_the_point_is(ai: str, value: str, number: str | None) -> None:
    assert Element(ai, value).decimal == (None if number is None else Decimal(number))
