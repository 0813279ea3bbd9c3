"""A keeper books, finds the paper, prints it and prints it again: real agent, real browser, and the paper is read back.

And everybody can: each page of papers and labels at both sizes, in both languages, by keyboard alone, with large letters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.console_bench import BADGE, CONFIRM, TENT, ConsoleBench
from tests.browser.pages import watched_page
from tests.browser.printing import printed_pages
from tests.browser.readable import complaints_of_axe, cut_off, enlarge, small_to_touch, tab_to
from tests.browser.warehouse import PEOPLE, SITE, TASKS

NUMBER = "RK20260922330106010001"
_NOTE_PRINT = "window.print = () => { document.documentElement.dataset.printed = 'yes'; }"


@pytest_asyncio.fixture
async def bench(tmp_path: Path, browser: Browser) -> AsyncIterator[ConsoleBench]:
    async with ConsoleBench(tmp_path) as built:
        await built.start()
        await built.scan(BADGE, "OBC-RECEIVE", f"OBD-{NUMBER}", "OBB-A-01", TENT, "OBQ-20", CONFIRM)
        await built.until(lambda: built.facts("goods_moved"))
        yield built


PAGES = {
    "today": "/papers",
    "found": f"/papers?number=OBD-{NUMBER}",
    "not found": "/papers?number=OBD-RK0",
    "labels": "/labels",
    "label of goods": "/labels?q=zdc",
}
SHEETS = {
    "document": "/papers/{paper}",
    "blank count": "/papers/blank-count",
    "command sheet": "/labels/commands",
    "bins": "/labels/bins",
    "bins on A4": "/labels/bins?a4=1",
    "badges": "/labels/badges",
    "goods": "/labels/goods?item=LS01006&lot=T2026-11&factor=2",
    "pallet": "/labels/pallet?sscc=095200000000000011&item=LS01006&count=9",
}
SIZES = [(1280, "zh"), (360, "en"), (360, "zh"), (1280, "en")]


@pytest_asyncio.fixture(scope="module")
async def furnished(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> AsyncIterator[tuple[ConsoleBench, str]]:
    """A warehouse that knows its bins and people, with one receipt; and the name of its paper."""
    async with ConsoleBench(tmp_path_factory.mktemp("bench"), PEOPLE, SITE, TASKS) as built:
        await built.start()
        await built.scan(BADGE, "OBC-RECEIVE", f"OBD-{NUMBER}", "OBB-A-01", TENT, "OBQ-20", CONFIRM)
        await built.until(lambda: built.facts("goods_moved"))
        async with watched_page(browser, f"{built.address}/papers") as watched:
            where = await watched.page.get_attribute(".papers a", "href")
        assert where
        yield built, where


def address_of(furnished: tuple[ConsoleBench, str], path: str, language: str = "zh") -> str:
    bench, paper = furnished
    where = bench.address + path.format(paper=paper.removeprefix("/papers/"))
    return f"{where}{'&' if '?' in where else '?'}lang={language}"


async def in_every_size(page: Page, furnished: tuple[ConsoleBench, str], path: str) -> AsyncIterator[tuple[int, str]]:
    """Width and language in which the page is shown now."""
    for width, language in SIZES:
        await page.set_viewport_size({"width": width, "height": 860})
        await page.goto(address_of(furnished, path, language))
        yield width, language


@pytest.mark.parametrize("path", [*PAGES.values(), *SHEETS.values()], ids=[*PAGES, *SHEETS])
async def test_axe_finds_nothing_to_complain_of_and_a_glove_misses_nothing(
    furnished: tuple[ConsoleBench, str], browser: Browser, path: str
) -> None:
    async with watched_page(browser, address_of(furnished, path)) as watched:
        page = watched.page
        async for seen_as in in_every_size(page, furnished, path):
            for scheme in ("light", "dark") if path in PAGES.values() else ("light",):  # Paper is white.
                await page.emulate_media(color_scheme=scheme)
                assert await complaints_of_axe(page) == [], (seen_as, scheme)
            assert await small_to_touch(page) == [], seen_as


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
async def test_letters_of_twice_the_size_lose_nothing(
    furnished: tuple[ConsoleBench, str], browser: Browser, path: str
) -> None:
    async with watched_page(browser, address_of(furnished, path)) as watched:
        page = watched.page
        async for width, language in in_every_size(page, furnished, path):
            for folded in await page.query_selector_all("details:not([open]) > summary"):
                await folded.click()
            for times in (1, 2):
                await enlarge(page, times)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, (language, times)
                assert await cut_off(page) == [], (width, language, times)


@pytest.mark.parametrize("path", SHEETS.values(), ids=SHEETS)
async def test_a_sheet_looked_at_through_a_lens_of_200_percent_can_be_gone_over_wholly(
    furnished: tuple[ConsoleBench, str], browser: Browser, path: str
) -> None:
    """Its lengths are those of paper: a browser that enlarges it leaves half the room. What is wider is moved to by itself."""
    where = address_of(furnished, path)
    async with watched_page(browser, where, width=180, device_scale_factor=2) as watched:
        assert await watched.page.evaluate("document.documentElement.scrollWidth") <= 180
        assert await small_to_touch(watched.page) == []


async def test_a_paper_is_found_and_printed_by_keyboard_alone(
    furnished: tuple[ConsoleBench, str], browser: Browser
) -> None:
    bench, _ = furnished
    async with watched_page(browser, f"{bench.address}/papers") as watched:
        page = watched.page
        await page.add_init_script(_NOTE_PRINT)
        await page.reload()
        await tab_to(page, "summary")
        await page.keyboard.press("Enter")
        await tab_to(page, 'input[name="number"]')
        await page.keyboard.type(NUMBER, delay=90)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/papers?**")
        await tab_to(page, ".papers a")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/papers/*")
        await tab_to(page, "nav button")
        await page.keyboard.press("Space")
        await expect(page.locator("html")).to_have_attribute("data-printed", "yes")


async def test_a_label_is_chosen_and_printed_by_keyboard_alone(
    furnished: tuple[ConsoleBench, str], browser: Browser
) -> None:
    bench, _ = furnished
    async with watched_page(browser, f"{bench.address}/papers") as watched:
        page = watched.page
        await page.add_init_script(_NOTE_PRINT)
        await tab_to(page, 'a[href="/labels"]')
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/labels")
        await tab_to(page, 'input[name="q"]')
        await page.keyboard.type("zdc", delay=90)
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await tab_to(page, 'input[name="lot"]')
        await page.keyboard.type("T2026-11", delay=90)
        await tab_to(page, 'form[action="/labels/goods"] button.strong')
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/labels/goods?**")
        await tab_to(page, "[data-print]")
        await page.keyboard.press("Enter")
        await expect(page.locator("html")).to_have_attribute("data-printed", "yes")


async def print_it(page: Page) -> bytes:
    await page.click("nav button")
    await expect(page.locator("html")).to_have_attribute("data-printed", "yes")
    return await page.pdf(prefer_css_page_size=True)


@pytest.mark.parametrize(("width", "language"), [(1280, "zh"), (360, "en")])
async def test_a_booked_receipt_is_found_and_printed_and_the_second_print_is_a_copy(
    bench: ConsoleBench, browser: Browser, width: int, language: str
) -> None:
    async with watched_page(browser, f"{bench.address}/papers?lang={language}", width=width) as watched:
        page = watched.page
        await page.add_init_script(_NOTE_PRINT)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        for time in (1, 2):
            await page.goto(f"{bench.address}/papers?number=OBD-{NUMBER}")
            await page.click(".papers a")
            await page.wait_for_url("**/papers/*")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            (paper,) = printed_pages(await print_it(page))
            assert (paper.width_mm, paper.height_mm) == (297, 210)
            (moved,) = bench.facts("goods_moved")
            assert {code.text for code in paper.codes} == {f"OBD-{NUMBER}", f"OBM-{moved['movement_id']}"}
            assert ("入库单" in paper.text, "预览" in paper.text) == (True, False)
            assert ("副本，第2次打印" in paper.text) == (time == 2)
            assert ("Receiptnote" in paper.text) == (language == "en")


async def test_papers_survive_a_kill_of_the_agent_with_their_count(bench: ConsoleBench, browser: Browser) -> None:
    async with watched_page(browser, f"{bench.address}/papers") as watched:
        page = watched.page
        await page.add_init_script(_NOTE_PRINT)
        await page.goto(f"{bench.address}/papers")
        await page.click(".papers a")
        await print_it(page)
        bench.agent.kill()
        await bench.start()
        await page.goto(f"{bench.address}/papers")
        await expect(page.locator(".papers a")).to_contain_text("已打印 1 次")
        await page.click(".papers a")
        assert "副本，第2次打印" in printed_pages(await print_it(page))[0].text


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (360, "zh")])
async def test_labels_are_chosen_by_initials_and_printed(
    bench: ConsoleBench, browser: Browser, width: int, language: str
) -> None:
    async with watched_page(browser, f"{bench.address}/labels?lang={language}", width=width) as watched:
        page = watched.page
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.fill('input[name="q"]', "zdc")
        await page.press('input[name="q"]', "Enter")
        await page.fill('input[name="lot"]', "T2026-11")
        await page.click('form[action="/labels/goods"] button.strong')
        await page.wait_for_url("**/labels/goods?**")
        (label,) = printed_pages(await page.pdf(prefer_css_page_size=True))
        assert (label.width_mm, label.height_mm) == (100, 70)
        assert "010952000000006610T2026-11" in {code.text for code in label.codes}
