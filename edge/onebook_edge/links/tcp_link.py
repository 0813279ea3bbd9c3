"""Bytes over a TCP connection: device servers, readers and scanners with a network plug, Modbus gateways."""

from __future__ import annotations

import asyncio
import socket
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from onebook_edge.links import reasons
from onebook_edge.links.descriptor import OpenDescriptor
from onebook_edge.links.link import LinkLost, LinkUnavailable

_KEEPALIVE_PROBES = 3


class TcpSettings(BaseModel):
    """A device behind a TCP port."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["tcp"] = "tcp"
    host: str = Field(min_length=1, description="IP address or name of the device.")
    port: int = Field(gt=0, lt=65536, description="TCP port of the device.")
    connect_timeout_s: float = Field(3.0, gt=0, description="Seconds to wait for the connection.")
    keepalive_s: int = Field(
        10, gt=0, description="Seconds of silence after which the system asks whether it is alive."
    )

    @property
    def where(self) -> str:
        return f"{self.host}:{self.port}"


class TcpLink:
    """A TCP connection as a client. A peer that vanished without a word is noticed within about twice `keepalive_s`."""

    def __init__(self, settings: TcpSettings) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self._open: OpenDescriptor | None = None

    async def open(self) -> None:
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                self._socket = await self._connect()
        except OSError as error:  # Includes the time-out.
            raise LinkUnavailable(reasons.not_connected(self._settings.where, error)) from error
        self._open = OpenDescriptor(
            self._socket.fileno(),
            gone=lambda: reasons.connection_lost(self._settings.where),
            stuck=lambda: reasons.write_stuck(self._settings.where),
        )

    async def read(self) -> bytes:
        if self._open is None:
            raise LinkLost(reasons.connection_lost(self._settings.where))
        return await self._open.read()

    def write(self, data: bytes) -> None:
        if self._open is not None:
            self._open.write(data)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _connect(self) -> socket.socket:
        """Try each address of the host in turn; the error of the last one counts."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._settings.host, self._settings.port, type=socket.SOCK_STREAM)
        failure: OSError = socket.gaierror(f"{self._settings.host} has no address")
        for family, kind, protocol, _, address in found:
            connection = socket.socket(family, kind, protocol)
            try:
                self._prepare(connection)
                await loop.sock_connect(connection, address)
            except OSError as error:
                connection.close()
                failure = error
            except asyncio.CancelledError:
                connection.close()
                raise
            else:
                return connection
        raise failure

    def _prepare(self, connection: socket.socket) -> None:
        interval_s = max(1, self._settings.keepalive_s // _KEEPALIVE_PROBES)
        # Keepalive rests while sent bytes are unanswered; then this limit ends the connection.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2_000 * self._settings.keepalive_s)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, self._settings.keepalive_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
        # Keepalive rests while sent bytes are unanswered; then this limit ends the connection.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 2_000 * self._settings.keepalive_s)
