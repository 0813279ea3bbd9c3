"""Edges with certificates at a real broker: who is who is let in, everybody else is refused, logged and harmless."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_edge.clock import SystemClock
from onebook_edge.identity.broker_line import broker_line
from onebook_edge.identity.enrolment import enrol
from onebook_edge.identity.identity_file import IdentityFolder
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.uplink.runner import BrokerAddress, UplinkRunner
from tests.integration.test_uplink import QUICK, delivered, record
from tests.integration.tls_centre import TlsCentre, tls_centre

EDGE = "edge-330106-01"


@pytest.fixture
async def centre(tmp_path: Path) -> AsyncIterator[TlsCentre]:
    async with tls_centre(tmp_path / "centre") as running:
        yield running


@contextlib.asynccontextmanager
async def enrolled_edge(folder: Path) -> AsyncIterator[tuple[Outbox, UplinkRunner]]:
    clock = SystemClock(trusted=True)
    line = broker_line(EDGE, IdentityFolder(folder / "identity"), None)
    outbox = await Outbox.open(folder, EDGE, clock)
    uplink = UplinkRunner(EDGE, outbox, clock, BrokerAddress(line.host, line.port, line.tls), "test", QUICK)
    task = asyncio.create_task(uplink.run())
    try:
        yield outbox, uplink
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.close()


async def test_a_box_enrols_with_a_code_and_its_work_reaches_the_book(centre: TlsCentre, tmp_path: Path) -> None:
    invitation = await centre.invite(EDGE)
    folder = IdentityFolder(tmp_path / "box/identity")
    folder.path.parent.mkdir()
    identity = await asyncio.to_thread(enrol, folder, EDGE, invitation)
    assert (identity.edge_id, identity.broker_port) == (EDGE, centre.broker.port)
    assert folder.file.stat().st_mode & 0o777 == 0o600
    async with enrolled_edge(tmp_path / "box") as (outbox, _):
        await record(outbox, "one", "two")
        await delivered(outbox)
    assert [entry.outcome for entry in await centre.audited()] == ["done", "done"]
