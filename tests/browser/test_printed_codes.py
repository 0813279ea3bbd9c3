"""Every code that is printed is read back, by a decoder that others wrote, from paper of a label's size at 203 dots per inch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest

from onebook_edge.capture.gs1 import GS
from onebook_edge.paper.code128 import code128, gs1_128
from onebook_edge.paper.element_strings import (
    CONTENT,
    COUNT,
    EXPIRES,
    GTIN,
    LOT,
    SERIAL,
    SSCC,
    day,
    digital_link,
    element,
    element_string,
    for_people,
    sscc,
)
from onebook_edge.paper.symbols import Picture, bar_picture, qr_picture
from onebook_schemas.labels import Command, LabelKind, command_text, label_text
from tests.browser.pages import chromium
from tests.browser.printing import Code, print_html, printed_pages

ROOM_MM = Decimal(96)
BARS_MM = Decimal(15)
LABELS = [
    *map(command_text, Command),
    *(label_text(LabelKind.BIN, code) for code in ("A-01-02", "G-01", "B7.3_x", "Z9-12-034-5")),
    *(label_text(LabelKind.QUANTITY, amount) for amount in ("1", "20", "2.5", "123456.789")),
    label_text(LabelKind.PERSON, "P1001"),
    label_text(LabelKind.DOCUMENT, "RK20261123330106010001"),
    "LS01001",
    "a\x01B\x7f 0123456789~",  # All three code sets, and shifts.
]
_GTIN = element(GTIN, "09520000000011")
ELEMENTS = [
    [_GTIN],
    [_GTIN, day(EXPIRES, date(2029, 6, 30)), element(LOT, "T2026-1")],
    [_GTIN, element(LOT, "ABC/123"), element(SERIAL, "S-000042")],
    [element(SSCC, sscc("3", "9521234", 17))],
    [
        element(CONTENT, "09520000000011"),
        element(COUNT, "40"),
        day(EXPIRES, date(2029, 6, 30)),
        element(LOT, "T2026-1"),
    ],
    [_GTIN, element(LOT, "!\"%&'()*"), element(SERIAL, "+,-./:;")],
    [_GTIN, element(LOT, "<=>?_Zz"), element(SERIAL, "0900")],
]


async def test_every_label_of_ours_is_read_back_from_bars_and_from_a_qr_code() -> None:
    pictures = [bar_picture(code128(text), room_mm=ROOM_MM, height_mm=BARS_MM) for text in LABELS]
    assert await _read_back(pictures) == [Code("]C0", text) for text in LABELS]
    pictures = [qr_picture(text, room_mm=Decimal(20)) for text in LABELS]
    assert await _read_back(pictures) == [Code("]Q1", text) for text in LABELS]


async def test_every_element_string_is_read_back_as_gs1_128() -> None:
    strings = [element_string(elements) for elements in ELEMENTS]
    symbols = [gs1_128(text, for_people(elements)) for text, elements in zip(strings, ELEMENTS, strict=True)]
    pictures = [bar_picture(symbol, room_mm=ROOM_MM, height_mm=BARS_MM) for symbol in symbols]
    assert await _read_back(pictures) == [Code("]C1", text) for text in strings]
    assert any(GS in text for text in strings)


async def test_every_link_of_goods_is_read_back_from_a_qr_code() -> None:
    links = [digital_link(elements) for elements in ELEMENTS if _GTIN in elements]
    assert await _read_back([qr_picture(link, room_mm=Decimal(40)) for link in links]) == [
        Code("]Q1", x) for x in links
    ]


@pytest.mark.parametrize("room_mm", [Decimal(10), Decimal("43.9")])
def test_without_room_for_two_dots_a_module_nothing_unreadable_is_printed(room_mm: Decimal) -> None:
    assert bar_picture(code128("OBB-A-01-02"), room_mm=room_mm, height_mm=BARS_MM) is None


async def _read_back(pictures: Sequence[Picture | None]) -> list[Code]:
    """One label of 100 x 70 mm for each, printed and decoded."""
    assert all(pictures), "one had no room"
    figures = "".join(f"<figure>{picture.svg}</figure>" for picture in pictures if picture)
    style = "@page{size:100mm 70mm;margin:0} body,figure{margin:0} figure{padding:2mm} figure+figure{break-before:page}"
    async with chromium() as browser:
        pages = printed_pages(await print_html(browser, f"<!doctype html><style>{style}</style>{figures}"))
    assert [(page.width_mm, page.height_mm) for page in pages] == [(100, 70)] * len(pictures)
    return [code for page in pages for code in page.codes]
