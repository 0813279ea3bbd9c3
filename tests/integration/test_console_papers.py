"""Papers and labels of the console, asked as browsers do: found, looked at, printed and counted; nothing of it is guessed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_edge.archive.index_file import FACTS_MAX
from onebook_edge.console.pages.labels import LABELS_MAX
from onebook_edge.console.pages.papers import search_in
from onebook_edge.paper.filing import PaperKind
from onebook_edge.reference.shelf import Shelf
from onebook_schemas.labels import Command, command_text
from onebook_schemas.reference import (
    Bin,
    SiteDocument,
    StockDocument,
    StockLine,
    TakenThrough,
    Task,
    TaskAction,
    TasksDocument,
)
from onebook_schemas.stock_events import Document, DocumentKind, MovementKind
from onebook_schemas.uplink import Stream
from tests.integration.console_desk import PEOPLE, Browser, Running, running_desk
from tests.unit.edge.paper.facts import counted, line, moved, movement_id, receipt, reversal
from tests.unit.edge.paper.samples import BED, TENT

PALLET = "395212340000000175"
NUMBER = "RK20260922330106010001"
SITE = SiteDocument(
    version=1,
    site_id="hz-02",
    name_zh="杭州市救灾物资储备库",
    name_en="Hangzhou relief warehouse",
    division_code="330106",
    maker_number=1,
    bins=(Bin(code="A-01"), Bin(code="A-02"), Bin(code="B-01")),
)
TASKS = TasksDocument(
    version=1,
    tasks=(
        Task(
            document=Document(kind=DocumentKind.RECEIPT_NOTE, number=NUMBER),
            action=TaskAction.RECEIVE,
            title_zh="收货",
            title_en="Receive",
            counterpart="某帐篷厂",
        ),
    ),
)
STOCK = StockDocument(
    version=1,
    site_id="hz-02",
    lines=tuple(
        StockLine(bin=bin_code, item=item, quantity={"amount": "77777", "unit": "EA"})  # type: ignore[arg-type]
        for bin_code, item in (("A-01", TENT.code), ("B-01", BED.code))
    ),
)


@pytest.fixture(name="running")
async def _running(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_desk(tmp_path, PEOPLE, SITE, TASKS, STOCK) as running:
        await running.desk.recorder.outbox.record(
            [receipt(1, NUMBER), moved(2, MovementKind.ISSUE, line(TENT.code, "1", from_bin="A"))]
        )
        yield running


async def _kiosk(running: Running) -> Browser:
    kiosk = running.browser()
    await kiosk.get("/papers")
    return kiosk


def found_in(text: str) -> list[str]:
    return re.findall(r'href="/papers/([^"?]+)"', text)


async def test_todays_papers_are_listed_the_newest_first(running: Running) -> None:
    kiosk = running.browser()
    assert found_in((await kiosk.get("/papers")).text) == [movement_id(2), movement_id(1)]


async def test_papers_are_found_and_what_is_not_there_is_said(running: Running) -> None:
    kiosk = await _kiosk(running)
    assert found_in((await kiosk.get(f"/papers?number=OBD-{NUMBER}")).text) == [movement_id(1)]
    assert found_in((await kiosk.get("/papers?kind=issue&all=1")).text) == [movement_id(2)]
    nothing = (await kiosk.get("/papers?number=DB9")).text
    assert (found_in(nothing), "请向中心查询" in nothing) == ([], True)


async def test_a_preview_is_no_document_and_is_not_counted(running: Running) -> None:
    kiosk = await _kiosk(running)
    for _ in range(2):
        text = (await kiosk.get(f"/papers/{movement_id(1)}")).text
        assert ("预览，不作单据使用" in text, "某帐篷厂" in text, "打印时尚未上传中心" in text) == (True, True, True)
    assert "已打印" not in (await kiosk.get("/papers")).text


async def test_a_print_is_counted_and_the_second_one_is_a_copy(running: Running) -> None:
    kiosk = await _kiosk(running)
    where = f"/papers/{movement_id(1)}/print"
    first, second = [(await kiosk.post(where, {})).text for _ in range(2)]
    assert ("副本" in first, "预览" in first, "data-print-at-once" in first) == (False, False, True)
    assert "副本，第 2 次打印" in second
    assert "已打印 2 次" in (await kiosk.get("/papers")).text


async def test_a_print_without_the_token_of_our_page_counts_nothing(running: Running) -> None:
    kiosk = await _kiosk(running)
    kiosk.token = "somebody else's"
    assert (await kiosk.post(f"/papers/{movement_id(1)}/print", {})).status_code == 403
    assert "已打印" not in (await kiosk.get("/papers")).text


async def test_a_link_to_a_print_leads_to_the_preview(running: Running) -> None:
    kiosk = await _kiosk(running)
    answer = await kiosk.get(f"/papers/{movement_id(1)}/print")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/papers/{movement_id(1)}")


async def test_a_reversed_paper_says_so_in_the_list_and_on_itself(running: Running) -> None:
    await running.desk.recorder.outbox.record([reversal(3, 1)])
    kiosk = await _kiosk(running)
    assert "已冲销" in (await kiosk.get("/papers?kind=receipt")).text
    assert "已冲销，冲销单 无单号 00000003" in (await kiosk.get(f"/papers/{movement_id(1)}")).text
    opposite = (await kiosk.get(f"/papers/{movement_id(3)}")).text
    assert (f"冲销原单 {NUMBER}" in opposite, "-40" in opposite) == (True, True)


async def test_a_paper_that_is_not_here_is_asked_for_at_the_centre(running: Running) -> None:
    kiosk = await _kiosk(running)
    answer = await kiosk.get(f"/papers/{movement_id(99)}")
    assert (answer.status_code, "请向中心查询" in answer.text) == (404, True)
    assert (await kiosk.post(f"/papers/{movement_id(99)}/print", {})).status_code == 404


async def test_from_the_network_nothing_is_shown_before_somebody_signed_in(running: Running) -> None:
    handheld = running.browser("192.168.1.20")
    for path in ("/papers", f"/papers/{movement_id(1)}", "/labels", "/labels/badges"):
        assert (await handheld.get(path)).headers.get("location") == "/sign-in"


async def test_a_stocktake_is_found_by_whatever_its_number_holds(running: Running) -> None:
    number = Document(kind=DocumentKind.STOCKTAKE, number="PD/2026?#%7")
    await running.desk.recorder.outbox.record([counted(7, TENT.code, "3").model_copy(update={"document": number})])
    kiosk = await _kiosk(running)
    (where,) = re.findall(r'href="(/papers/PD[^"]*)"', (await kiosk.get("/papers?kind=count")).text)
    preview = (await kiosk.get(where)).text
    assert "PD/2026?#%7" in preview
    (action,) = re.findall(r'action="([^"]*/print)"', preview)
    assert "副本" not in (await kiosk.post(action, {})).text
    assert "副本，第 2 次打印" in (await kiosk.post(action, {})).text


async def test_a_stocktake_that_no_sheet_can_hold_is_cut_and_says_so(running: Running) -> None:
    counts = [counted(100 + n, TENT.code, "3") for n in range(FACTS_MAX + 1)]
    await running.desk.recorder.outbox.record(counts)
    kiosk = await _kiosk(running)
    assert f"仅前 {FACTS_MAX} 行" in (await kiosk.get("/papers/PD20260922330106010001")).text


async def test_a_blank_count_names_places_and_no_amounts(running: Running) -> None:
    kiosk = await _kiosk(running)
    text = (await kiosk.get("/papers/blank-count?document=PD1&bins=OBB-A-01")).text
    assert (TENT.code in text, BED.code in text, "77777" in text) == (True, False, False)


async def test_a_count_sheet_shows_how_far_the_count_is_from_the_book_where_the_box_can_tell(
    running: Running, tmp_path: Path
) -> None:
    outbox = running.desk.recorder.outbox
    (sequence,) = await outbox.record([counted(7, TENT.code, "77770", bin_code="A-01")])
    kiosk, where = await _kiosk(running), "/papers/PD20260922330106010001"
    assert "账面数请向中心查询" in (await kiosk.get(where)).text
    taken = (TakenThrough(epoch=outbox[Stream.JOURNAL].epoch, sequence=sequence - 1),)
    Shelf(tmp_path / "reference").keep([STOCK.model_copy(update={"taken": taken})])
    sheet = (await kiosk.get(where)).text
    assert (">77777<" in sheet, ">-7<" in sheet, "账面数请向中心查询" in sheet) == (True, True, False)


@pytest.mark.parametrize(
    ("path", "codes"),
    [
        ("/labels/bins", ["OBB-A-01", "OBB-A-02", "OBB-B-01"]),
        ("/labels/bins?begins=A&a4=1", ["OBB-A-01", "OBB-A-02"]),
        ("/labels/badges?badge=1001", ["OBP-1001"]),
        ("/labels/goods?item=LS01006&factor=2&lot=L1&copies=2", ["(01)19520000000063(10)L1"]),
        (
            f"/labels/pallet?sscc=(00){PALLET}&item=LS01006&factor=2&count=20",
            ["(02)19520000000063(37)20", f"(00){PALLET}"],
        ),
        ("/labels/commands", [command_text(command) for command in Command]),
    ],
)
async def test_labels_carry_what_was_asked_for(running: Running, path: str, codes: list[str]) -> None:
    kiosk = await _kiosk(running)
    text = (await kiosk.get(path)).text
    assert [code for code in codes if f'aria-label="{code}"' not in text] == []
    if "begins" in path:
        assert "OBB-B-01" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/labels/bins?begins=Z",
        "/labels/goods?item=ZZ99999",
        "/labels/goods?item=LS01006&copies=0",
        "/labels/goods?item=LS01006&copies=99999",
        "/labels/goods?item=LS01006&lot=L1&expires_on=2026-02-31",
        "/labels/pallet?sscc=395212340000000176",
        "/labels/pallet?sscc=",
    ],
)
async def test_what_cannot_be_printed_is_refused_with_a_reason(running: Running, path: str) -> None:
    kiosk = await _kiosk(running)
    answer = await kiosk.get(path)
    assert answer.status_code in (400, 404)
    assert len(answer.text) > 5


async def test_a_warehouse_of_thousands_of_bins_prints_them_in_portions(tmp_path: Path) -> None:
    many = SITE.model_copy(update={"bins": tuple(Bin(code=f"A-{n}") for n in range(LABELS_MAX + 1))})
    async with running_desk(tmp_path, many) as running:
        answer = await running.browser().get("/labels/bins")
        assert (answer.status_code, str(LABELS_MAX) in answer.text) == (400, True)


def test_nothing_asked_for_means_today_and_odd_wishes_mean_nothing() -> None:
    assert (search_in({}, "2026-09-22").from_day, search_in({}, "2026-09-22").to_day) == ("2026-09-22", "2026-09-22")
    asked = search_in({"kind": "issue", "from": "yesterday", "before": "-1"}, "2026-09-22")
    assert (asked.kind, asked.from_day, asked.before) == (PaperKind.ISSUE, "", None)
