"""What the centre knows becomes what warehouses work by: real broker, real databases, the real agent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from onebook_collector.administration.audit import audit_entries
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import SystemClock
from onebook_collector.errors import RefusedError
from onebook_collector.furnishing import desk
from onebook_collector.furnishing.desk import Act, Probe, Setup, SiteZone
from onebook_collector.furnishing.publisher import Publisher
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger.registry import Site, import_items, import_sites
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_deploy.mosquitto import PrivateBroker
from onebook_edge.wiring import Agent
from onebook_schemas import topics
from onebook_schemas.encoding import decode
from onebook_schemas.mqtt_link import Inbound
from onebook_schemas.pins import hash_pin
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import (
    CATALOGUE,
    DOCUMENTS,
    PEOPLE,
    SITE,
    STOCK,
    TASKS,
    Bin,
    CatalogueDocument,
    PersonOnSite,
    StockDocument,
    Task,
    TaskAction,
    TaskLine,
)
from onebook_schemas.stock_events import Document, DocumentKind
from onebook_schemas.uplink import EdgeState
from tests.contract import ledger_events as events
from tests.contract.ledger_bench import Journal, open_store
from tests.integration.test_reference_at_the_edge import broker, connected, running_agent, until
from tests.integration.test_uplink import Seen

__all__ = ["broker"]

ACT = Act("person:liwei", 1_790_000_000_000)
PIN = hash_pin("246810", bytes(16))
ORDER = "DB20260921-001"
FAST = 0.02


@dataclass
class Board(Seen):
    """An observer that keeps the live board, as the onlooker does."""

    board: LiveBoard = field(default_factory=LiveBoard)

    def see_state(self, state: EdgeState, received_ms: int, *, retained: bool) -> None:
        self.board.see_state(state, received_ms, retained=retained)


@dataclass
class Centre:
    ledger: SqlLedgerStore
    administration: AdministrationStore
    publisher: Publisher
    journal: Journal
    board: LiveBoard

    async def desk(self, work: Callable[[Any], Any]) -> Any:
        return await self.administration.write(work)

    async def set_up(self) -> None:
        person = PersonOnSite(badge="k1", name="张建国", role="keeper", pin=PIN, until=date(2030, 1, 1))
        zone = SiteZone(code="COLD", name_zh="冷库", name_en="Cold", probes=(Probe(edge_id="edge-1", device="p1"),))
        other = SiteZone(code="DRY", name_zh="干库", name_en="Dry", probes=(Probe(edge_id="edge-2", device="p1"),))
        await self.desk(lambda db: desk.set_up(db, "wh-1", Setup(maker_number=7), ACT, neighbours=()))
        await self.desk(lambda db: desk.put_zones(db, "wh-1", [zone, other], ACT))
        await self.desk(lambda db: desk.put_bins(db, "wh-1", [Bin(code="A-01", zone="COLD"), Bin(code="A-02")], ACT))
        await self.desk(lambda db: desk.put_person(db, "wh-1", person, ACT, keep_pin=False))


@contextlib.asynccontextmanager
async def centre(folder: Path, port: int) -> AsyncIterator[Centre]:
    folder.mkdir(exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        is_new = not (folder / "ledger.db").exists()
        ledger = await (open_store if is_new else SqlLedgerStore.open)(folder / "ledger.db")
        stack.push_async_callback(ledger.close)
        administration = await AdministrationStore.open(folder / "administration.db")
        stack.push_async_callback(administration.close)
        metrics = await SqliteStore.open(folder / "metrics.db")
        stack.push_async_callback(metrics.close)
        if is_new:
            await ledger.write(events.furnish)
        clock, seen = SystemClock(), Board()
        ingest = IngestRunner(("127.0.0.1", port), "collector-1", ledger, metrics, seen, clock)
        publisher = Publisher(ledger, administration, ingest.link, seen.board, clock, look_s=FAST)
        tasks = [asyncio.create_task(ingest.run()), asyncio.create_task(publisher.run())]
        try:
            yield Centre(ledger, administration, publisher, Journal(ledger, "edge-2"), seen.board)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


@pytest.fixture(autouse=True)
def _stock_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given, and kept, as soon as it changed."""
    monkeypatch.setattr("onebook_collector.furnishing.publisher.EVERY_MS", {})
    monkeypatch.setattr("onebook_edge.reference.library.KEPT_EVERY_S", {})


def receipt(number: int, amount: int, lot: str = "L1", **more: Any) -> dict[str, Any]:
    dated = {"number": lot, "expires_on": "2030-01-31"}
    return events.moved(number, "receipt", events.line(events.LOT, amount, lot=dated, to_bin="A-01"), **more)


def issue(number: int, amount: int, **more: Any) -> dict[str, Any]:
    return events.moved(number, "issue", events.line(events.LOT, amount, lot="L1", from_bin="A-01"), **more)


def order(action: TaskAction = TaskAction.ISSUE, amount: int = 20) -> Task:
    line = TaskLine(item=events.LOT, quantity=Quantity(amount=Decimal(amount), unit="EA"))
    document = Document(kind=DocumentKind.DISPATCH_ORDER, number=ORDER)
    return Task(document=document, action=action, title_zh="调拨", title_en="Dispatch", lines=(line,))


def stock(agent: Agent) -> StockDocument | None:
    return agent.library.read(StockDocument)


def bins_at(agent: Agent) -> list[str]:
    return [one.code for one in agent.library.site.bins] if agent.library.site is not None else []


def is_set_up(agent: Agent) -> bool:
    """Whether the last of what `Centre.set_up` wrote has come."""
    return bins_at(agent) == ["A-01", "A-02"] and agent.library.people is not None and bool(agent.library.people.people)


async def test_an_edge_is_given_what_its_warehouse_works_by(broker: PrivateBroker, tmp_path: Path) -> None:
    async with centre(tmp_path / "c", broker.port) as here, running_agent(tmp_path / "e", broker.port) as agent:
        await here.set_up()
        await here.desk(lambda db: desk.put_task(db, "wh-1", order(), ACT))
        await here.journal.book(receipt(1, 50), issue(2, 5, document={"kind": "DB", "number": ORDER}))
        library = agent.library
        await until(lambda: library.tasks is not None and len(library.tasks.tasks) == 1)
        await until(lambda: (held := stock(agent)) is not None and len(held.lines) == 1)
        await until(lambda: is_set_up(agent))
        assert library.site is not None
        assert library.people is not None
        assert library.tasks is not None
        assert [(one.code, one.zone) for one in library.site.bins] == [("A-01", "COLD"), ("A-02", None)]
        assert [(zone.code, zone.probes) for zone in library.site.zones] == [("COLD", ("p1",)), ("DRY", ())]
        assert (library.site.maker_number, len(library.site.reasons) > 5) == (7, True)
        assert [(one.badge, one.pin) for one in library.people.people] == [("k1", PIN)]
        await until(lambda: library.tasks is not None and library.tasks.tasks[0].lines[0].done is not None)
        assert library.tasks.tasks[0].lines[0].done == Quantity(amount=Decimal(5), unit="EA")
        held = stock(agent)
        assert held is not None
        (line,) = held.lines
        assert (line.bin, line.quantity.amount, line.lot, line.expires_on) == ("A-01", 45, "L1", date(2030, 1, 31))
        catalogue = library.read(CatalogueDocument)
        assert catalogue is not None
        assert [item.code for item in catalogue.items] == ["LS01001", "LS01002", "LS01004", "LS02001", "LS05001"]


async def test_figures_and_cursors_of_the_stock_are_of_one_moment(broker: PrivateBroker, tmp_path: Path) -> None:
    """Each event of the journal of edge-1 brings one piece: figures and cursor are the same number, whenever it was looked."""
    seen: list[StockDocument] = []
    async with centre(tmp_path / "c", broker.port) as here:
        here.board.see_state(EdgeState(edge_id="edge-1", online=True), 1, retained=False)
        hear: dict[str, Any] = {
            "subscriptions": [(topics.down_filter("edge-1"), 1)],
            "on_message": lambda one: seen.append(decode(StockDocument, one.body)) if "/stock" in one.topic else None,
        }
        async with connected(broker.port, "watcher", **hear):
            journal = Journal(here.ledger, "edge-1")
            for number in range(1, 40):
                await journal.book(receipt(number, 1))
                while number % 8 == 7 and not (seen and seen[-1].taken and seen[-1].taken[0].sequence == number):
                    await asyncio.sleep(0.01)
    pairs = [
        (sum(int(line.quantity.amount) for line in one.lines), sum(taken.sequence for taken in one.taken))
        for one in seen
    ]
    assert len(pairs) > 3
    assert all(amount == sequence for amount, sequence in pairs)
    assert [one.version for one in seen] == sorted(one.version for one in seen)


async def test_a_broker_that_lost_its_disk_is_given_everything_again(broker: PrivateBroker, tmp_path: Path) -> None:
    async with centre(tmp_path / "c", broker.port) as here:
        await here.set_up()
        async with running_agent(tmp_path / "before", broker.port) as agent:
            await until(lambda: len(agent.library.versions) == len(DOCUMENTS))
            await until(lambda: is_set_up(agent))
            before = agent.library.versions
        broker.kill()
        (broker.folder / "mosquitto.db").unlink(missing_ok=True)
        broker.start()
        async with running_agent(tmp_path / "after", broker.port) as agent:
            await until(lambda: len(agent.library.versions) == len(DOCUMENTS))
            after = agent.library.versions
    assert {name: after[name] for name in (CATALOGUE, SITE, PEOPLE, TASKS)} == {
        name: before[name] for name in (CATALOGUE, SITE, PEOPLE, TASKS)
    }


async def test_a_restart_of_the_centre_gives_the_same_content_no_new_version(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with running_agent(tmp_path / "e", broker.port) as agent:
        async with centre(tmp_path / "c", broker.port) as here:
            await here.set_up()
            await until(lambda: len(agent.library.versions) == len(DOCUMENTS))
            await until(lambda: is_set_up(agent))
            before = dict(agent.library.versions)
        async with centre(tmp_path / "c", broker.port) as here:
            await until(lambda: len(here.publisher._said) >= 1 + 4 + 3 + 1)  # Of three edges; stock of those online.
            await here.desk(lambda db: desk.put_bins(db, "wh-1", [Bin(code="A-03")], ACT))
            await until(lambda: agent.library.versions[SITE] != before[SITE])
        after = agent.library.versions
    assert {name for name in DOCUMENTS if after[name] != before[name]} <= {SITE, STOCK}


async def test_a_centre_that_was_restored_outdoes_what_its_edges_hold(broker: PrivateBroker, tmp_path: Path) -> None:
    async with running_agent(tmp_path / "e", broker.port) as agent:
        async with centre(tmp_path / "c", broker.port) as here:
            await here.set_up()
            await until(lambda: is_set_up(agent))
            ahead = agent.library.versions[SITE] + 86_400_000  # The clock of that centre was a day ahead.
            await here.desk(lambda db: db.exec_driver_sql(f"UPDATE given_document SET version={ahead}, digest='x'"))
        async with centre(tmp_path / "c", broker.port):
            await until(lambda: agent.library.versions[SITE] > ahead)
            held = agent.library.versions[SITE]
        (tmp_path / "c" / "administration.db").unlink()
        for suffix in ("-wal", "-shm"):
            (tmp_path / "c" / f"administration.db{suffix}").unlink(missing_ok=True)
        async with centre(tmp_path / "c", broker.port) as here:
            await here.set_up()
            await here.desk(lambda db: desk.put_bins(db, "wh-1", [Bin(code="Z-9")], ACT))
            await until(lambda: "Z-9" in bins_at(agent))
            assert agent.library.versions[SITE] > held


async def test_parts_that_are_needed_no_more_are_cleared(
    broker: PrivateBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onebook_collector.furnishing.publisher.ROWS_MAX", 2)
    heard: list[Inbound] = []
    async with centre(tmp_path / "c", broker.port) as here, running_agent(tmp_path / "e", broker.port) as agent:
        await here.set_up()
        await here.desk(lambda db: desk.put_bins(db, "wh-1", [Bin(code=f"B-{n}") for n in range(5)], ACT))
        await until(lambda: agent.library.site is not None and len(agent.library.site.bins) == 7)
        await here.desk(lambda db: desk.put_bins(db, "wh-1", [Bin(code="B-9")], ACT, replace=True))
        await until(lambda: agent.library.site is not None and len(agent.library.site.bins) == 1)
        await until(lambda: not here.publisher._due)
        site_and_below = topics.document("edge-1", SITE) + "/#"
        hear: dict[str, Any] = {"subscriptions": [(site_and_below, 1)], "on_message": heard.append}
        async with connected(broker.port, "watcher", **hear):
            await until(lambda: bool(heard))
            await asyncio.sleep(0.1)
        assert [one.topic for one in heard] == [topics.document("edge-1", SITE)]


async def test_a_task_is_closed_when_its_lines_are_done_and_not_by_what_was_taken_back(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    paper = {"document": {"kind": "DB", "number": ORDER}}
    async with centre(tmp_path / "c", broker.port) as here:
        await here.desk(lambda db: desk.put_task(db, "wh-1", order(), ACT))
        await here.journal.book(receipt(1, 50), issue(2, 20, **paper), events.reversed_(3, 2), issue(4, 8, **paper))
        await until(lambda: has_given_all(here, 4))
        assert await open_tasks(here) == [ORDER]
        await here.journal.book(issue(5, 12, **paper))
        while await open_tasks(here):
            await asyncio.sleep(FAST)
        (given,) = await here.administration.read(lambda db: desk.tasks_of(db, "wh-1", is_open=False))
        assert given.closed_by == "book"
        await here.desk(lambda db: desk.put_task(db, "wh-1", order(amount=30), ACT))  # Given anew: open again.
        assert await open_tasks(here) == [ORDER]
        await here.desk(lambda db: desk.close_task(db, "wh-1", ORDER, "cancelled", ACT))
        with pytest.raises(RefusedError, match="closed_already"):
            await here.desk(lambda db: desk.close_task(db, "wh-1", ORDER, "again", ACT))
        entries = await here.administration.read(lambda db: [row.action for row in audit_entries(db)])
        assert entries[:4] == ["tasks.close", "tasks.put", "tasks.close", "tasks.put"]


def has_given_all(here: Centre, ledger_seq: int) -> bool:
    known = here.publisher._known
    return known is not None and known.book.ledger_seq == ledger_seq and not here.publisher._due


async def open_tasks(here: Centre) -> list[str]:
    given = await here.administration.read(lambda db: desk.tasks_of(db, "wh-1", is_open=True))
    return [one.task.document.number for one in given]


async def test_pieces_are_named_by_their_serials(broker: PrivateBroker, tmp_path: Path) -> None:
    pieces = events.line(events.SERIAL, 2, to_bin="A-02", serials=["S2", "S1"])
    async with centre(tmp_path / "c", broker.port) as here, running_agent(tmp_path / "e", broker.port) as agent:
        await here.journal.book(events.moved(1, "receipt", pieces))
        await until(lambda: (held := stock(agent)) is not None and len(held.lines) == 1)
        held = stock(agent)
        assert held is not None
        assert held.lines[0].serials == ("S1", "S2")


async def test_nothing_is_said_of_bins_and_people_before_a_site_was_set_up(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with centre(tmp_path / "c", broker.port), running_agent(tmp_path / "e", broker.port) as agent:
        await until(lambda: set(agent.library.versions) == {CATALOGUE, TASKS, STOCK})
        await asyncio.sleep(0.1)
        assert agent.library.site is None


async def test_new_items_reach_the_edges(broker: PrivateBroker, tmp_path: Path) -> None:
    async with centre(tmp_path / "c", broker.port) as here, running_agent(tmp_path / "e", broker.port) as agent:
        await until(lambda: CATALOGUE in agent.library.versions)
        await here.ledger.write(lambda book: import_items(book, events.CATALOGUE))
        await until(lambda: len(agent.recorder.pipeline.dialogues["desk"].catalogue) == len(events.CATALOGUE))


async def test_a_site_whose_document_cannot_be_made_holds_no_other_up(broker: PrivateBroker, tmp_path: Path) -> None:
    nowhere = Site("wh-2", "二号库", "Warehouse 2", "no division")
    async with centre(tmp_path / "c", broker.port) as here, running_agent(tmp_path / "e", broker.port) as agent:
        await here.ledger.write(lambda book: import_sites(book, [nowhere]))
        await until(lambda: (known := here.publisher._known) is not None and known.book.sites["wh-2"] == nowhere)
        await here.desk(lambda db: desk.set_up(db, "wh-2", Setup(maker_number=1), ACT, neighbours=()))
        await until(lambda: ("edge-3", PEOPLE) in here.publisher._said)
        await here.set_up()
        await until(lambda: agent.library.site is not None)
        assert ("edge-3", SITE) not in here.publisher._said
