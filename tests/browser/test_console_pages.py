"""Every page of the console at both sizes and in both languages: readable for everybody, light, and nothing hangs over the side.

Method: one agent with simulated devices; axe-core (vendored beside this file) looks at each page as a browser shows it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Response, expect

from tests.browser.console_bench import BADGE, TENT, ConsoleBench
from tests.browser.pages import watched_page
from tests.browser.readable import complaints_of_axe, cut_off, enlarge, small_to_touch, tab_to
from tests.browser.warehouse import PEOPLE, PIN, SITE, TASKS

WEIGHT_MAX = 200 * 1024
NETWORK = {"X-Forwarded-For": "192.0.2.7"}  # What a proxy hands on is not the box itself.
SHOWN = [("/", "home"), ("/at/bench", "work"), ("/sign-in", "entrance")]
SIZES = [(1280, "zh"), (360, "en"), (360, "zh"), (1280, "en")]


@pytest_asyncio.fixture(scope="module")
async def bench(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> AsyncIterator[ConsoleBench]:
    async with ConsoleBench(tmp_path_factory.mktemp("bench"), PEOPLE, SITE, TASKS) as built:
        await built.start()
        await built.scan(BADGE, "OBC-RECEIVE", "OBB-A-01", TENT, "OBQ-1200")
        yield built


@pytest.mark.parametrize(("width", "language"), SIZES)
@pytest.mark.parametrize("path", [path for path, _ in SHOWN])
async def test_axe_finds_nothing_to_complain_of(
    bench: ConsoleBench, browser: Browser, path: str, width: int, language: str
) -> None:
    for scheme in ("light", "dark"):
        where = f"{bench.address}{path}?lang={language}"
        async with watched_page(browser, where, width=width, color_scheme=scheme) as watched:
            assert await complaints_of_axe(watched.page) == [], scheme


@pytest.mark.parametrize(("width", "language"), SIZES)
@pytest.mark.parametrize("zoom", [1, 2])
@pytest.mark.parametrize("path", [path for path, _ in SHOWN])
async def test_nothing_hangs_over_the_side_or_is_cut_off_also_with_letters_of_twice_the_size(
    bench: ConsoleBench, browser: Browser, path: str, width: int, language: str, zoom: int
) -> None:
    async with watched_page(browser, f"{bench.address}{path}?lang={language}", width=width) as watched:
        await watched.page.wait_for_timeout(400)  # Until the scale has said something.
        await enlarge(watched.page, zoom)
        assert await watched.page.evaluate("document.documentElement.scrollWidth") <= width
        assert await cut_off(watched.page) == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", [path for path, _ in SHOWN])
async def test_what_is_touched_is_large_enough_for_a_glove(
    bench: ConsoleBench, browser: Browser, path: str, width: int
) -> None:
    async with watched_page(browser, bench.address + path, width=width) as watched:
        assert await small_to_touch(watched.page) == []


@pytest.mark.parametrize("path", [path for path, _ in SHOWN])
async def test_a_page_with_all_that_belongs_to_it_is_light(bench: ConsoleBench, browser: Browser, path: str) -> None:
    weights: dict[str, int] = {}

    async def weigh(response: Response) -> None:
        if "/events" not in response.url:
            weights[response.url] = len(await response.body())

    context = await browser.new_context()
    page = await context.new_page()
    page.on("response", weigh)
    await page.goto(bench.address + path)
    await page.wait_for_function("document.readyState === 'complete'")
    await page.wait_for_timeout(300)
    await context.close()
    assert len(weights) >= 4, "page, style, and the scripts"
    assert sum(weights.values()) <= WEIGHT_MAX, weights


async def test_the_whole_of_a_receipt_is_done_by_keyboard_alone(bench: ConsoleBench, browser: Browser) -> None:
    """Tab to a button and press it; no mouse, no scanner."""
    async with watched_page(browser, bench.work) as watched:
        page = watched.page
        await expect(page.locator("#live")).to_have_attribute("data-state", "live")
        before = len(bench.facts("goods_moved"))
        await tab_to(page, "button.cancel")
        await page.keyboard.press("Enter")
        await expect(page.locator('button[value="OBC-RECEIVE"]')).to_be_visible()
        await tab_to(page, 'button[value="OBC-RECEIVE"]')
        await page.keyboard.press("Space")
        await expect(page.locator("#said")).to_have_attribute("data-code", "action-chosen")
        for text, answer in (("OBB-A-01", "bin-named"), ("LS01001", "goods")):
            await tab_to(page, "#code")
            await page.keyboard.type(text, delay=90)
            await page.keyboard.press("Enter")
            await expect(page.locator("#said")).to_have_attribute("data-code", answer)
            await expect(page.locator("#code")).to_have_value("")  # Who types on before that types into the old field.
        await expect(page.locator("button.confirm")).to_be_enabled()
        await tab_to(page, "button.confirm")
        await page.keyboard.press("Enter")
        await expect(page.locator("#said")).to_have_attribute("data-code", "recorded")
        assert len(bench.facts("goods_moved")) == before + 1


async def test_a_handheld_signs_in_with_badge_and_pin(bench: ConsoleBench, browser: Browser) -> None:
    async with watched_page(
        browser, f"{bench.address}/at/bench", width=360, locale="zh-CN", extra_http_headers=NETWORK
    ) as watched:
        page = watched.page
        await page.wait_for_url("**/sign-in")
        await page.keyboard.type("OBP-1002")  # The badge, by a scanner that types.
        await page.keyboard.press("Enter")
        await expect(page.locator("#pin")).to_be_focused()
        await page.fill("#pin", PIN)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/at/bench")
        await expect(page.locator(".who")).to_have_text("张建国")
        await page.goto(f"{bench.address}/")
        await expect(page.locator("h1")).to_have_text("值守")


@pytest.mark.slow
async def test_an_alarm_is_shown_on_every_page_and_heard_of_once(bench: ConsoleBench, browser: Browser) -> None:
    """A probe over its limit for ten minutes would take too long here; a device that is pulled out alarms after one."""
    async with watched_page(browser, f"{bench.address}/?lang=zh") as watched:
        page = watched.page
        await bench.ports["scale"].unplug()
        row = page.locator("[aria-labelledby=devices-title] li", has_text="scale")
        await expect(row).to_contain_text("断开")
        await expect(row.locator(".advice")).to_contain_text("USB")
        await expect(page.locator("#alarm")).to_be_visible(timeout=90_000)
        await expect(page.locator("#alarm")).to_contain_text("scale")
        await page.click("#alarms button")
        await expect(page.locator("#alarm")).to_be_hidden()
        await expect(page.locator("#alarms")).to_contain_text("已知")
        await bench.ports["scale"].replug()
        await expect(page.locator("#alarms")).to_have_count(0)
        await expect(row).to_contain_text("正常")


async def test_home_shows_zones_against_their_limits_and_what_is_missing(bench: ConsoleBench, browser: Browser) -> None:
    async with watched_page(browser, f"{bench.address}/?lang=en") as watched:
        page = watched.page
        zone = page.locator(".zone", has_text="Cool store")
        await expect(zone).to_contain_text("21.5 ℃")
        await expect(zone).to_contain_text("over the limit")
        await expect(zone.locator("svg").first).to_be_visible()
        await expect(page.locator("[aria-labelledby=evidence-title]")).to_contain_text("This box has no certificate")
        await expect(page.locator("[aria-labelledby=tasks-title]")).to_contain_text("DB20260922-0003")
        await expect(page.locator("[aria-labelledby=expiring-title]")).to_contain_text("Not received yet")
        await expect(page.locator(".tile").first).to_contain_text("records wait")
