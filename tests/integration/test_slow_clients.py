"""Goal: who sends slowly, or nothing, is hung up on; nobody takes every connection; honest clients notice nothing.

Method: a real server and real sockets, with short deadlines; a stream is listened to all the while.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from onebook_collector.administration.rights import Role
from onebook_collector.api import body_limit
from onebook_collector.api.punctual import PunctualProtocol
from onebook_collector.api.server import ApiServer
from tests.contract.ledger_events import LOT, line, moved
from tests.integration.running_centre import RunningCentre, running_centre

DEADLINE_S = 1.0
SLOW_MAX = 20
WATCHDOG_S = 60.0


class Impatient(PunctualProtocol):
    head_within_s = DEADLINE_S
    connections_max = 40
    of_one_address_max = SLOW_MAX


class Server:
    def __init__(self, running: RunningCentre, port: int) -> None:
        self.running, self.port = running, port

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    def client(self, key: dict[str, str]) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=key, timeout=WATCHDOG_S)


@pytest_asyncio.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(body_limit, "ARRIVES_WITHIN_S", DEADLINE_S)
    async with running_centre(tmp_path) as running:
        await running.register()
        api = ApiServer(running.app, "127.0.0.1", 0, protocol=Impatient)
        task = asyncio.create_task(api.run_until_cancelled())
        try:
            yield Server(running, api.address[1])
        finally:
            task.cancel()
            await asyncio.wait({task})


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes, each: bytes) -> bytes:
    """Send a beginning, then a little every tenth of a deadline, until the server hangs up; gives what it said."""
    reading = asyncio.ensure_future(reader.read())
    writer.write(head)
    with contextlib.suppress(ConnectionError):
        while not reading.done():
            writer.write(each)
            await asyncio.sleep(DEADLINE_S / 10)
    try:
        return await reading
    except ConnectionError:
        return b""
    finally:
        writer.close()


_HEAD = b"GET /api/v1/sites HTTP/1.1\r\nHost: centre\r\n"
_POST = (
    b"POST /api/v1/quarantine/edge-1/0123456789abcdef/journal/1/reject HTTP/1.1\r\nHost: centre\r\n"
    b"Content-Type: application/json\r\n"
)


@pytest.mark.parametrize(
    ("head", "each", "status"),
    [
        (b"", b"", b"408"),
        (b"G", b"", b"408"),
        (b"", b"\r\n", b"400"),
        (_HEAD, b"X-A: b\r\n", b"408"),
        (_HEAD + b"X-", b"a", b"408"),
    ],
    ids=["silence", "one byte", "blank lines", "header after header", "one long header"],
)
async def test_a_head_that_does_not_come_ends_the_connection(
    server: Server, head: bytes, each: bytes, status: bytes
) -> None:
    said = await asyncio.wait_for(drip(*await server.connect(), head, each), WATCHDOG_S)
    assert said.startswith(b"HTTP/1.1 " + status)


async def test_a_body_that_comes_byte_by_byte_is_refused_in_time(server: Server) -> None:
    key = (await server.running.token(role=Role.CITY_OPS))["Authorization"].encode()
    head = _POST + b"Authorization: " + key + b"\r\nContent-Length: 100000\r\n\r\n"
    said = await asyncio.wait_for(drip(*await server.connect(), head, b" "), WATCHDOG_S)
    assert said.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in said


async def test_a_body_that_nobody_reads_does_not_keep_the_connection(server: Server) -> None:
    """The refusal has left long ago; the rest of the body comes for ever."""
    said = await asyncio.wait_for(
        drip(*await server.connect(), _HEAD + b"Content-Length: 100000\r\n\r\n", b" "), WATCHDOG_S
    )
    assert said.startswith(b"HTTP/1.1 401")


async def test_a_second_request_on_a_connection_has_its_deadline_too(server: Server) -> None:
    said = await asyncio.wait_for(drip(*await server.connect(), _HEAD + b"\r\n", b"G"), WATCHDOG_S)
    assert said.startswith(b"HTTP/1.1 401")


async def test_honest_clients_notice_nothing(server: Server) -> None:
    """A stream and slow heads at once: the stream lives on, and others are answered."""
    running = server.running
    key = await running.token()
    async with server.client(key) as client, client.stream("GET", "/api/v1/stream") as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        slow = [asyncio.create_task(drip(*await server.connect(), b"", b"")) for _ in range(SLOW_MAX - 3)]
        for _ in range(5):
            assert (await client.get("/api/v1/sites")).status_code == 200
            await asyncio.sleep(DEADLINE_S / 2)  # In all much longer than a deadline.
        assert all(said.startswith(b"HTTP/1.1 408") for said in await asyncio.gather(*slow))
        await running.book("edge-1", moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
        async with asyncio.timeout(WATCHDOG_S):
            async for text in lines:
                if text == "event: movement":
                    break


async def test_one_address_cannot_take_every_connection(server: Server) -> None:
    taken = [await server.connect() for _ in range(SLOW_MAX)]
    await asyncio.sleep(0.1)
    reader, writer = await server.connect()
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), DEADLINE_S / 2) == b""  # Hung up on at once.
    writer.close()
    for _, one in taken:
        one.close()
    await asyncio.sleep(0.2)
    async with server.client(await server.running.token()) as client:
        assert (await client.get("/api/v1/sites")).status_code == 200
