"""The bytes of an answer leave when they are written: nothing waits for the acknowledgement of what went before (40 ms).

Both servers listen on sockets of their own making, and for those nobody else switches Nagle's algorithm off.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import uvicorn

from onebook_collector.api.server import ApiServer
from onebook_edge.console.server import ConsoleServer
from onebook_edge.console.settings import ConsoleSettings
from tests.integration.console_desk import running_desk
from tests.integration.running_centre import running_centre


async def test_the_console_answers_without_waiting(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as running:
        await sends_at_once(ConsoleServer(running.desk, ConsoleSettings(port=0)))


async def test_the_centre_answers_without_waiting(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as running:
        await sends_at_once(ApiServer(running.app, "127.0.0.1", 0))


async def sends_at_once(server: ConsoleServer | ApiServer) -> None:
    serving = asyncio.create_task(server.run_until_cancelled())
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.address[1]}") as client:
            await client.get("/")
            assert list(map(_is_at_once, _connections(server))) == [True]
    finally:
        serving.cancel()
        await asyncio.wait({serving})


def _connections(server: uvicorn.Server) -> list[socket.socket]:
    found = [one.transport for one in server.server_state.connections]
    return [transport.get_extra_info("socket") for transport in found if transport]


def _is_at_once(connection: socket.socket) -> bool:
    return bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
