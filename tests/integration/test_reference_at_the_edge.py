"""The agent and the centre's documents, with a real broker: what it is given once it has for good, with or without a line."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from onebook_collector.reference import read_catalogue
from onebook_deploy.mosquitto import PrivateBroker, free_port, mosquitto_program, private_broker
from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.care.configuration import Configuration
from onebook_edge.wiring import Agent
from onebook_schemas import topics
from onebook_schemas.encoding import decode, encode
from onebook_schemas.mqtt_link import Inbound, MqttLink
from onebook_schemas.reference import CATALOGUE, DOCUMENTS, SITE, CatalogueDocument, ReferenceDocument
from onebook_schemas.uplink import EdgeState
from tests.unit.edge.reference.documents import catalogue, in_parts, one_of_each, site

CATALOGUE_FILE = Path(__file__).parents[2] / "collector/onebook_collector/reference/catalogue.csv"
WORK_PLACE = '[capture.work_places.desk]\n[capture.devices.gun]\nrole = "dialogue"\nwork_place = "desk"\n'
GUN = '[[devices]]\nid = "gun"\ndriver = "serial_scanner"\nlink = {kind = "tcp", host = "127.0.0.1", port = 9}\n'


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[PrivateBroker]:
    mosquitto_program()
    with private_broker(tmp_path / "broker") as running:
        yield running


@contextlib.asynccontextmanager
async def running_agent(folder: Path, port: int) -> AsyncIterator[Agent]:
    folder.mkdir(exist_ok=True)
    file = folder / "edge.toml"
    head = f'edge_id = "edge-1"\ndata_folder = "{folder}"\ncatalogue_file = "{CATALOGUE_FILE}"\n'
    file.write_text(f'{head}broker = {{port = {port}}}\nclock = {{source = "trusted"}}\n{GUN}{WORK_PLACE}')
    agent = await Agent.open(Configuration.read(file))
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def connected(port: int, name: str = "centre", **more: Any) -> AsyncIterator[MqttLink]:
    link = MqttLink("127.0.0.1", port, name, **more)
    task = asyncio.create_task(link.run())
    try:
        await link.connected.wait()
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def publish(port: int, parts: Iterable[ReferenceDocument]) -> None:
    async with connected(port) as link:
        for one in parts:
            await link.publish(_topic(one), encode(one), retain=True)


def _topic(one: ReferenceDocument) -> str:
    if one.NAME == CATALOGUE:
        return topics.reference(CATALOGUE, one.part)
    return topics.document("edge-1", one.NAME, one.part)


async def until(condition: Callable[[], bool]) -> None:
    """A test's time-out is its limit."""
    while not condition():
        await asyncio.sleep(0.02)


def codes(agent: Agent) -> Catalogue:
    """What scanned codes mean now."""
    return agent.recorder.pipeline.dialogues["desk"].catalogue


async def test_an_agent_that_was_never_in_touch_works_with_its_own_catalogue(tmp_path: Path) -> None:
    async with running_agent(tmp_path / "e", free_port()) as agent:
        assert len(codes(agent)) == len(read_catalogue())
        assert agent.library.versions == {}


async def test_a_late_edge_gets_every_document_in_all_its_parts_and_says_so(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    large = catalogue(7, *(f"LS{n:05d}" for n in range(5)))
    await publish(broker.port, [*in_parts(large), *one_of_each(7)[1:]])
    heard: list[Inbound] = []
    watching: dict[str, Any] = {"subscriptions": [(topics.STATES_FILTER, 1)], "on_message": heard.append}
    async with connected(broker.port, "watcher", **watching), running_agent(tmp_path / "e", broker.port) as agent:
        everything = dict.fromkeys(DOCUMENTS, 7)
        await until(lambda: agent.library.versions == everything)
        await until(lambda: any(decode(EdgeState, one.body).documents_held == everything for one in heard))
        assert agent.library.site == site(7, "A-01")
        assert agent.library.read(CatalogueDocument) == large
        assert len(codes(agent)) == 5


async def test_parts_out_of_order_and_half_a_set_before_a_newer_version(broker: PrivateBroker, tmp_path: Path) -> None:
    old, new = in_parts(site(5, "A", "B", "C")), in_parts(site(6, "A", "D"))
    async with running_agent(tmp_path / "e", broker.port) as agent:
        await publish(broker.port, [old[2], old[0], new[1], old[1], new[0]])
        await until(lambda: SITE in agent.library.versions)
        assert agent.library.site == site(6, "A", "D")


async def test_documents_outlive_a_start_without_a_broker(broker: PrivateBroker, tmp_path: Path) -> None:
    await publish(broker.port, one_of_each(7))
    async with running_agent(tmp_path / "e", broker.port) as agent:
        await until(lambda: len(agent.library.versions) == len(DOCUMENTS))
    broker.kill()
    async with running_agent(tmp_path / "e", broker.port) as agent:
        assert agent.library.versions == dict.fromkeys(DOCUMENTS, 7)
        assert agent.library.site == site(7, "A-01")
        assert [item is not None for item in map(codes(agent).by_code, ("LS01001", "LS01002"))] == [True, False]


async def test_a_damaged_document_is_given_again_with_the_next_start(broker: PrivateBroker, tmp_path: Path) -> None:
    await publish(broker.port, [site(7, "A")])
    async with running_agent(tmp_path / "e", broker.port) as agent:
        await until(lambda: agent.library.site is not None)
    file = tmp_path / "e" / "reference" / "site.document"
    file.write_bytes(file.read_bytes().replace(b'"A"', b'"Z"'))
    async with running_agent(tmp_path / "e", broker.port) as agent:
        assert agent.library.site is None
        await until(lambda: agent.library.site == site(7, "A"))


async def test_an_uplink_begun_anew_still_says_what_is_held(broker: PrivateBroker, tmp_path: Path) -> None:
    await publish(broker.port, [site(7, "A")])
    async with running_agent(tmp_path / "e", broker.port) as agent:
        await until(lambda: agent.library.site is not None)
        first = agent.uplink
        agent.supervisor.restart("uplink")
        await until(lambda: agent.uplink is not first)
        assert agent.uplink.documents_held == {SITE: 7}
