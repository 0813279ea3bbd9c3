"""Whoever looks at the coverage: cities and counties, the six bars of a warehouse; both languages, at a desk and on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from playwright.async_api import Browser, Page, expect

from onebook_collector.clock import business_day
from onebook_collector.coverage import snapshots
from onebook_collector.coverage.evidence import Alive, Counted, judge_alive, judge_counted
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level, Outside
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.snapshots import SiteDay, Snapshot
from tests.browser.pages import watched_page
from tests.browser.province import MORNING_MS, SITES
from tests.integration.running_centre import RunningCentre, serving
from tests.unit.collector.coverage.made import verdicts

RULE = CoverageRule()
DAY = business_day(MORNING_MS) - 1
OLD = judge_counted(Counted(212, 366, 100, 100, 100, 100, 0, 1), RULE)
SILENT = judge_alive(Alive(True, 0, 0, 2_592_000_000, 2_592_000_000, 2_400_000_000, 30 * 3_600_000), RULE)


def site_day(number: int) -> SiteDay:
    """The first seven are informatized, two lack one thing, one two, and one was taken out."""
    site, fine = SITES[number], verdicts()
    evidence = [fine, [*fine[:3], OLD, *fine[4:]], [fine[0], SILENT, fine[2], OLD, *fine[4:]]][
        max(0, (number - 5) // 2)
    ]
    standing = Grade.INFORMATIZED if number < 7 else Grade.PARTIAL
    facility = Facility(
        site.site_id,
        Level.PREFECTURE,
        Kind.COMPREHENSIVE_WAREHOUSE,
        frozenset({Goods.GOVERNMENT}),
        department="市应急管理局",
        storage_area_m2=Decimal(1_000 + 400 * number),
        active_since=date(2025, 1, 1),
    )
    day = SiteDay(
        DAY,
        site.site_id,
        site.division_code,
        facility,
        None,
        standing,
        standing,
        DAY - 12,
        True,
        10**8,
        tuple(evidence),
    )
    if number < 10:
        return day
    gone = replace(
        facility, removed_on=date(2026, 3, 1), removal_approval="浙应急〔2026〕1号", removal_reason="整体拆除"
    )
    return replace(day, facility=gone, outside=Outside.REMOVED)


async def cover(running: RunningCentre) -> None:
    rows = [site_day(number) for number in range(len(SITES))]
    made = Snapshot(DAY, MORNING_MS, RULE)
    await running.centre.administration.write(lambda db: snapshots.keep(db, made, rows))


async def no_wider_than_the_screen(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("locale", "width"), [("zh-CN", 1280), ("en-GB", 1280), ("zh-CN", 390), ("en-GB", 390)])
async def test_the_page_tells_each_city_and_what_is_nearest(
    browser: Browser, running: RunningCentre, locale: str, width: int
) -> None:
    await cover(running)
    cookies = await running.signed_in("李敏")
    async with (
        serving(running) as address,
        watched_page(browser, address + "/", locale=locale, width=width, cookies=cookies) as watched,
    ):
        page = watched.page
        await page.get_by_role("link", name="信息化覆盖率" if locale == "zh-CN" else "Coverage").click()
        await expect(page.locator('.tile[data-key="share"] .value')).to_have_text("7/10")
        await expect(page.locator('.tile[data-key="needed"] .value')).to_have_text("3")
        hangzhou = page.locator('tr[data-key="3301"]')
        await expect(hangzhou.locator(".cell-share")).to_have_text("2/2")
        await expect(page.locator(".nearest li")).to_have_count(2)
        said = "盘点已过 212 天" if locale == "zh-CN" else "the last count is 212 days old"
        await expect(page.locator(".nearest li").first).to_contain_text(said)
        await expect(page.locator(".removed li")).to_contain_text("浙应急〔2026〕1号")
        await expect(page.locator("#counties tbody tr")).to_have_count(13)
        await no_wider_than_the_screen(page)
        await page.get_by_role("link", name="舟山市" if locale == "zh-CN" else "Zhoushan").first.click()
        await expect(page.locator("#counties tbody tr")).to_have_count(4)
        await page.locator(".nearest a").first.click()
        await expect(page.locator(".bars li")).to_have_count(6)
        counted = page.locator('.bars li[data-key="e4_counted"]')
        await expect(counted).to_contain_text("212")
        await no_wider_than_the_screen(page)


async def test_before_the_first_midnight_it_says_so(browser: Browser, running: RunningCentre) -> None:
    cookies = await running.signed_in("李敏")
    async with (
        serving(running) as address,
        watched_page(browser, address + "/coverage", locale="zh-CN", cookies=cookies) as watched,
    ):
        await expect(watched.page.locator("main")).to_contain_text("还没有快照")
