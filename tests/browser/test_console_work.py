"""A keeper works at the screen of the box: real agent, real browser, scanners and scale behind pseudo terminals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.console_bench import BADGE, CONFIRM, TENT, ConsoleBench
from tests.browser.pages import watched_page


@pytest_asyncio.fixture
async def bench(tmp_path: Path, browser: Browser) -> AsyncIterator[ConsoleBench]:
    async with ConsoleBench(tmp_path) as built:
        await built.start()
        yield built


async def is_live(page: Page) -> None:
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")


async def says(page: Page, code: str) -> None:
    await expect(page.locator("#said")).to_have_attribute("data-code", code)


@pytest.mark.parametrize(("width", "language"), [(1280, "zh"), (360, "en")])
async def test_goods_are_received_with_scanner_and_screen_together(
    bench: ConsoleBench, browser: Browser, width: int, language: str
) -> None:
    async with watched_page(browser, f"{bench.work}?lang={language}", width=width) as watched:
        page = watched.page
        await is_live(page)
        await bench.scan(BADGE)
        await page.click('button[value="OBC-RECEIVE"]')
        await says(page, "action-chosen")
        await bench.scan("OBB-A-01", TENT)
        await page.fill("#amount", "20")
        await page.press("#amount", "Enter")
        await expect(page.locator(".lines li .amount b").first).to_have_text("20")
        unit = {"zh": "顶", "en": "pieces"}[language]
        await expect(page.locator(".lines li .amount span").first).to_have_text(unit)
        await page.click(".confirm")
        await says(page, "recorded")
        await expect(page.locator(".lines li")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    (moved,) = bench.facts("goods_moved")
    assert (moved["kind"], moved["actor"], moved["lines"][0]["quantity"]["amount"]) == ("receipt", "1001", "20")


async def test_a_confirm_button_that_is_pressed_again_and_again_books_once(
    bench: ConsoleBench, browser: Browser
) -> None:
    async with watched_page(browser, bench.work) as watched:
        page = watched.page
        await is_live(page)
        await bench.scan(BADGE, "OBC-RECEIVE", "OBB-A-01", TENT)
        await expect(page.locator(".confirm")).to_be_enabled()
        token, mark = await page.evaluate(
            "[document.body.dataset.token, document.querySelector('.sheet').dataset.mark]"
        )
        press = """([place, token, mark]) => Promise.all(Array.from({length: 8}, () => fetch(place + '/enter', {
            method: 'POST', headers: {Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded'},
            body: new URLSearchParams({token, mark, code: 'OBC-CONFIRM'})}).then((answer) => answer.status)))"""
        assert set(await page.evaluate(press, [bench.work, token, mark])) == {200}
        await says(page, "recorded")
        await bench.scan("OBC-RECEIVE", "OBB-A-01", TENT)  # The same again; nobody has confirmed it.
        await expect(page.locator(".lines li")).to_have_count(1)
        await page.evaluate(press, [bench.work, token, mark])
        await expect(page.locator(".lines li")).to_have_count(1)
    assert len(bench.facts("goods_moved")) == 1


async def test_two_screens_on_one_work_place_see_the_same_sheet_and_a_reload_keeps_it(
    bench: ConsoleBench, browser: Browser
) -> None:
    async with watched_page(browser, bench.work) as one, watched_page(browser, bench.work, width=360) as other:
        await is_live(one.page)
        await is_live(other.page)
        await bench.scan(BADGE, "OBC-RECEIVE", TENT)
        for page in (one.page, other.page):
            await expect(page.locator(".lines li .what b")).to_have_text("12平方米单帐篷")
        await other.page.click(".undo")
        await expect(one.page.locator(".lines li")).to_have_count(0)
        await bench.scan(TENT)
        await other.page.reload()
        await expect(other.page.locator(".lines li")).to_have_count(1)


async def test_a_killed_agent_comes_back_with_the_draft_and_the_page_finds_it_again(
    bench: ConsoleBench, browser: Browser
) -> None:
    async with watched_page(browser, bench.work) as watched:
        page = watched.page
        await is_live(page)
        await bench.scan(BADGE, "OBC-RECEIVE", "OBB-A-01", TENT)
        await expect(page.locator(".lines li")).to_have_count(1)
        bench.agent.kill()
        await expect(page.locator("#live")).to_have_attribute("data-state", "waiting")
        await bench.start()
        await is_live(page)
        await expect(page.locator(".lines li")).to_have_count(1)
        await bench.scan(CONFIRM)
        await says(page, "recorded")
        watched.complaints.clear()  # The browser says that the line was away.
    assert len(bench.facts("goods_moved")) == 1


async def test_a_scanner_that_types_is_heard_whatever_has_the_focus(bench: ConsoleBench, browser: Browser) -> None:
    async with watched_page(browser, bench.work) as watched:
        page = watched.page
        await is_live(page)
        for code, answer in ((BADGE, "signed-in"), ("OBC-RECEIVE", "action-chosen"), ("OBB-A-01", "bin-named")):
            await type_like_a_scanner(page, code)
            await says(page, answer)
        await page.fill("#code", "zh")
        await page.focus("#code")
        await type_like_a_scanner(page, f"]C1{TENT}")
        await expect(page.locator(".lines li .amount b")).to_have_text("1")
        await page.focus("#amount")
        await type_like_a_scanner(page, "OBQ-12", through_input_method=True)
        await expect(page.locator(".lines li .amount b")).to_have_text("12")
        await expect(page.locator("#amount")).to_have_value("")


async def type_like_a_scanner(page: Page, text: str, *, through_input_method: bool = False) -> None:
    """All keys at once, as fast as the browser takes them. An input method takes the keys for itself: only what lies under
    the finger is told."""
    wire = await page.context.new_cdp_session(page)
    keys = []
    for sign in text:
        shift = sign.isupper() or sign in "()"
        key: dict[str, Any] = {"type": "rawKeyDown", "key": "Process", "code": _code_of(sign), "modifiers": 8 * shift}
        if not through_input_method:
            key |= {"type": "keyDown", "key": sign, "text": sign, "unmodifiedText": sign}
        keys.append(key)
    keys.append({"type": "rawKeyDown", "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13})
    await asyncio.gather(*(wire.send("Input.dispatchKeyEvent", key) for key in keys))
    await wire.detach()


def _code_of(sign: str) -> str:
    if sign.isdigit():
        return f"Digit{sign}"
    return {"-": "Minus", "]": "BracketRight"}.get(sign, f"Key{sign.upper()}")


async def test_goods_with_a_broken_label_are_found_by_initials_and_weighed(
    bench: ConsoleBench, browser: Browser
) -> None:
    async with watched_page(browser, f"{bench.work}?lang=zh") as watched:
        page = watched.page
        await is_live(page)
        await bench.scan(BADGE, "OBC-RECEIVE", "OBB-G-02")
        await page.fill("#code", "稻")
        hits = page.locator(".hits button")
        await expect(hits.first).to_be_visible()
        assert await hits.count() <= 20
        await page.locator('.hits button[value="OBI-LS07001"]').click()
        await says(page, "goods")
        bench.load.kg = Decimal("48.25")
        await expect(page.locator("#weight")).to_have_attribute("data-state", "stable")
        await expect(page.locator("#weight b")).to_have_text("48.25")
        await page.click('button[value="OBC-WEIGH"]')
        await expect(page.locator(".lines li .amount b")).to_have_text("48.25")
        await page.click(".confirm")
        await says(page, "recorded")
    (moved,) = bench.facts("goods_moved")
    assert (moved["lines"][0]["source"], moved["lines"][0]["quantity"]) == ("scale", {"amount": "48.25", "unit": "KGM"})


async def test_everything_can_be_done_without_script(bench: ConsoleBench, browser: Browser) -> None:
    async with watched_page(browser, bench.work, java_script_enabled=False) as watched:
        page = watched.page
        for code in (BADGE, "OBC-RECEIVE", "OBB-A-01", f"]C1{TENT}"):
            await page.fill("#code", code)
            await page.click(".entry button")
        await page.fill("#amount", "７")  # As an input method makes it wide.
        await page.click(".pad button")
        await expect(page.locator(".lines li .amount b")).to_have_text("7")
        await page.click(".confirm")
        await says(page, "recorded")
