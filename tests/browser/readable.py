"""Whether everybody can read and use a page: what axe-core complains of, what a glove misses, what large letters cut off."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
TOUCH_MIN = 56
_TABS_MAX = 80
_USUAL_PERCENT = 112.5


async def complaints_of_axe(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {one['help']} {[node['html'][:120] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]


async def small_to_touch(page: Page) -> list[str]:
    """What can be touched and is smaller than a finger in a glove."""
    found: list[str] = await page.evaluate(
        """(min) => [...document.querySelectorAll('button, a, select, textarea, summary, input, label:has([type=checkbox])')]
        .filter((one) => !['hidden', 'radio', 'checkbox'].includes(one.type))
        .filter((one) => one.checkVisibility() && !one.matches('.skip'))
        .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => Math.min(box.width, box.height) < min).map(([html]) => html)""",
        TOUCH_MIN,
    )
    return found


async def enlarge(page: Page, times: int) -> None:
    """Letters as large as somebody has set in the browser."""
    await page.evaluate("(percent) => document.documentElement.style.fontSize = `${percent}%`", _USUAL_PERCENT * times)


async def cut_off(page: Page) -> list[str]:
    """Text that its box hides a part of, and text outside of the page's width. What is there for screen readers only does not
    count."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((one) => {
            if (!one.checkVisibility() || !one.textContent.trim() || one.closest('svg, datalist, select')) return false;
            const style = getComputedStyle(one), box = one.getBoundingClientRect();
            if (box.width <= 1 || box.height <= 1 || style.clipPath.startsWith('inset')) return false;
            const hides = (overflow) => overflow === 'hidden' || overflow === 'clip';
            const wide = hides(style.overflowX) && one.scrollWidth > one.clientWidth + 1;
            const high = hides(style.overflowY) && one.scrollHeight > one.clientHeight + 1;
            return wide || high || (box.right > innerWidth + 1 && !one.closest('.skip'));
        }).map((one) => one.outerHTML.slice(0, 120))"""
    )
    return found


async def tab_to(page: Page, selector: str) -> None:
    for _ in range(_TABS_MAX):
        if await page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab")
