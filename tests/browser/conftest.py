"""A browser, and a centre in the middle of a working day: what the tests of its pages begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.pages import chromium
from tests.browser.province import furnish_province
from tests.integration.running_centre import RunningCentre, running_centre, serving


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


@pytest_asyncio.fixture
async def running(tmp_path: Path, browser: Browser) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path) as found:
        await furnish_province(found)
        yield found


@pytest_asyncio.fixture
async def address(running: RunningCentre) -> AsyncIterator[str]:
    async with serving(running) as found:
        yield found
