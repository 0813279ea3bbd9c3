"""Virtual edges speak to a real Mosquitto; behind it a tiny collector that keeps each line once and answers with its cursor."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from onebook_deploy.mosquitto import PrivateBroker, private_broker
from onebook_firmware_sim.cli import main
from onebook_firmware_sim.fleet import EdgeTruth, StreamTimes, VirtualEdge
from onebook_firmware_sim.fleet_run import FleetPlan, run_fleet
from onebook_schemas import topics
from onebook_schemas.chain import chain_heads, chain_start
from onebook_schemas.encoding import decode_upload, encode
from onebook_schemas.mqtt_link import Inbound, LostError, MqttLink
from onebook_schemas.uplink import Ack, Stream, Upload
from tests.unit.firmware_sim.store import CATALOGUE, ITEMS

BROKER_HOST = "127.0.0.1"


class TinyCollector:
    """Keeps lines by (edge, stream). `deaf_to` says whether the n-th upload of all is to be passed over."""

    def __init__(self, port: int, deaf_to: Callable[[int], bool] = lambda number: False) -> None:
        self.lines: defaultdict[tuple[str, Stream], list[bytes]] = defaultdict(list)
        self.epochs: dict[str, str] = {}
        self.uploads = 0
        self._deaf_to = deaf_to
        self._tasks: set[asyncio.Task[None]] = set()
        self.link = MqttLink(
            BROKER_HOST, port, "tiny-collector", subscriptions=[(topics.UPLOADS_FILTER, 1)], on_message=self._heard
        )

    def restore(self, edge_id: str, through: int) -> None:
        """From a backup in which the journal of this edge ended here."""
        del self.lines[edge_id, Stream.JOURNAL][through:]

    def _heard(self, message: Inbound) -> None:
        upload = decode_upload(message.body)
        self.link.acknowledge(message)
        self.uploads += 1
        assert message.topic == topics.upload(upload.header.edge_id, upload.header.stream)
        if not self._deaf_to(self.uploads):
            task = asyncio.create_task(self._answer(upload))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, upload: Upload) -> None:
        header = upload.header
        self.epochs[header.edge_id] = header.epoch
        held = self.lines[header.edge_id, header.stream]
        if header.first_sequence <= len(held) + 1:
            held += upload.lines[len(held) + 1 - header.first_sequence :]
        answer = Ack(
            epoch=header.epoch,
            stream=header.stream,
            first_sequence=header.first_sequence,
            accepted_through=len(held),
        )
        with contextlib.suppress(LostError):  # The edge asks again.
            await self.link.publish(topics.ack(header.edge_id), encode(answer))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    with private_broker(tmp_path / "broker") as running:
        yield running


@contextlib.asynccontextmanager
async def listening(collector: TinyCollector) -> AsyncIterator[TinyCollector]:
    running = asyncio.create_task(collector.link.run())
    await collector.link.connected.wait()
    yield collector
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def fleet(size: int, times: StreamTimes | None = None) -> list[VirtualEdge]:
    return [VirtualEdge(f"fleet-{number:04}", ITEMS, 1, times or StreamTimes()) for number in range(1, size + 1)]


async def run(edges: list[VirtualEdge], broker: PrivateBroker, plan: FleetPlan) -> bool:
    return await run_fleet(edges, (BROKER_HOST, broker.port), plan, wall_ms=lambda: 1, stop=asyncio.Event())


def assert_all_there(collector: TinyCollector, truths: list[EdgeTruth], movements: int) -> None:
    for truth in truths:
        journal = collector.lines[truth.edge_id, Stream.JOURNAL]
        assert len(journal) == truth.journal_delivered == truth.journal_events == movements
        assert len(collector.lines[truth.edge_id, Stream.TELEMETRY]) == truth.telemetry_delivered == movements // 10


async def test_all_that_a_fleet_does_arrives_once_and_chained(broker: PrivateBroker) -> None:
    edges = fleet(20)
    async with listening(TinyCollector(broker.port)) as collector:
        assert await run(edges, broker, FleetPlan(movements_per_edge=100))
    assert_all_there(collector, [edge.truth() for edge in edges], 100)
    for edge in edges:
        heads = chain_heads(
            chain_start(edge.edge_id, collector.epochs[edge.edge_id], "journal"),
            collector.lines[edge.edge_id, Stream.JOURNAL],
        )
        assert len(set(heads)) == 100


async def test_uploads_that_nobody_answers_are_sent_again(broker: PrivateBroker) -> None:
    edges = fleet(3, StreamTimes(resend_ms=200, events_max=20))
    async with listening(TinyCollector(broker.port, deaf_to=lambda number: number % 3 == 1)) as collector:
        assert await run(edges, broker, FleetPlan(movements_per_edge=100))
    truths = [edge.truth() for edge in edges]
    assert_all_there(collector, truths, 100)
    assert sum(truth.resent for truth in truths) > 0


async def test_a_collector_restored_from_a_backup_is_refilled(broker: PrivateBroker) -> None:
    edges = fleet(2, StreamTimes(probe_ms=300))
    async with listening(TinyCollector(broker.port)) as collector:
        assert await run(edges, broker, FleetPlan(movements_per_edge=50))
        collector.restore("fleet-0001", through=10)
        assert not collector.lines["fleet-0001", Stream.JOURNAL][10:]
        # The same edges go on: the first thing that a connection says is a probe.
        assert await run(edges, broker, FleetPlan(movements_per_edge=60))
    truths = [edge.truth() for edge in edges]
    assert_all_there(collector, truths, 60)
    assert [truth.rewound for truth in truths] == [1, 0]


async def test_a_broker_that_dies_and_comes_back_loses_nothing(broker: PrivateBroker) -> None:
    edges = fleet(3, StreamTimes(resend_ms=500, events_max=5))
    async with listening(TinyCollector(broker.port)) as collector:
        running = asyncio.create_task(run(edges, broker, FleetPlan(movements_per_edge=60, rate=60)))
        while not collector.uploads:
            await asyncio.sleep(0.05)
        broker.kill()
        broker.start()
        assert await running
    assert_all_there(collector, [edge.truth() for edge in edges], 60)


async def test_the_command_writes_what_each_edge_did(broker: PrivateBroker, tmp_path: Path) -> None:
    async with listening(TinyCollector(broker.port)) as collector:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "onebook_firmware_sim", "fleet", "--broker", f"{BROKER_HOST}:{broker.port}"),
            *("--catalogue", str(CATALOGUE), "--edges", "4", "--movements-per-edge", "30", "--seed", "7"),
            *("--truth", str(tmp_path / "truth.jsonl")),
        )
        assert await process.wait() == 0
    lines = (tmp_path / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    truths = [EdgeTruth.model_validate_json(line) for line in lines]
    assert [truth.edge_id for truth in truths] == ["fleet-0001", "fleet-0002", "fleet-0003", "fleet-0004"]
    assert_all_there(collector, truths, 30)


def test_a_broker_address_without_a_port_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["fleet", "--broker", "nowhere", "--catalogue", str(CATALOGUE), "--truth", str(tmp_path / "t")])
    assert "is not HOST:PORT" in capsys.readouterr().err
