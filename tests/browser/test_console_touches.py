"""How often must a keeper touch the screen? Fifty cartons are received, and twenty pieces issued, against orders.

Method: real agent, real browser with a touch screen, scanner and RFID reader behind pseudo terminals. The browser counts what
touches it. Both ways that staff work are gone: with the screen, and with the printed command codes alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from onebook_firmware_sim.truth import Tag
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import StockDocument, StockLine, Task, TaskAction, TaskLine, TasksDocument
from onebook_schemas.stock_events import Document, DocumentKind
from tests.browser.console_bench import BADGE, CONFIRM, ConsoleBench
from tests.browser.pages import watched_page
from tests.browser.warehouse import PEOPLE, SITE
from tests.unit.edge.capture.work_place import sgtin

RECEIVE_TOUCHES_MAX, ISSUE_TOUCHES_MAX = 3, 2
BED, BED_CARTON, CARTONS, BEDS_PER_CARTON = "LS01006", "0119520000000063", 50, 2
TENT, TENT_GTIN, TENTS = "LS01004", "09520000000042", 20
PURCHASE, ORDER = "RK20260922-0017", "DB20260922-0003"
SERIALS = tuple(str(number) for number in range(1, TENTS + 1))


def order(kind: DocumentKind, number: str, action: TaskAction, line: TaskLine, zh: str, en: str) -> Task:
    document = Document(kind=kind, number=number)
    return Task(document=document, action=action, title_zh=zh, title_en=en, lines=(line,))


def pieces(amount: int) -> Quantity:
    return Quantity(amount=Decimal(amount), unit="EA")


TASKS = TasksDocument(
    version=1,
    tasks=(
        order(
            DocumentKind.RECEIPT_NOTE, PURCHASE, TaskAction.RECEIVE,
            TaskLine(item=BED, quantity=pieces(CARTONS * BEDS_PER_CARTON), bin="A-01"), "采购到货", "Purchase arrives",
        ),
        order(
            DocumentKind.DISPATCH_ORDER, ORDER, TaskAction.ISSUE,
            TaskLine(item=TENT, quantity=pieces(TENTS)), "调拨温州", "Dispatch to Wenzhou",
        ),
    ),
)  # fmt: skip
STOCK = StockDocument(
    version=1,
    site_id=SITE.site_id,
    lines=(StockLine(bin="A-02", item=TENT, quantity=pieces(TENTS), serials=SERIALS),),
)
_COUNT_TOUCHES = """addEventListener('pointerdown', () => {
    sessionStorage.touches = Number(sessionStorage.touches ?? 0) + 1;
}, {capture: true})"""


@pytest_asyncio.fixture
async def bench(tmp_path: Path, browser: Browser) -> AsyncIterator[ConsoleBench]:
    async with ConsoleBench(tmp_path, PEOPLE, SITE, TASKS, STOCK) as built:
        await built.start()
        await built.scan(BADGE)
        yield built


async def touches(page: Page) -> int:
    """Since it was asked last."""
    count = await page.evaluate("Number(sessionStorage.touches ?? 0)")
    await page.evaluate("sessionStorage.touches = 0")
    return int(count)


async def says(page: Page, code: str) -> None:
    await expect(page.locator("#said")).to_have_attribute("data-code", code)


async def scan_cartons(bench: ConsoleBench, page: Page) -> None:
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")
    await bench.scan(*[BED_CARTON] * CARTONS)
    await expect(page.locator(".lines.mine .amount b")).to_have_text(str(CARTONS * BEDS_PER_CARTON))
    await expect(page.locator(".lines.expected li")).to_have_attribute("data-state", "complete")


async def read_tags(bench: ConsoleBench, page: Page) -> None:
    for serial in SERIALS:
        bench.field.enter(Tag(sgtin(TENT_GTIN, int(serial))))
    await expect(page.locator(".lines.mine .amount b")).to_have_text(str(TENTS))


def is_booked(bench: ConsoleBench) -> None:
    received, issued = bench.facts("goods_moved")
    assert (received["kind"], received["document"]["number"]) == ("receipt", PURCHASE)
    (beds,), (tents,) = received["lines"], issued["lines"]
    assert (beds["item"], beds["quantity"]["amount"], beds["to_bin"]) == (BED, "100", "A-01")
    assert (issued["kind"], issued["document"]["number"]) == ("transfer_out", ORDER)
    assert (tents["item"], sorted(tents["serials"], key=int), tents["from_bin"]) == (TENT, list(SERIALS), "A-02")
    assert (beds["source"], tents["source"]) == ("barcode", "rfid")


@pytest.mark.parametrize("width", [1280, 360])
async def test_with_the_screen_a_receipt_takes_three_touches_and_an_issue_two(
    bench: ConsoleBench, browser: Browser, width: int
) -> None:
    async with watched_page(browser, bench.address, width=width, has_touch=True) as watched:
        page = watched.page
        await page.add_init_script(_COUNT_TOUCHES)
        await page.reload()
        await page.tap(f'button[value="OBD-{PURCHASE}"]')
        await page.wait_for_url("**/at/bench")
        await page.tap('button[value="OBB-A-01"]')
        await scan_cartons(bench, page)
        await page.tap(".confirm")
        await says(page, "recorded")
        assert 0 < await touches(page) <= RECEIVE_TOUCHES_MAX

        await page.tap(f'button[value="OBD-{ORDER}"]')
        await says(page, "task-taken")
        await read_tags(bench, page)
        await page.tap(".confirm")
        await says(page, "recorded")
        assert 0 < await touches(page) <= ISSUE_TOUCHES_MAX
    is_booked(bench)


async def test_with_printed_codes_nobody_touches_anything(bench: ConsoleBench, browser: Browser) -> None:
    async with watched_page(browser, bench.work, has_touch=True) as watched:
        page = watched.page
        await page.add_init_script(_COUNT_TOUCHES)
        await page.reload()
        await bench.scan(f"OBD-{PURCHASE}", "OBB-A-01")
        await scan_cartons(bench, page)
        await bench.scan(CONFIRM)
        await says(page, "recorded")
        await bench.scan(f"OBD-{ORDER}")
        await read_tags(bench, page)
        await bench.scan(CONFIRM)
        await says(page, "recorded")
        assert await touches(page) == 0
    is_booked(bench)
