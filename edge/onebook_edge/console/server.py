"""Serves the console inside the agent's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn

from onebook_edge.console.app import create_console
from onebook_edge.console.desk import Desk
from onebook_edge.console.rendering import prepare_pages
from onebook_edge.console.settings import ConsoleSettings
from onebook_edge.console.watch import keep_watch
from onebook_edge.logs import get_logger

log = get_logger()

STOP_WITHIN_S = 1
CONNECTIONS_MAX = 100  # A warehouse has a few screens; each holds one for its events.
HEADER_BYTES_MAX = 16 * 1024


async def run_console(desk: Desk, settings: ConsoleSettings) -> None:
    """For ever: serve the pages, and look after what a keeper must be told."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(prepare_pages))
        tasks.create_task(keep_watch(desk))
        tasks.create_task(ConsoleServer(desk, settings).run_until_cancelled())


class ConsoleServer(uvicorn.Server):
    """`await run_until_cancelled()`. Port 0 takes a free one; `address` says which. Raises OSError if it is taken."""

    def __init__(self, desk: Desk, settings: ConsoleSettings) -> None:
        super().__init__(
            uvicorn.Config(
                create_console(desk, settings.names),
                http="h11",
                ws="none",
                loop="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=CONNECTIONS_MAX,
                h11_max_incomplete_event_size=HEADER_BYTES_MAX,
                timeout_graceful_shutdown=STOP_WITHIN_S,
            )
        )
        self._desk = desk
        family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
        self._socket = socket.create_server((settings.listen, settings.port), family=family, backlog=64)
        # asyncio does so by itself only for sockets that it made: head and body are two writes, and the second waited for 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]

    async def run_until_cancelled(self) -> None:
        """Serve. When cancelled, answers under way are finished first."""
        log.info("console_serves", host=self.address[0], port=self.address[1])
        serving = asyncio.create_task(self.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            self._desk.stopping.set()  # Open streams would hold up the end.
            await serving
            raise
        finally:
            self._socket.close()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the agent's business."""
        yield
