"""Runs the web server inside the collector's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from onebook_collector.api.centre import Centre
from onebook_collector.api.punctual import BehindProxy, PunctualProtocol

STOP_WITHIN_S = 2
HEADER_BYTES_MAX = 32 * 1024


class ApiServer(uvicorn.Server):
    """`await run_until_cancelled()`. Signals are its owner's business. Port 0 takes a free one; `address` says which.

    Raises OSError at once if the address is taken.
    """

    def __init__(
        self,
        app: FastAPI,
        host: str,
        port: int,
        tls: tuple[Path, Path] | None = None,
        *,
        trusted_proxies: Sequence[str] = (),
        protocol: type[PunctualProtocol] | None = None,
    ) -> None:
        """`tls`: files of the certificate and of its key."""
        certificate_file, key_file = tls or (None, None)
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(trusted_proxies),
                forwarded_allow_ips=list(trusted_proxies),
                http=protocol or (BehindProxy if trusted_proxies else PunctualProtocol),
                h11_max_incomplete_event_size=HEADER_BYTES_MAX,
                lifespan="off",
                timeout_graceful_shutdown=STOP_WITHIN_S,
                ssl_certfile=certificate_file,
                ssl_keyfile=key_file,
            )
        )
        self._centre: Centre = app.state.centre
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=512)
        # asyncio does so by itself only for sockets that it made: head and body are two writes, and the second waited for 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]

    async def run_until_cancelled(self) -> None:
        """Serve. When cancelled, answers under way are finished first."""
        serving = asyncio.create_task(self.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self.should_exit = True
            await serving
            raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let those who wait for news go first: open streams would otherwise hold up the end."""
        self._centre.stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
