"""`python -m tests.browser.screenshots`: the pictures in docs/screenshots/; with a folder named, every size and scheme there."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import NamedTuple

from playwright.async_api import Browser, Page

from onebook_collector.clock import utc
from tests.browser.console_bench import BADGE, RICE_SEED, TENT, ConsoleBench
from tests.browser.day.errands import PHONE
from tests.browser.day.furnishing import furnish
from tests.browser.day.hand import Hand
from tests.browser.day.whole import DAY
from tests.browser.pages import chromium, watched_page
from tests.browser.province import MORNING_MS, furnish_province
from tests.browser.small_picture import with_few_colours
from tests.integration.running_centre import running_centre, serving

DOCS = Path(__file__).resolve().parents[2] / "docs" / "screenshots"

TALL_MAX = 1_100  # px of a page in the field guide: what lies below is not what it tells.


class Picture(NamedTuple):
    name: str
    language: str
    width: int
    height: int = 860
    scheme: str = "light"
    whole: bool = True


FOR_DOCS = [Picture(f"overview-{language}", language, 1280, 1050, whole=False) for language in ("zh", "en")]
ALL = [
    Picture(f"{language}-{width}-{scheme}", language, width, scheme=scheme)
    for language, width, scheme in product(("zh", "en"), (390, 1280, 1920), ("light", "dark"))
]


async def take(folder: Path, pictures: Iterable[Picture]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        async with running_centre(Path(data)) as running, chromium() as browser:
            await furnish_province(running)
            cookies = await running.signed_in("李敏")
            async with serving(running) as address:
                for picture in pictures:
                    await _take_one(browser, address, cookies, folder, picture)


async def _take_one(browser: Browser, address: str, cookies: Mapping[str, str], folder: Path, picture: Picture) -> None:
    where = f"{address}/?lang={picture.language}"
    async with watched_page(
        browser, where, width=picture.width, color_scheme=picture.scheme, cookies=cookies
    ) as watched:
        page = watched.page
        await page.set_viewport_size({"width": picture.width, "height": picture.height})
        await page.clock.set_fixed_time(utc(MORNING_MS))
        await page.wait_for_selector('#live[data-state="live"]')
        await page.wait_for_timeout(1_500)  # Until the clock has ticked and nothing moves any more.
        await page.screenshot(path=folder / f"{picture.name}.png", full_page=picture.whole)


async def take_console(folder: Path) -> None:
    """A sheet that is being filled in at the keeper's screen: the box's own, and a handheld."""
    with tempfile.TemporaryDirectory() as data:
        async with ConsoleBench(Path(data)) as bench, chromium() as browser:
            await bench.start()
            await bench.scan(BADGE, "OBC-RECEIVE", "OBB-A-01", TENT, TENT, RICE_SEED)
            for language, width, height in (("zh", 1280, 800), ("en", 1280, 800), ("zh", 360, 740)):
                async with watched_page(browser, f"{bench.work}?lang={language}", width=width) as watched:
                    page = watched.page
                    await page.set_viewport_size({"width": width, "height": height})
                    await page.wait_for_selector('#live[data-state="live"]')
                    await page.wait_for_selector(".lines li")
                    size = "" if width > 1000 else "-handheld"
                    await page.screenshot(path=folder / f"console-{language}{size}.png")


async def take_field(folder: Path) -> None:
    """The field guide's: a keeper's day in Chinese, each errand at the width that tells more."""

    taken: dict[str, bytes] = {}

    async def camera(page: Page, name: str) -> None:
        height = await page.evaluate("document.documentElement.scrollHeight")
        await page.set_viewport_size({"width": hand.width, "height": min(height, TALL_MAX)})
        await page.evaluate("scrollTo(0, 0)")
        taken[name] = await page.screenshot(animations="disabled")

    with tempfile.TemporaryDirectory() as data:
        furnished = furnish(Path(data) / "furnished")
        async with ConsoleBench(Path(data) / "day") as bench, chromium() as browser:
            await furnished.open_for_work(bench)
            async with watched_page(browser, f"{bench.work}?lang=zh", width=PHONE, has_touch=True) as watched:
                await watched.page.wait_for_selector('#live[data-state="live"]')
                hand = Hand(bench, watched.page, PHONE, camera)
                for errand in DAY:
                    hand.width = errand.picture_width or PHONE
                    await watched.page.set_viewport_size({"width": hand.width, "height": 740})
                    await hand.run(errand)
    for name, png in taken.items():  # Not before: the simulated devices would fall silent meanwhile.
        (folder / name).write_bytes(with_few_colours(png))


async def main() -> None:
    if len(sys.argv) > 1:
        await take(Path(sys.argv[1]), ALL)
    else:
        await take(DOCS, FOR_DOCS)
        await take_console(DOCS)
        await take_field(DOCS)


if __name__ == "__main__":
    asyncio.run(main())
