"""The line between a warehouse and the centre, simulated: a TCP relay on loopback; cut, slow, or swallowing everything."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import socket
import struct


class LineState(enum.Enum):
    UP = "up"
    CUT = "cut"  # Connections are reset, and new ones refused at once.
    HOLE = "hole"  # Packets are swallowed: nothing is reset, nothing arrives.


class Line:
    """`async with Line(target_port) as line`: connect to `line.port`."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._state = LineState.UP
        self._passable = asyncio.Event()
        self._passable.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._far_writers: set[asyncio.StreamWriter] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()
        self.delay_s = 0.0  # Each packet waits for so long, one behind the other.
        self._relays: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Line:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self._passable.set()
        self._reset_all()
        if self._relays:
            await asyncio.wait(self._relays)

    def set(self, state: LineState) -> None:
        """From a hole nothing comes back but by a new connection: what was swallowed is gone."""
        if state is LineState.CUT or self._state is LineState.HOLE:
            self._reset_all()
        self._state = state
        if state is LineState.UP:
            self._passable.set()
        else:
            self._passable.clear()

    def forget_far_ends(self) -> None:
        """Half-open: the far end of each connection is reset, and the near end, whose packets go nowhere, is not told."""
        self._forgotten |= self._writers - self._far_writers
        for writer in self._far_writers:
            _reset(writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.current_task()
        assert relay is not None
        self._relays.add(relay)
        relay.add_done_callback(self._relays.discard)
        if self._state is LineState.CUT:
            _reset(writer)
            return
        if self._state is LineState.HOLE:
            self._writers.add(writer)
            await self._passable.wait()
            _reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            _reset(writer)
            return
        self._writers |= {writer, far_writer}
        self._far_writers.add(far_writer)
        await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        writer.close()  # Also when it was forgotten: the near end itself has gone.
        self._writers -= {writer, far_writer}
        self._far_writers.discard(far_writer)
        self._forgotten.discard(writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                if self._state is LineState.HOLE:
                    await self._passable.wait()
                    break
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if not writer.transport.is_closing():
                    writer.write(chunk)
                    await writer.drain()
        if writer not in self._forgotten:
            writer.close()

    def _reset_all(self) -> None:
        for writer in self._writers:
            _reset(writer)
        self._writers.clear()


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
