"""Labels out of Chromium's print: their size on paper, one on a page or sheets of them, and every code on them is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from datetime import date

import pytest
from playwright.async_api import Browser

from onebook_edge.capture.command_words import Words
from onebook_edge.paper.command_sheet import COUNTS, command_sheet
from onebook_edge.paper.element_strings import sscc
from onebook_edge.paper.labels import (
    PalletContent,
    badge,
    bin_label,
    document_label,
    item_lot_label,
    pallet_label,
)
from onebook_edge.paper.pages import Language, Press
from onebook_schemas.labels import Command, command_text
from tests.browser.pages import chromium
from tests.browser.printing import print_html, printed_pages, texts
from tests.unit.edge.paper.samples import BED, LOT, RICE, TENT

SMALL = [
    bin_label("A-01-02", "帐篷区第一排", "A"),
    bin_label("Z9-LONG-BIN-CODE-OF-32-CHARACTER"),
    badge("P1001", "张建国", Words("保管员", "Keeper"), "杭州市救灾物资储备库"),
    document_label(
        "RK2026112833010601K7QF200042", Words("入库单", "Receipt note"), date(2026, 11, 23), "杭州市救灾物资储备库"
    ),
]
PALLET = sscc("3", "9521234", 17)


@pytest.fixture(name="browser", scope="module")
async def _browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_each_small_label_is_a_page_of_its_own(browser: Browser, language: Language) -> None:
    pages = printed_pages(await print_html(browser, Press(language).labels(SMALL)))
    assert {(page.width_mm, page.height_mm) for page in pages} == {(60, 40)}
    assert [set(codes) for codes in texts(pages)] == [
        {"OBB-A-01-02"},
        {"OBB-Z9-LONG-BIN-CODE-OF-32-CHARACTER"},
        {"OBP-P1001"},
        {"OBD-RK2026112833010601K7QF200042"},
    ]
    assert ("Keeper" in pages[2].text, "Badge" in pages[2].text) == (False, language == "en")


async def test_goods_and_pallets_have_larger_labels(browser: Browser) -> None:
    goods = [item_lot_label(TENT, TENT.units[0], LOT), item_lot_label(RICE, RICE.units[0], LOT)]
    pages = printed_pages(await print_html(browser, Press("zh").labels(goods)))
    assert [(page.width_mm, page.height_mm) for page in pages] == [(100, 70)] * 2
    assert [set(codes) for codes in texts(pages)] == [
        {"01095200000000111736043010T2026-11", "https://id.gs1.org/01/09520000000011/10/T2026-11?17=360430"},
        {"OBI-LS05001", "OBL-20360430-T2026-11"},
    ]
    pallet = pallet_label(PALLET, [PalletContent(BED, BED.units[1], 20, LOT)])
    (page,) = printed_pages(await print_html(browser, Press("zh").labels([pallet])))
    assert (page.width_mm, page.height_mm) == (100, 150)
    assert {code.text for code in page.codes} == {f"00{PALLET}", "0219520000000063173604303720\x1d10T2026-11"}


async def test_sheets_of_labels_fill_a4(browser: Browser) -> None:
    bins = [bin_label(f"A-{number:02}") for number in range(1, 31)]
    pages = printed_pages(await print_html(browser, Press("zh").labels(bins, on_a4=True)))
    assert [(page.width_mm, page.height_mm) for page in pages] == [(210, 297)] * 2
    read = Counter(text for codes in texts(pages) for text in codes)
    assert set(read) == {f"OBB-A-{number:02}" for number in range(1, 31)}


async def test_the_command_sheet_is_read_from_bars_half_a_millimetre_wide(browser: Browser) -> None:
    pages = printed_pages(await print_html(browser, Press("en").command_sheet(command_sheet())))
    assert {(page.width_mm, page.height_mm) for page in pages} == {(210, 297)}
    read = [text for codes in texts(pages) for text in codes]
    assert sorted(read) == sorted([*map(command_text, Command), *(f"OBQ-{count}" for count in COUNTS)])
    assert "出库" in pages[0].text
