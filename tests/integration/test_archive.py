"""The archive of papers on real files behind a real outbox: what is found, what is counted, and what survives."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from onebook_edge.archive.archive import NOT_COUNTED, PaperArchive
from onebook_edge.archive.index_file import FOUND_MAX, Search
from onebook_edge.machine import Instant
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.paper.filing import PaperKind
from onebook_schemas.device_events import EdgeStarted
from onebook_schemas.envelope import JournalFact
from onebook_schemas.stock_events import MovementKind
from onebook_schemas.uplink import Stream
from tests.unit.edge.paper.facts import BOOT, MORNING_MS, counted, line, moved, movement_id, receipt, reversal
from tests.unit.edge.paper.samples import BED, TENT

DAY_MS = 86_400_000


class HandClock:
    boot_id = BOOT

    def __init__(self) -> None:
        self.at_ms = 0

    def now(self) -> Instant:
        self.at_ms += 1
        return Instant(self.at_ms, MORNING_MS + self.at_ms)

    def synchronised(self) -> bool:
        return True


class Box:
    """An outbox with its archive; `restarted` is the same box after its program began anew."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, HandClock()
        self.outbox: Outbox
        self.archive: PaperArchive

    async def start(self) -> None:
        self.outbox = await Outbox.open(self.folder, "edge-1", self.clock)
        self.archive = PaperArchive(self.folder / "papers.db", self.outbox)

    async def stop(self) -> None:
        await self.archive.close()
        await self.outbox.close()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def record(self, *facts: JournalFact) -> None:
        await self.outbox.record(facts)

    async def found(self, search: Search | None = None) -> list[str]:
        return [found.paper for found in await self.archive.find(search or Search())]


@pytest.fixture(name="box")
async def _box(tmp_path: Path) -> AsyncIterator[Box]:
    box = Box(tmp_path)
    await box.start()
    yield box
    await box.stop()


def issue(number: int, actor: str = "P1001", item: str = TENT.code) -> JournalFact:
    fact = moved(number, MovementKind.ISSUE, line(item, "1", from_bin="A"), document=f"CK2026092233010601{number:04}")
    return fact.model_copy(update={"actor": actor})


async def test_papers_are_found_by_what_people_know_of_them(box: Box) -> None:
    await box.record(receipt(1), EdgeStarted(software_version="1"))
    box.clock.at_ms += DAY_MS
    await box.record(issue(2))
    await box.record(issue(3, actor="P1002", item=BED.code))
    first, second, third = map(movement_id, (1, 2, 3))
    expected: Sequence[tuple[Search, list[str]]] = [
        (Search(), [third, second, first]),
        (Search(number="330106010003"), [third]),
        (Search(number="CK2026"), [third, second]),
        (Search(number="CK%"), []),
        (Search(kind=PaperKind.RECEIPT), [first]),
        (Search(to_day="2026-09-22"), [first]),
        (Search(from_day="2026-09-23"), [third, second]),
        (Search(item=BED.code), [third, first]),
        (Search(item=TENT.code, kind=PaperKind.ISSUE), [second]),
        (Search(number="330106010003", before=3), []),
        (Search(actor="P1002"), [third]),
        (Search(actor="P1002", kind=PaperKind.COUNT), []),
    ]
    for search, papers in expected:
        assert await box.found(search) == papers, search


async def test_a_long_list_comes_in_portions(box: Box) -> None:
    for number in range(1, 2 * FOUND_MAX + 2):
        await box.record(issue(number))
    seen: list[str] = []
    before = None
    while portion := await box.archive.find(Search(before=before)):
        assert len(portion) <= FOUND_MAX
        seen += [found.paper for found in portion]
        before = portion[-1].sequence
    assert seen == [movement_id(number) for number in range(2 * FOUND_MAX + 1, 0, -1)]


async def test_the_counts_of_one_stocktake_are_one_paper(box: Box) -> None:
    await box.record(counted(1, TENT.code, "38"), counted(2, BED.code, "30"))
    await box.record(issue(9))
    await box.record(counted(3, TENT.code, "12", bin_code="A-02"))
    number = "PD20260922330106010001"
    assert await box.found() == [number, movement_id(9)]
    assert await box.found(Search(item=BED.code)) == [number]  # By one of its lines, though it is not the last one.
    facts = await box.archive.facts_of(number)
    assert facts is not None
    assert [event.fact.movement_id for event in facts.events] == [movement_id(n) for n in (1, 2, 3)]  # type: ignore[union-attr]


async def test_counts_without_a_number_are_one_paper_when_they_were_confirmed_together(box: Box) -> None:
    counts = [counted(n, TENT.code, "1").model_copy(update={"document": None}) for n in (1, 2, 3)]
    await box.record(*counts[:2])
    await box.record(counts[2])
    last, first = await box.archive.find(Search())
    facts = await box.archive.facts_of(first.paper)
    assert facts is not None
    assert (len(facts.events), first.kind, last.number) == (2, PaperKind.COUNT, "")


async def test_reversals_and_corrections_name_one_another(box: Box) -> None:
    await box.record(receipt(1))
    await box.record(reversal(2, 1))
    await box.record(receipt(3, document="RK2").model_copy(update={"corrects": movement_id(1)}))
    found = {one.paper: one.is_reversed for one in await box.archive.find(Search())}
    assert found == {movement_id(1): True, movement_id(2): False, movement_id(3): False}
    related = {}
    for number in (1, 2, 3):
        facts = await box.archive.facts_of(movement_id(number))
        assert facts is not None
        related[number] = [event.sequence for event in facts.related]
    assert related == {1: [2, 3], 2: [1], 3: [1]}


async def test_prints_are_counted_over_restarts_epochs_and_a_lost_index(box: Box) -> None:
    await box.record(receipt(1))
    (paper,) = await box.found()
    assert await box.archive.count_print(paper) == 1
    await box.restart()
    assert await box.archive.count_print(paper) == 2
    await box.outbox.renew_epoch(Stream.JOURNAL)
    await box.record(issue(2))
    assert await box.found() == [movement_id(2), paper]
    assert await box.archive.count_print(paper) == 3
    assert [found.printed for found in await box.archive.find(Search())] == [0, 3]


async def test_a_new_epoch_with_other_numbers_is_followed_from_its_beginning(box: Box) -> None:
    for number in (1, 2, 3):
        await box.record(issue(number))
    await box.archive.find(Search())
    await box.outbox.mark_delivered(Stream.JOURNAL, 2)
    await box.outbox[Stream.JOURNAL].drop_delivered(1 << 30, 1)
    await box.outbox.renew_epoch(Stream.JOURNAL)
    await box.record(issue(4))  # The third number of the new epoch, as of the one before.
    assert await box.found() == [movement_id(4), movement_id(3), movement_id(2)]
    facts = await box.archive.facts_of(movement_id(3))
    assert facts is not None
    assert [event.sequence for event in facts.events] == [2]


def test_a_print_that_was_counted_survives_a_kill(tmp_path: Path) -> None:
    program = (
        "import os, sys, pathlib; from onebook_edge.archive.index_file import IndexFile; "
        "print(IndexFile(pathlib.Path(sys.argv[1])).count_print('p'), flush=True); os._exit(9)"
    )
    path = tmp_path / "papers.db"
    said = [subprocess.run([sys.executable, "-c", program, path], capture_output=True, check=False) for _ in range(3)]
    assert [one.stdout for one in said] == [b"1\n", b"2\n", b"3\n"]


async def test_a_damaged_file_is_put_aside_and_papers_are_found_again(box: Box) -> None:
    await box.record(receipt(1))
    assert len(await box.found()) == 1
    await box.stop()
    (box.folder / "papers.db").write_bytes(b"no database" * 1_000)
    await box.start()
    assert await box.found() == [movement_id(1)]
    assert (box.folder / "papers.damaged").exists()


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\x00" + bytes(4_000)])
async def test_a_file_that_was_cut_off_is_no_obstacle(box: Box, damage: bytes) -> None:
    await box.stop()
    (box.folder / "papers.db").write_bytes(damage)
    await box.start()
    await box.record(receipt(1))
    assert await box.found() == [movement_id(1)]


async def test_a_disk_that_takes_nothing_stops_no_work_and_is_made_up_for(box: Box) -> None:
    archive = PaperArchive(box.folder / "not there yet" / "papers.db", box.outbox)
    await box.record(receipt(1))
    assert (await archive.find(Search()), archive.is_current) == ([], False)
    assert await archive.count_print(movement_id(1)) == NOT_COUNTED
    (box.folder / "not there yet").mkdir()
    assert [found.paper for found in await archive.find(Search())] == [movement_id(1)]
    assert archive.is_current
    await archive.close()


async def test_what_the_journal_lets_go_of_is_found_no_more(box: Box) -> None:
    await box.record(receipt(1))
    await box.record(issue(2))
    await box.archive.find(Search())
    await box.archive.count_print(movement_id(1))
    await box.outbox.mark_delivered(Stream.JOURNAL, 2)
    await box.outbox[Stream.JOURNAL].drop_delivered(1 << 30, 1)
    assert await box.archive.facts_of(movement_id(1)) is None
    await box.archive.tidy()
    assert await box.found() == [movement_id(2)]
    with sqlite3.connect(box.folder / "papers.db") as db:
        assert db.execute("SELECT (SELECT count(*) FROM print), (SELECT count(*) FROM entry_item)").fetchone() == (0, 1)
    db.close()


async def test_an_event_that_was_damaged_on_the_card_hides_no_other(box: Box) -> None:
    await box.record(receipt(1))
    await box.record(issue(2))
    with sqlite3.connect(box.folder / "journal.db") as db:
        db.execute("UPDATE event SET body = x'7b7b' WHERE sequence = 1")
    db.close()
    assert await box.found() == [movement_id(2)]
