"""The keeper's hand: carries out errands at a page of the box and at its devices, and sees that the page answers each step.

Everything that a person or a device does is answered by exactly one word, which has a number: the page must have come to it, say
what the errand expects, and still fit its screen. Only confirming is answered twice: "being recorded", and "recorded".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace

from playwright.async_api import Locator, Page, expect

from onebook_firmware_sim.truth import Tag
from tests.browser.console_bench import ConsoleBench
from tests.browser.day.errands import UNTOLD, Amount, Errand, Load, Note, Picked, Scan, Shown, Step, Tags, Tap, Typed

AWAY_S = 5.5  # A tag that comes back sooner was never gone: `departed_after_ms` of a work place.

Camera = Callable[[Page, str], Awaitable[None]]


@dataclass
class Hand:
    """`width` in px; on a narrow page it touches, on a wide one it has a mouse. `camera` is called with the page and the
    name of a file where the field guide wants a picture."""

    bench: ConsoleBench
    page: Page
    width: int
    camera: Camera | None = None
    _booked: dict[str, SimpleNamespace] = field(default_factory=dict)  # By errand: number and id of its last movement.
    _tags_gone_at: float = 0.0
    _heard: int = 0  # Number of the last word that the page has come to.

    async def run(self, errand: Errand) -> None:
        before = len(self.bench.facts("goods_moved"))
        for number, step in enumerate(errand.steps, 1):
            try:
                await self._take(step, errand)
            except AssertionError as error:
                raise AssertionError(f"{errand.name}, step {number}, {step}: {error}") from error
        if moved := self.bench.facts("goods_moved")[before:]:
            document = moved[-1]["document"] or {}
            self._booked[errand.name] = SimpleNamespace(id=moved[-1]["movement_id"], number=document.get("number"))

    async def _take(self, step: Step, errand: Errand) -> None:
        if isinstance(step, Shown):
            await self._sees(step, errand)
            return
        self._heard = self._heard or int(await self.page.locator(".sheet").get_attribute("data-number") or 0)
        await self._do(step)
        if step.says:
            self._heard += 2 if step.says == "recorded" else 1
            await self.page.locator(f'.sheet[data-number="{self._heard}"]').wait_for(state="attached")
            await expect(self.page.locator("#said")).to_have_attribute("data-code", step.says)
        if isinstance(step, Tags):
            self.bench.field.tags.clear()
            self._tags_gone_at = asyncio.get_running_loop().time()
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= self.width, "hangs over the side"

    async def _do(self, step: Step) -> None:
        match step:
            case Scan(code):
                await self.bench.scan(self._meant(code))
            case Tap(code):
                await self._touch(self.page.locator(f'button[name=code][value="{self._meant(code)}"]').first)
            case Amount(amount):
                await self._set(amount)
            case Typed(text):
                await self.page.fill("#code", self._meant(text))
                await self._touch(self.page.locator(".entry button"))
            case Picked(text, code):
                await self.page.fill("#code", text)
                await self._touch(self.page.locator(f'.hits button[value="{code}"]'))
            case Load(kg):
                self.bench.load.kg = Decimal(kg)
            case Tags(epcs):
                await self._hold(epcs)
            case Note(text):
                await self._note(text)
            case Shown():
                raise AssertionError("only looked at")

    async def _sees(self, shown: Shown, errand: Errand) -> None:
        if shown.row:
            await expect(self.page.locator(".lines li").first.locator(".amount b")).to_have_text(shown.row)
        expected = self.page.locator(".lines.expected li")
        if shown.state == UNTOLD:
            await expect(expected.first).to_be_visible()
            await expect(expected.locator(".progress, .amount .quiet")).to_have_count(0)
        elif shown.state:
            await expect(expected.first).to_have_attribute("data-state", shown.state)
        if shown.picture and self.camera is not None:
            await self.camera(self.page, errand.picture_name)

    async def _touch(self, button: Locator) -> None:
        """What is done seldom stands behind a fold."""
        fold = self.page.locator("details.more:not([open])", has=button)
        if await fold.count():
            await self._press(fold.locator("summary"))
        await self._press(button)

    async def _press(self, what: Locator) -> None:
        await (what.tap() if self._has_keys_of_its_own else what.click())

    async def _set(self, amount: str) -> None:
        """A handheld brings its keys; the screen of the box shows some."""
        if self._has_keys_of_its_own:
            await self.page.fill("#amount", amount)
        else:
            for key in amount:
                await self.page.locator(f'.pad [data-key="{key}"]').click()
        await self._press(self.page.locator(".pad .row button"))

    async def _hold(self, epcs: Sequence[str]) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._tags_gone_at + AWAY_S - loop.time()))
        for epc in epcs:
            self.bench.field.enter(Tag(epc))

    async def _note(self, text: str) -> None:
        await self._press(self.page.locator(".aside a"))
        await self.page.fill("#note", text)
        await self._press(self.page.locator("form.card button"))
        await expect(self.page.locator("#live")).to_have_attribute("data-state", "live")

    def _meant(self, code: str) -> str:
        """With what an earlier errand booked in its place."""
        return code.format_map(self._booked)

    @property
    def _has_keys_of_its_own(self) -> bool:
        return self.width < 1_000
