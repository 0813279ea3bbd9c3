"""A keeper books, finds the paper, prints it and prints it again: real agent, real browser, and the paper is read back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.console_bench import BADGE, CONFIRM, TENT, ConsoleBench
from tests.browser.pages import chromium, watched_page
from tests.browser.printing import printed_pages

NUMBER = "RK20260922330106010001"
_NOTE_PRINT = "window.print = () => { document.documentElement.dataset.printed = 'yes'; }"


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture
async def bench(tmp_path: Path, browser: Browser) -> AsyncIterator[ConsoleBench]:
    async with ConsoleBench(tmp_path) as built:
        await built.start()
        await built.scan(BADGE, "OBC-RECEIVE", f"OBD-{NUMBER}", "OBB-A-01", TENT, "OBQ-20", CONFIRM)
        await built.until(lambda: built.facts("goods_moved"))
        yield built


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
