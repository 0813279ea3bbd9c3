"""Whoever looks at the province: the overview page in a real browser, in both languages, at a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.pages import watched_page
from tests.browser.province import MINUTE_MS, SITES, TENT
from tests.contract.ledger_events import line, moved
from tests.integration.running_centre import RunningCentre, running_centre, serving

Cookies = dict[str, str]


@pytest_asyncio.fixture
async def cookies(running: RunningCentre) -> Cookies:
    """Of somebody from the province's operations."""
    return await running.signed_in("李敏")


async def is_live(page: Page) -> None:
    await expect(page.locator("#live")).to_have_attribute("data-state", "live")


async def test_the_page_shows_the_province_in_chinese(browser: Browser, address: str, cookies: Cookies) -> None:
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        page = watched.page
        await expect(page.locator("h1")).to_contain_text("一本账")
        await expect(page.locator("#sites tr")).to_have_count(len(SITES))
        silent = page.locator("#sites tr").first
        await expect(silent).to_contain_text("舟山市海岛应急物资储备点")
        await expect(silent.locator(".badge")).to_contain_text("失联")
        await expect(silent).to_contain_text("1,284 条")
        await expect(page.locator('.tile[data-key="fresh"] .value')).to_have_text("72%")
        await expect(page.locator('.tile[data-key="quarantine"] .value')).to_have_text("1")
        await expect(page.locator("#movements li").first).to_contain_text("12平方米单帐篷 120 顶")
        await expect(page.locator("#warnings li")).to_have_count(2)
        await expect(page.locator(".panel")).to_have_count(2)
        await is_live(page)


async def test_the_page_reads_without_any_script(browser: Browser, address: str, cookies: Cookies) -> None:
    async with watched_page(
        browser, address + "/", locale="zh-CN", java_script_enabled=False, cookies=cookies
    ) as watched:
        await expect(watched.page.locator("#sites tr")).to_have_count(len(SITES))
        await expect(watched.page.locator("#movements li")).not_to_have_count(0)


async def test_a_movement_appears_by_itself_when_it_is_booked(
    browser: Browser, running: RunningCentre, address: str, cookies: Cookies
) -> None:
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        page = watched.page
        await is_live(page)
        today = int((await page.locator('.tile[data-key="movements"] .value').inner_text()).replace(",", ""))
        await page.evaluate("window.wasNotReloaded = true")
        await running.book("jh-01", moved(50, "issue", line(TENT, 33, from_bin="A-01-01", lot="T2026"), actor="李敏"))
        newest = page.locator("#movements li").first
        await expect(newest).to_contain_text("33 顶")
        await expect(newest.locator(".chip")).to_have_text("出库")
        await expect(newest).to_contain_text("金华市应急救援平台")
        await expect(page.locator('.tile[data-key="movements"] .value')).to_have_text(f"{today + 1:,}")
        assert await page.evaluate("window.wasNotReloaded") is True


async def test_more_movements_than_fit_leave_the_newest(
    browser: Browser, running: RunningCentre, address: str, cookies: Cookies
) -> None:
    async with watched_page(browser, address + "/", cookies=cookies) as watched:
        await is_live(watched.page)
        await running.book("nb-01", *(moved(n, "receipt", line(TENT, n, to_bin="A-09")) for n in range(100, 145)))
        lines = watched.page.locator("#movements li")
        await expect(lines.first).to_contain_text("144")
        await expect(lines).to_have_count(30)
        await expect(lines.last).to_contain_text("115")


async def test_what_a_person_sent_is_text_and_never_markup(
    browser: Browser, running: RunningCentre, address: str, cookies: Cookies
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    note = {"kind": "RK", "number": "<b>RK</b>"}
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        page = watched.page
        await is_live(page)
        await running.book("nb-01", moved(60, "receipt", line(TENT, 7, to_bin="A-1"), actor=evil, document=note))
        await expect(page.locator("#movements li").first).to_contain_text(evil)
        await page.reload()
        await expect(page.locator("#movements li").first).to_contain_text(evil)
        await expect(page.locator("#movements img, #movements b b")).to_have_count(0)


async def test_a_site_that_is_heard_again_turns_fresh_and_leaves_the_top(
    browser: Browser, running: RunningCentre, address: str, cookies: Cookies
) -> None:
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        page = watched.page
        await is_live(page)
        running.live("zs-01", ("zone-a", "temperature_c", 24.5))
        row = page.locator('#sites tr[data-key="zs-01"]')
        await expect(row.locator(".badge")).to_contain_text("新鲜")
        await expect(row).to_contain_text("24.5 ℃")
        await expect(page.locator("#sites tr").first).not_to_contain_text("舟山")


async def test_a_picture_ages_though_nothing_is_heard(
    browser: Browser, running: RunningCentre, address: str, cookies: Cookies
) -> None:
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        await is_live(watched.page)
        running.clock.at_ms += 10 * MINUTE_MS
        row = watched.page.locator('#sites tr[data-key="nb-01"]')
        await expect(row.locator(".badge")).to_contain_text("稍迟")
        await expect(row).to_contain_text("10 分钟前")


async def test_another_language_is_one_click_away(browser: Browser, address: str, cookies: Cookies) -> None:
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        page = watched.page
        await page.click(".language")
        await expect(page.locator("html")).to_have_attribute("lang", "en")
        await expect(page.locator("h1")).to_contain_text("One Book")
        await expect(page.locator("#movements li").first).to_contain_text("Tent, single layer, 12 m2 120 pcs")
        await expect(page.locator("#live")).to_have_text("Live")
        await page.click(".language")
        await expect(page.locator("#live")).to_have_text("实时")


async def test_a_browser_that_speaks_english_gets_english(browser: Browser, address: str, cookies: Cookies) -> None:
    async with watched_page(browser, address + "/", locale="en-GB", cookies=cookies) as watched:
        await expect(watched.page.locator("#sites-title")).to_have_text("Warehouses")


async def test_another_room_is_drawn_when_it_is_chosen(browser: Browser, address: str, cookies: Cookies) -> None:
    async with watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched:
        page = watched.page
        before = await page.locator(".line").first.get_attribute("d")
        await page.select_option("#zone", "ls-01/zone-a")
        await expect(page.locator("#climate-chart")).to_have_attribute("data-zone", "ls-01/zone-a")
        assert await page.locator(".line").first.get_attribute("d") != before
        await page.locator(".plot").first.hover()
        await expect(page.locator(".reading").first).to_contain_text("℃")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [360, 390, 768, 1280, 2560])
async def test_nothing_hangs_over_the_side(
    browser: Browser, address: str, cookies: Cookies, width: int, language: str
) -> None:
    async with watched_page(browser, f"{address}/?lang={language}", width=width, cookies=cookies) as watched:
        await is_live(watched.page)
        assert await watched.page.evaluate("document.documentElement.scrollWidth") <= width


async def test_an_empty_province_says_what_is_missing(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    async with (
        running_centre(tmp_path / "empty") as running,
        serving(running) as address,
        watched_page(browser, address + "/?lang=en", cookies=await running.signed_in()) as watched,
    ):
        for text in ("No warehouse is registered yet", "The book is empty", "No climate readings yet"):
            await expect(watched.page.get_by_text(text)).to_be_visible()
        await is_live(watched.page)
