"""Documents out of Chromium's print: A4, each page counted and with the head of the table, codes that are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest
from playwright.async_api import Browser

from onebook_edge.paper.documents import (
    PrintedDocument,
    blank_count,
    count_document,
    movement_document,
    reversal_document,
)
from onebook_edge.paper.pages import Language, Press
from onebook_schemas.stock_events import MovementKind, RotationMethod
from tests.browser.pages import chromium
from tests.browser.printing import PrintedPage, print_html, printed_pages, show
from tests.unit.edge.paper.facts import KNOWN, counted, event, line, moved, receipt, reversal
from tests.unit.edge.paper.samples import BED, LOT, RADIO, TENT

NUMBER = "2026112833010601K7QF200042"


def single(kind: MovementKind, letters: str, **bins: str) -> PrintedDocument:
    fact = moved(3, kind, line(TENT.code, "4", lot=LOT, **bins), document=letters + NUMBER)
    return movement_document(event(7, fact), KNOWN)


DOCUMENTS = {
    "入库单": movement_document(event(7, receipt()), KNOWN),
    "出库单": single(MovementKind.ISSUE, "CK", from_bin="A-01-02"),
    "移库单": single(MovementKind.BIN_MOVE, "RW", from_bin="A-01-02", to_bin="B-01"),
    "报损单": single(MovementKind.DISPOSAL, "RW", from_bin="A-01-02"),
    "轮换单（出库）": movement_document(
        event(
            7,
            moved(
                3,
                MovementKind.ROTATION_OUT,
                line(TENT.code, "4", from_bin="A"),
                rotation=RotationMethod.MARKET_SALE,
                document=f"LH{NUMBER}",
            ),
        ),
        KNOWN,
    ),
    "退库单": single(MovementKind.RECOVERY, "RW", to_bin="A-01-02"),
    "冲销单": reversal_document(event(8, reversal(2, 1)), event(7, receipt()), KNOWN),
    "盘点表": count_document(
        [event(1, counted(1, TENT.code, "38"))], KNOWN, {("A-01-02", TENT.code, None): Decimal(40)}
    ),
    "盘点表（空白，盲盘）": blank_count(f"PD{NUMBER}", [("A-01-02", BED.code, None)], KNOWN, on=date(2026, 9, 22)),
}


@pytest.fixture(name="browser", scope="module")
async def _browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def printed(browser: Browser, document: PrintedDocument, language: Language = "zh") -> list[PrintedPage]:
    return printed_pages(await print_html(browser, Press(language).document(document)))


@pytest.mark.parametrize("title", DOCUMENTS)
async def test_each_document_is_one_page_of_a4_with_its_code(browser: Browser, title: str) -> None:
    document = DOCUMENTS[title]
    (page,) = await printed(browser, document)
    assert (page.width_mm, page.height_mm) == (297, 210)
    assert title in page.text
    assert "第1页/共1页" in page.text
    texts = {code.text for code in page.codes}
    assert {text for text in texts if text.startswith("OBD-")} == (
        {f"OBD-{document.number}"} if document.code else set()
    )
    assert {text[:4] for text in texts - {f"OBD-{document.number}"}} == ({"OBM-"} if document.qr else set())


async def test_a_long_document_counts_its_pages_and_names_itself_on_each(browser: Browser) -> None:
    lines = [line(TENT.code, "4", lot=LOT, from_bin=f"A-{n:03}", to_bin="B-02-01") for n in range(1, 201)]
    fact = moved(3, MovementKind.BIN_MOVE, *lines, document=f"RW{NUMBER}")
    pages = await printed(browser, movement_document(event(7, fact), KNOWN), "en")
    count = len(pages)
    assert count > 5
    for number, page in enumerate(pages, 1):
        assert f"第{number}页/共{count}页·Page{number}of{count}" in page.text
        assert f"RW{NUMBER}" in page.text
    assert all("物资编码" in page.text for page in pages[:-1])
    whole = "".join(page.text for page in pages)
    assert all(f"A-{n:03}" in whole for n in range(1, 201))
    assert "800顶" in whole


async def test_five_thousand_serials_are_an_annex_and_all_there(browser: Browser) -> None:
    serials = tuple(f"SN{n:05}" for n in range(5_000))
    fact = moved(3, MovementKind.RECEIPT, line(RADIO.code, "5000", serials=serials, to_bin="A"))
    pages = await printed(browser, movement_document(event(7, fact), KNOWN))
    whole = "".join(page.text for page in pages)
    assert all(serial in whole for serial in serials)
    assert all("入库单№无单号00000003" in page.text for page in pages)


async def test_nothing_reaches_beyond_the_paper(browser: Browser) -> None:
    """Long names, lots and bins break; no column leaves the sheet."""
    long_lot = LOT.model_copy(update={"number": "L" * 40})
    fact = moved(
        3,
        MovementKind.BIN_MOVE,
        line("ZZ99999", "123456789.123456789", lot=long_lot, from_bin="A" * 32, to_bin="B" * 32),
    )
    page = await browser.new_page(viewport={"width": 1047, "height": 720})  # 277 mm: between the margins.
    html = Press("en").document(movement_document(event(7, fact), KNOWN))
    await show(page, html)
    await page.emulate_media(media="print")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1047
    await page.close()
