"""Debian's chromium, and pages that notice every error and every request to somebody else."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

WATCHDOG_MS = 20_000
_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Skips the test where there is none; in CI its absence is a failure."""
    program = shutil.which("chromium")
    if program is None:
        reason = "needs Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=WATCHDOG_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Watched:
    """A page, and what went wrong on it."""

    page: Page
    complaints: list[str] = field(default_factory=list)


@contextlib.asynccontextmanager
async def watched_page(
    browser: Browser, address: str, *, width: int = 1280, cookies: Mapping[str, str] | None = None, **more: Any
) -> AsyncIterator[Watched]:
    """Fails at the end if the console said an error, or the page asked another host for anything.

    `cookies`: of somebody who has signed in.
    """
    context = await browser.new_context(viewport={"width": width, "height": 860}, **more)
    await context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in (cookies or {}).items()]
    )
    watched = Watched(await context.new_page())
    page, complaints = watched.page, watched.complaints
    page.set_default_timeout(WATCHDOG_MS)
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if _is_ours(asked.url, address) else complaints.append(f"asked {asked.url}"))
    try:
        await page.goto(address)
        yield watched
        assert complaints == []
    finally:
        await context.close()


def _is_ours(url: str, address: str) -> bool:
    return urlsplit(url).netloc == urlsplit(address).netloc
