"""Goal: no text that a device or a person can send is ever markup, script or a template, on any page, in either language.

Method: one centre whose every name, reason, number and id carries markup of several kinds; each page is opened in a real browser,
and more of the same comes while the page watches. What runs leaves a mark in the window; what is parsed makes an element.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from onebook_collector.api.description import doors
from onebook_collector.clock import business_day
from onebook_collector.coverage import snapshots
from onebook_collector.coverage.evidence import Verdict
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level, Outside
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.snapshots import SiteDay, Snapshot
from onebook_collector.dashboard.app import create_app
from onebook_collector.dashboard.texts import Language
from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_schemas.uplink import Live, LiveReading
from tests.browser.pages import watched_page
from tests.contract.ledger_events import CATALOGUE, LOT, NOON, SERIAL, counted, line, moved, reversed_
from tests.integration.running_centre import RunningCentre, running_centre, serving
from tests.unit.collector.coverage.made import verdicts

HOSTILE = {
    "element": "<img src=x onerror='pwned=1'>",
    "script": "</script><script>pwned=1</script>",
    "attribute": "\" onmouseover=pwned=1 autofocus onfocus='pwned=1' x=\"",
    "template": "{{7*1911}}${7*1911}{% raw %}",
    "link": "javascript:pwned=1//",
    "entity": "&lt;svg/onload=pwned=1&gt;&#60;b&#62;",
}
PAGES = {
    "/": "h1",
    "/sign-in": "form",
    "/password": "form",
    "/map": ".province-map",
    "/coverage": "#counties",
    "/coverage/sites/{site_id}": ".bars",
}
PARTS = {"/overview/climate", "/overview/events", "/map/part", "/static", "/sign-out"}
"""No pages by themselves: opened by a page, below."""


@pytest_asyncio.fixture
async def running(tmp_path: Path, browser: Browser) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path) as found:
        await furnish_hostile(found)
        yield found


def facts(first: int, text: str) -> list[dict[str, Any]]:
    """A movement of every kind that a page shows, and one for quarantine, with this text wherever one fits."""
    holding = {"owner_org": text, "custodian_org": text, "reserve_mode": "government_reserve"}
    named = {"to_bin": "A-01", "holding": holding, "scanned": text}
    document = {"kind": "RK", "number": text.replace(" ", "/")[:40]}
    said = {"actor": text, "reason": text}
    return [
        moved(first, "receipt", line(LOT, 4, lot=text[:40], **named), document=document, **said),
        moved(first + 1, "receipt", line(SERIAL, 1, serials=[text[:40]], **named), **said),
        reversed_(first + 2, first, **said),
        counted(first + 3, SERIAL, "A-01", 5, actor=text),
        moved(first + 4, "receipt", line("XX99999", 1, to_bin="A-01"), **said),
        {"type": "code_set_aside", "text": text, "reason": text, "actor": text},
        {"type": "device_state_changed", "device": "scale-1", "state": "silent", "reason": text},
    ]


async def furnish_hostile(running: RunningCentre) -> None:
    def register(book: Any) -> None:
        names = {"name_zh": HOSTILE["element"], "name_en": HOSTILE["script"], "unit_zh": HOSTILE["attribute"]}
        import_items(book, [row | names for row in CATALOGUE if row["code"] in (LOT, SERIAL)])
        for kind, text in HOSTILE.items():
            import_sites(book, [Site(f"wh-{kind}", text, text, "330102")])
            register_edge(book, f"edge-{kind}", f"wh-{kind}")

    await running.register(register)
    for number, (kind, text) in enumerate(HOSTILE.items()):
        await running.book(f"edge-{kind}", *facts(100 + 10 * number, text))
        await running.measure(f"edge-{kind}", text, "temperature_c", [(NOON - 60_000 * n, 50.0) for n in range(1, 60)])
        say(running, kind, text)
    await running.onlooker.know(
        {f"edge-{kind}": f"wh-{kind}" for kind in HOSTILE},
        dict.fromkeys([f"edge-{kind}" for kind in HOSTILE], NOON - 6 * 3_600_000),
    )
    await running.centre.watcher.tick(NOON)
    days = [covered(kind, text) for kind, text in HOSTILE.items()]
    made = Snapshot(days[0].day, NOON, CoverageRule())
    await running.centre.administration.write(lambda db: snapshots.keep(db, made, days))


def covered(kind: str, text: str) -> SiteDay:
    """A night's figures of a warehouse: half of them were taken out, for a reason."""
    gone = {"removed_on": date(2026, 3, 1), "removal_approval": text, "removal_reason": text}
    facility = Facility(
        f"wh-{kind}", Level.COUNTY, Kind.FLOOD_DEPOT, frozenset({Goods.GOVERNMENT}), department=text,
        active_since=date(2025, 1, 1), **(gone if len(kind) % 2 else {}),
    )  # fmt: skip
    day, outside = business_day(NOON) - 1, Outside.REMOVED if facility.removed_on else None
    grade = Grade.PARTIAL
    return SiteDay(
        day,
        f"wh-{kind}",
        "330102",
        facility,
        outside,
        grade,
        grade,
        day - 9,
        True,
        None,
        tuple(verdicts(e3=Verdict.FAIL)),
    )


def say(running: RunningCentre, kind: str, text: str) -> None:
    reading = LiveReading(device="probe", quantity=text, unit="CEL", value=50.0, quality=text[:40])
    live = Live(edge_id=f"edge-{kind}", wall_ms=NOON, clock_synchronised=False, readings=(reading,))
    running.onlooker.see_live(live, NOON)


async def assert_nothing_ran(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('*').forEach(one => { one.focus?.(); })")
    await page.mouse.move(300, 300)
    found = await page.evaluate(
        """() => ({
            ran: 'pwned' in window,
            images: document.querySelectorAll('img[src=x], svg[onload]').length,
            handlers: [...document.querySelectorAll('*')].filter(
                e => [...e.attributes].some(a => a.name.startsWith('on'))).length,
            scripts: [...document.scripts].filter(s => !s.src.startsWith(location.origin + '/static/')).length,
            links: [...document.querySelectorAll('[href]')].filter(e => e.getAttribute('href').startsWith('javascript:')).length,
            computed: document.documentElement.outerHTML.includes('13377'),
        })"""
    )
    assert found == {"ran": False, "images": 0, "handlers": 0, "scripts": 0, "links": 0, "computed": False}


def test_every_page_is_opened_below() -> None:
    paths = {
        door.path for door in doors(create_app(None)) if not door.in_description and door.path != "/api/v1/openapi.json"
    }
    assert paths == PAGES.keys() | PARTS


@pytest.mark.parametrize("language", list(Language))
async def test_no_text_of_a_device_or_a_person_runs_on_any_page(
    browser: Browser, running: RunningCentre, language: Language
) -> None:
    cookies = await running.signed_in("李敏")
    async with serving(running) as address:
        for path, landmark in PAGES.items():
            for asked in (f"?lang={language}", f"?lang={HOSTILE['script'][:10]}&zone={HOSTILE['script']}"):
                where = address + path.format(site_id="wh-script") + asked
                async with watched_page(browser, where, locale=language, cookies=cookies) as watched:
                    await expect(watched.page.locator(landmark).first).to_be_visible()
                    await assert_nothing_ran(watched.page)


async def test_what_comes_while_the_page_watches_does_not_run_either(browser: Browser, running: RunningCentre) -> None:
    cookies = await running.signed_in("李敏")
    async with (
        serving(running) as address,
        watched_page(browser, address + "/", locale="zh-CN", cookies=cookies) as watched,
    ):
        page = watched.page
        await expect(page.locator("#live")).to_have_attribute("data-state", "live")
        for number, (kind, text) in enumerate(HOSTILE.items()):
            await running.book(f"edge-{kind}", *facts(300 + 10 * number, text))
            say(running, kind, text)
            await expect(page.locator("#movements")).to_contain_text(text)  # It is there, as it was said.
            await expect(page.locator("#sites")).to_contain_text(text)
        zones = await page.locator("#zone option").all()
        assert len(zones) == len(HOSTILE)
        for zone in zones:
            await page.locator("#zone").select_option(value=await zone.get_attribute("value") or "")
            await page.wait_for_load_state("networkidle")
        await assert_nothing_ran(page)


async def test_a_name_that_is_refused_at_the_door_does_not_run(browser: Browser, running: RunningCentre) -> None:
    async with serving(running) as address:
        for text in HOSTILE.values():
            async with watched_page(browser, address + "/sign-in", locale="zh-CN") as watched:
                page = watched.page
                await page.locator("input[name=name]").fill(text)
                await page.locator("input[name=password]").fill(text)
                await page.locator("button[type=submit], form button").first.click()
                await expect(page.locator("form").first).to_be_visible()
                await assert_nothing_ran(page)
                watched.complaints[:] = [one for one in watched.complaints if "401" not in one and "429" not in one]


async def test_a_refusal_is_no_page_whatever_it_repeats(browser: Browser, running: RunningCentre) -> None:
    """A problem document names what was asked for; opened in a browser it is text."""
    cookies = await running.signed_in("李敏")
    async with serving(running) as address:
        for text in (HOSTILE["element"], HOSTILE["script"].replace("/", "")):
            async with watched_page(browser, f"{address}/api/v1/sites/{text}", cookies=cookies) as watched:
                await assert_nothing_ran(watched.page)
                watched.complaints[:] = [one for one in watched.complaints if "404" not in one]
