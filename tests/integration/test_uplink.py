"""Edge and collector through a real broker, with real files: what the edge recorded reaches the book once, in order.

Both run in this process, so that one test can look into both; tests/end_to_end runs them as processes and kills them.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from onebook_collector.clock import SystemClock as CentreClock
from onebook_collector.ingest.book_uploads import Booked
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.sql_store import SqlLedgerStore
from onebook_collector.metrics.sample import EventSamples
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_deploy.mosquitto import PrivateBroker, mosquitto_program, private_broker
from onebook_edge.clock import SystemClock
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.uplink.machine import UplinkSettings
from onebook_edge.uplink.runner import BrokerAddress, UplinkRunner
from onebook_firmware_sim.line import Line, LineState
from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.envelope import TelemetryEvent
from onebook_schemas.remote_care import Reply
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken
from onebook_schemas.uplink import EdgeState, Live, LiveReading, Stream

QUICK = UplinkSettings(resend_ms_min=200, resend_ms_max=500, reconnect_after_ms=600, probe_ms=300)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    mosquitto_program()  # Says which package is missing.
    with private_broker(tmp_path / "broker") as running:
        yield running


@dataclass
class Seen:
    """An observer that writes down."""

    live: list[Live] = field(default_factory=list)
    states: list[EdgeState] = field(default_factory=list)
    booked: list[Booked] = field(default_factory=list)

    def see_live(self, live: Live, received_ms: int) -> None:
        self.live.append(live)

    def see_state(self, state: EdgeState, received_ms: int, *, retained: bool) -> None:
        self.states.append(state)

    def see_telemetry(self, event: TelemetryEvent, samples: EventSamples, received_ms: int) -> None: ...

    def see_reply(self, reply: Reply, received_ms: int) -> None:
        pass

    def see_booked(self, booked: Booked) -> None:
        self.booked.append(booked)


@contextlib.asynccontextmanager
async def centre(
    folder: Path, port: int, algorithm: HashAlgorithm | None = None
) -> AsyncIterator[tuple[IngestRunner, Seen]]:
    folder.mkdir(exist_ok=True)
    ledger = await SqlLedgerStore.open(folder / "ledger.db", LedgerSettings(hash_algorithm=algorithm))
    metrics = await SqliteStore.open(folder / "metrics.db")
    seen = Seen()
    runner = IngestRunner(("127.0.0.1", port), "collector-1", ledger, metrics, seen, CentreClock())
    task = asyncio.create_task(runner.run())
    try:
        yield runner, seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await ledger.close()
        await metrics.close()


@contextlib.asynccontextmanager
async def edge(
    folder: Path, port: int, edge_id: str = "edge-1", algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> AsyncIterator[tuple[Outbox, UplinkRunner]]:
    clock = SystemClock(trusted=True)
    outbox = await Outbox.open(folder, edge_id, clock, algorithm=algorithm)
    uplink = UplinkRunner(edge_id, outbox, clock, BrokerAddress("127.0.0.1", port), "test", QUICK)
    task = asyncio.create_task(uplink.run())
    try:
        yield outbox, uplink
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.close()


async def record(outbox: Outbox, *texts: object) -> None:
    await outbox.record([CodeSetAside(text=str(text), reason="test") for text in texts])


async def measure(outbox: Outbox, value: float) -> None:
    series = SampleSeries(device="probe", quantity="temperature_c", unit="CEL", after_ms=(0,), values=(value,))
    await outbox.take([SamplesTaken(series=(series,))], SystemClock(trusted=True).now())


async def delivered(outbox: Outbox) -> None:
    """Wait until nothing waits; a test's time-out is its limit."""
    while any(outbox[stream].usage.waiting for stream in Stream):
        await asyncio.sleep(0.02)


def booked_texts(folder: Path) -> list[str]:
    """The texts of all events in the book, in the order of their sequence."""
    with contextlib.closing(sqlite3.connect(folder / "ledger.db")) as database:
        rows = database.execute(
            "SELECT json_extract(body, '$.fact.text') FROM envelope JOIN log USING (log_id)"
            " WHERE stream = 'journal' ORDER BY log_id, sequence"
        )
        return [row[0] for row in rows]


async def test_what_is_recorded_reaches_the_book_once_and_in_order(broker: PrivateBroker, tmp_path: Path) -> None:
    async with centre(tmp_path / "c", broker.port), edge(tmp_path / "e", broker.port) as (outbox, _):
        for n in range(0, 300, 3):
            await record(outbox, n, n + 1, n + 2)
            await measure(outbox, n)
        await delivered(outbox)
    assert booked_texts(tmp_path / "c") == [str(n) for n in range(300)]


async def test_an_edge_that_starts_before_everything_else_loses_nothing(broker: PrivateBroker, tmp_path: Path) -> None:
    broker.stop()
    async with edge(tmp_path / "e", broker.port) as (outbox, _):
        await record(outbox, *range(50))
        await asyncio.sleep(0.3)
        broker.start()
        await record(outbox, *range(50, 60))
        async with centre(tmp_path / "c", broker.port):
            await delivered(outbox)
    assert booked_texts(tmp_path / "c") == [str(n) for n in range(60)]


async def test_a_broker_that_loses_everything_costs_nothing(broker: PrivateBroker, tmp_path: Path) -> None:
    async with centre(tmp_path / "c", broker.port), edge(tmp_path / "e", broker.port) as (outbox, _):
        for round_ in range(4):
            await record(outbox, *range(round_ * 100, round_ * 100 + 100))
            broker.kill()
            (broker.folder / "mosquitto.db").unlink(missing_ok=True)
            broker.start()
        await delivered(outbox)
    assert booked_texts(tmp_path / "c") == [str(n) for n in range(400)]


@pytest.mark.parametrize("fault", [LineState.CUT, LineState.HOLE])
async def test_a_line_that_is_cut_or_swallows_everything_only_delays(
    fault: LineState, broker: PrivateBroker, tmp_path: Path
) -> None:
    async with (
        Line(broker.port) as line,
        centre(tmp_path / "c", broker.port),
        edge(tmp_path / "e", line.port) as (outbox, _),
    ):
        await record(outbox, *range(20))
        await delivered(outbox)
        line.set(fault)
        for n in range(20, 120):
            await record(outbox, n)
        await asyncio.sleep(2)
        assert outbox[Stream.JOURNAL].usage.waiting >= 100
        line.set(LineState.UP)
        await delivered(outbox)
    assert booked_texts(tmp_path / "c") == [str(n) for n in range(120)]


async def test_the_live_topic_shows_the_present_past_a_backlog(broker: PrivateBroker, tmp_path: Path) -> None:
    """Goal: a backlog does not hide the present. Method: record without a line, then connect and look at what comes first."""
    async with edge(tmp_path / "e", 1) as (outbox, _):  # Nobody listens on port 1.
        for n in range(40):
            await record(outbox, *range(n * 500, n * 500 + 500))
    async with centre(tmp_path / "c", broker.port) as (_, seen), edge(tmp_path / "e", broker.port) as (outbox, uplink):
        await uplink.link.connected.wait()
        reading = LiveReading(device="probe", quantity="temperature_c", unit="CEL", value=21.5)
        while not seen.live:
            await uplink.publish_live([reading])
            await asyncio.sleep(0.02)
        assert seen.live[0].journal_waiting > 10_000, "the present arrived while the backlog still waits"
        assert seen.live[0].readings == (reading,)
        await delivered(outbox)
    assert len(booked_texts(tmp_path / "c")) == 20_000


async def test_a_collector_restored_from_an_old_copy_is_refilled_by_its_edge(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with edge(tmp_path / "e", broker.port) as (outbox, _):
        async with centre(tmp_path / "c", broker.port):
            await record(outbox, *range(100))
            await delivered(outbox)
        shutil.copytree(tmp_path / "c", tmp_path / "backup")
        async with centre(tmp_path / "c", broker.port):
            await record(outbox, *range(100, 250))
            await delivered(outbox)
        shutil.rmtree(tmp_path / "c")
        shutil.copytree(tmp_path / "backup", tmp_path / "c")
        async with centre(tmp_path / "c", broker.port):
            while len(booked_texts(tmp_path / "c")) < 250:  # Nothing new is recorded: a probe finds it out.
                await asyncio.sleep(0.05)
    assert booked_texts(tmp_path / "c") == [str(n) for n in range(250)]


async def test_an_outbox_that_is_an_old_copy_of_itself_begins_a_new_epoch(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with centre(tmp_path / "c", broker.port):
        async with edge(tmp_path / "e", broker.port) as (outbox, _):
            await record(outbox, *range(10))
            await delivered(outbox)
        shutil.copytree(tmp_path / "e", tmp_path / "copy")
        async with edge(tmp_path / "e", broker.port) as (outbox, _):
            await record(outbox, *range(10, 20))
            await delivered(outbox)
        async with edge(tmp_path / "copy", broker.port) as (outbox, _):
            old = outbox[Stream.JOURNAL].epoch
            while outbox[Stream.JOURNAL].epoch == old:
                await asyncio.sleep(0.02)
            await record(outbox, *range(20, 25))
            await delivered(outbox)
    assert booked_texts(tmp_path / "c") == [str(n) for n in (*range(20), *range(10), *range(20, 25))]
    assert len(list((tmp_path / "copy").glob("journal-*.old.db"))) == 1


async def test_a_cloned_outbox_that_goes_its_own_way_is_held_and_both_contents_are_kept(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with centre(tmp_path / "c", broker.port) as (runner, _):
        async with edge(tmp_path / "e", broker.port) as (outbox, _):
            await record(outbox, *range(10))
            await delivered(outbox)
        shutil.copytree(tmp_path / "e", tmp_path / "clone")
        async with edge(tmp_path / "e", broker.port) as (outbox, _):
            await record(outbox, "true-1", "true-2")
            await delivered(outbox)
        async with edge(tmp_path / "clone", 1) as (outbox, _):
            await record(outbox, "cloned-1", "cloned-2")
        async with edge(tmp_path / "clone", broker.port) as (outbox, _):
            while not runner.counters.outcomes["fork"]:
                await asyncio.sleep(0.02)
            assert outbox[Stream.JOURNAL].usage.waiting == 2, "nothing of it was acknowledged"
    assert booked_texts(tmp_path / "c")[-2:] == ["true-1", "true-2"]
    with contextlib.closing(sqlite3.connect(tmp_path / "c" / "ledger.db")) as database:
        assert database.execute("SELECT count(*) FROM fork").fetchone() == (1,)


async def test_what_is_no_message_is_counted_explained_and_in_nobodys_way(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    async with (
        centre(tmp_path / "c", broker.port) as (runner, _),
        edge(tmp_path / "e", broker.port) as (outbox, uplink),
    ):
        await uplink.link.connected.wait()
        for body in (b"", b"nonsense", b"{}", b'{"v":9}', b"\x78\x9c garbage", b"{" * 1000):
            await uplink.link.publish("onebook/v1/e/edge-1/up/journal", body)
        await uplink.link.publish("onebook/v1/e/edge-1/up/unheard", b"{}")
        await record(outbox, "after")
        await delivered(outbox)
        assert runner.counters.rejected.total() == 7
        assert all(rejection.reason for rejection in runner.counters.rejections)
    assert booked_texts(tmp_path / "c") == ["after"]


async def test_an_edge_that_stops_is_shown_as_offline(broker: PrivateBroker, tmp_path: Path) -> None:
    async with centre(tmp_path / "c", broker.port) as (_, seen):
        async with edge(tmp_path / "e", broker.port) as (_, uplink):
            await uplink.link.connected.wait()
            while not seen.states:
                await asyncio.sleep(0.02)
        while seen.states[-1].online:
            await asyncio.sleep(0.02)
