"""Whoever looks at the map: where the warehouses are, opened place by place, in both languages, at a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from onebook_collector.scope import Scope
from tests.browser.pages import watched_page
from tests.browser.province import SITES
from tests.browser.readable import complaints_of_axe
from tests.integration.running_centre import RunningCentre

Cookies = dict[str, str]


async def test_the_province_opens_down_to_a_warehouse_and_back(
    browser: Browser, running: RunningCentre, address: str
) -> None:
    cookies = await running.signed_in("李敏")
    async with watched_page(browser, f"{address}/?lang=zh", cookies=cookies) as watched:
        page = watched.page
        await page.click("header nav >> text=地图")
        await expect(page.locator(".city")).to_have_count(11)
        await expect(page.locator(".dot")).to_have_count(len({site.division_code for site in SITES}))
        zhoushan = page.locator(".place-table tr", has_text="舟山市")
        await expect(zhoushan).to_contain_text("失联")
        await expect(page.locator(".place-table tbody tr")).to_have_count(11)
        await expect(page.locator(".place-table tr", has_text="衢州市")).to_contain_text("没有储备库")
        await zhoushan.locator("a").click()
        await expect(page.locator("h2")).to_have_text("舟山市")
        await expect(page.locator(".city.opened")).to_have_count(1)
        await page.locator(".place-table tr", has_text="定海区").locator("a").click()
        await expect(page.locator(".sites tbody tr")).to_have_count(1)
        await expect(page.locator(".sites tbody tr")).to_contain_text("舟山市海岛应急物资储备点")
        await page.click(".crumbs >> text=浙江省")
        await expect(page.locator(".place-table tbody tr")).to_have_count(11)
        await page.locator(".dot").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".sites tbody tr")).to_have_count(1)


async def test_an_open_map_follows_what_happens(browser: Browser, running: RunningCentre, address: str) -> None:
    cookies = await running.signed_in("李敏")
    async with watched_page(browser, f"{address}/map?lang=en&place=330900", cookies=cookies) as watched:
        county = watched.page.locator(".place-table tr", has_text="Dinghai")
        await expect(county).to_have_attribute("data-freshness", "dark")
        running.live("zs-01")
        await expect(county).to_have_attribute("data-freshness", "fresh")


async def test_whoever_sees_one_city_is_shown_no_other(browser: Browser, running: RunningCentre, address: str) -> None:
    cookies = await running.signed_in("周立", scope=Scope("3309"))
    async with watched_page(browser, f"{address}/map?lang=zh&place=330100", cookies=cookies) as watched:
        page = watched.page
        await expect(page.locator(".dot")).to_have_count(1)
        await expect(page.locator("h2")).to_have_text("舟山市")  # What is out of sight cannot be opened.
        await expect(page.locator(".place-table tbody tr")).to_have_count(4)
        assert "杭州市救灾" not in await page.content()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_nothing_hangs_over_the_side_and_axe_finds_nothing(
    browser: Browser, running: RunningCentre, address: str, language: str, width: int
) -> None:
    cookies = await running.signed_in("李敏")
    for place in ("", "330900", "330902"):
        where = f"{address}/map?lang={language}&place={place}"
        async with watched_page(browser, where, cookies=cookies, width=width) as watched:
            await expect(watched.page.locator(".province-map")).to_be_visible()
            assert await watched.page.evaluate("document.documentElement.scrollWidth") <= width
            assert await complaints_of_axe(watched.page) == []
