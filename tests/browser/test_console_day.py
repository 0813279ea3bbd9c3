"""Goal: a keeper does every flow of a day in a browser, and the centre's book then says exactly that, in this order.

Method: the errands of `day/` at a page of the production agent: real Chromium, scanner, scale and RFID reader behind pseudo
terminals, Mosquitto, the centre as a process that was furnished by an import of spreadsheets. With the broker gone all day long,
the box delivers in the evening. What the centre's feed tells is compared with what was written down by hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.console_bench import ConsoleBench
from tests.browser.day.book import asides_expected, asides_told, entries_expected, entries_told
from tests.browser.day.errands import DESK, PHONE
from tests.browser.day.furnishing import Furnished, furnish
from tests.browser.day.hand import Hand
from tests.browser.day.whole import DAY
from tests.browser.pages import watched_page


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return furnish(tmp_path_factory.mktemp("furnished"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "language", "has_broker"),
    [(PHONE, "zh", True), (DESK, "en", True), (PHONE, "en", False), (DESK, "zh", False)],
)
async def test_the_book_holds_what_the_keeper_did_all_day(
    browser: Browser, furnished: Furnished, tmp_path: Path, width: int, language: str, has_broker: bool
) -> None:
    async with ConsoleBench(tmp_path) as bench:
        plant = bench.plant
        await furnished.open_for_work(bench)
        if not has_broker:
            plant.broker.stop()
        where = f"{bench.work}?lang={language}"
        async with watched_page(browser, where, width=width, has_touch=width == PHONE) as watched:
            await expect(watched.page.locator("#live")).to_have_attribute("data-state", "live")
            hand = Hand(bench, watched.page, width)
            for errand in DAY:
                await hand.run(errand)
        if not has_broker:
            assert entries_told(plant) == []
            plant.broker.start()
        plant.wait_until_delivered()
        assert entries_told(plant) == entries_expected(DAY)
        assert asides_told(plant) == asides_expected(DAY)
