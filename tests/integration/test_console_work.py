"""What the pages of a work place answer: to a full disk, to a page that is too old, to whoever looks for goods."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from onebook_edge.capture.dialogue_messages import Scanned
from onebook_edge.console.journal_tally import JournalTally
from onebook_edge.outbox.retention import DiskBudget
from onebook_schemas.uplink import Stream
from tests.integration.console_desk import Running, running_desk
from tests.integration.test_recorder import TENT, settled


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_desk(tmp_path) as found:
        yield found


async def test_a_full_disk_is_told_before_anybody_believes(tmp_path: Path) -> None:
    async with running_desk(tmp_path, budget=DiskBudget(journal_bytes=1)) as running:
        kiosk = running.browser()
        await kiosk.get("/at/bench")
        for code in ("OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT):
            await kiosk.enter(code)
        text = (await kiosk.get("/at/bench")).text
        assert "存储已满，现在不能确认" in text
        assert 'class="confirm" disabled' in text
        assert (await kiosk.enter("OBC-CONFIRM")).json()["feedback"]["code"] == "refused_outbox_full"
        running.desk.recorder.enter("bench", Scanned("OBC-CONFIRM", "scanner-1"))  # As a scanner says it.
        while running.desk.recorder.feedback["bench"].code != "not-recorded":
            await asyncio.sleep(0.01)
        text = (await kiosk.get("/at/bench")).text
        assert 'data-code="not-recorded"' in text
        assert "12平方米单帐篷" in text, "the sheet is kept"


async def test_only_the_sheet_that_a_page_showed_is_confirmed_by_it(running: Running) -> None:
    kiosk = running.browser()
    await kiosk.get("/at/bench")
    for code in ("OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT):
        await kiosk.enter(code)
    mark = (await kiosk.get("/at/bench/sheet")).text.split('data-mark="')[1].split('"')[0]
    await kiosk.enter(TENT)  # On another screen.
    assert (await kiosk.enter("OBC-CONFIRM", mark)).json()["feedback"]["code"] == "refused_sheet_changed"
    mark = (await kiosk.get("/at/bench/sheet")).text.split('data-mark="')[1].split('"')[0]
    for _ in range(5):
        assert (await kiosk.enter("OBC-CONFIRM", mark)).status_code == 200
        await asyncio.sleep(0.02)
    (moved,) = await settled(running.desk.recorder, Stream.JOURNAL, "goods_moved", 1)
    assert moved["lines"][0]["quantity"]["amount"] == "2"  # type: ignore[index]


@pytest.mark.parametrize(
    ("asked", "first"), [("12pfmd", "LS01001"), ("单帐篷", "LS01001"), ("LS0700", "LS07001"), ("tent", "LS01001")]
)
async def test_goods_are_found_by_initials_name_and_code(running: Running, asked: str, first: str) -> None:
    answer = await running.browser().get(f"/at/bench/find?q={asked}")
    assert answer.text.count('name="code"') <= 20
    assert answer.text.split('name="code" value="')[1].split('"')[0] == f"OBI-{first}"


async def test_what_nobody_sells_is_not_found_and_nothing_is_looked_for_in_nothing(running: Running) -> None:
    kiosk = running.browser()
    assert "qqqq" in (await kiosk.get("/at/bench/find?q=qqqq")).text
    assert 'name="code"' not in (await kiosk.get("/at/bench/find?q=%20")).text
    assert (await kiosk.get("/at/nowhere")).status_code == 404


async def test_the_journal_is_tallied_once_and_read_on_from_there(running: Running) -> None:
    recorder, tally = running.desk.recorder, JournalTally()
    for code in ("OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT, "OBC-CONFIRM"):
        recorder.enter("bench", Scanned(code, "scanner-1"))
    await settled(recorder, Stream.JOURNAL, "goods_moved", 1)
    await tally.read_on(recorder.outbox)
    await tally.read_on(recorder.outbox)
    now_ms = running.clock.now().wall_ms
    assert (tally.lines(now_ms), tally.lines(now_ms + 91 * 86_400_000), tally.counted_ms) == ((1, 0), (0, 0), None)
    for code in ("OBC-COUNT", "OBB-A-01", TENT, "OBC-CONFIRM"):
        recorder.enter("bench", Scanned(code, "scanner-1"))
        await asyncio.sleep(0.05)
    await settled(recorder, Stream.JOURNAL, "stock_counted", 1)
    await tally.read_on(recorder.outbox)
    assert tally.counted_ms is not None


def test_a_box_without_a_console_loads_no_web_server() -> None:
    program = (
        "import sys, onebook_edge.cli; print(sorted({'starlette', 'uvicorn', 'jinja2', 'anyio'} & sys.modules.keys()))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
