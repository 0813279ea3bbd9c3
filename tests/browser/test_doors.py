"""Signing in, and what an open page does when its session ends."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from onebook_collector.administration.people import set_lock
from tests.browser.pages import chromium, watched_page
from tests.integration.running_centre import running_centre, serving


async def test_whoever_signs_in_sees_the_overview_until_their_session_ends(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as running, chromium() as browser, serving(running) as address:
        password = await running.person("李敏")
        async with watched_page(browser, address + "/", width=390, locale="zh-CN") as watched:
            page = watched.page
            await expect(page.locator("h2")).to_have_text("登录")
            await page.fill("[name=name]", "李敏")
            await page.fill("[name=password]", password)
            await page.click("main button")
            await expect(page.locator("#live")).to_have_attribute("data-state", "live")
            await expect(page.locator(".person")).to_have_text("李敏")
            fits = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert await page.evaluate(fits), "nothing runs over the edge of a phone"
            now_ms = running.clock.at_ms
            await running.centre.administration.write(lambda c: set_lock(c, "李敏", now_ms))
            await page.wait_for_url("**/sign-in?lang=zh")
