"""A non-blocking file descriptor on the event loop: what a serial port and a TCP connection have in common."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from onebook_edge.links.link import LinkLost, Reason

READ_BYTES_MAX = 4096  # Beyond this the bytes wait in the kernel until somebody reads.
WRITE_BYTES_MAX = 4096  # Commands are a few bytes: more than this unsent means that nobody takes them.


class OpenDescriptor:
    """Reads and writes one open descriptor. It does not own it: close this first, then the descriptor.

    Bytes that arrived before the loss are still handed out; then every read raises LinkLost.
    """

    def __init__(self, descriptor: int, *, gone: Callable[[], Reason], stuck: Callable[[], Reason]) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._gone = gone
        self._stuck = stuck
        self._received = bytearray()
        self._outgoing = bytearray()
        self._lost: Reason | None = None
        self._reader: asyncio.Future[None] | None = None
        self._listening = False
        self._sending = False
        self._listen()

    async def read(self) -> bytes:
        while not self._received:
            if self._lost is not None:
                raise LinkLost(self._lost)
            self._reader = self._loop.create_future()
            await self._reader
        data = bytes(self._received)
        self._received.clear()
        self._listen()
        return data

    def write(self, data: bytes) -> None:
        if self._lost is not None:
            return  # The next read says so.
        self._outgoing += data
        if len(self._outgoing) > WRITE_BYTES_MAX:
            self.lose(self._stuck())
        else:
            self._on_writable()

    def lose(self, reason: Reason) -> None:
        """End the link for a reason that was seen elsewhere."""
        self.close()
        self._lost = reason
        self._wake()

    def close(self) -> None:
        """Take the descriptor off the event loop and drop what was not sent."""
        self._pause()
        self._outgoing.clear()
        self._await_room()

    def _listen(self) -> None:
        if not self._listening and self._lost is None:
            self._loop.add_reader(self._descriptor, self._on_readable)
            self._listening = True

    def _pause(self) -> None:
        if self._listening:
            self._loop.remove_reader(self._descriptor)
            self._listening = False

    def _on_readable(self) -> None:
        try:
            data = os.read(self._descriptor, READ_BYTES_MAX)
        except (BlockingIOError, InterruptedError):
            return  # Another program took the bytes.
        except OSError:  # EIO: pulled out; ECONNRESET, ETIMEDOUT: the connection ended.
            data = b""
        if not data:
            self.lose(self._gone())
            return
        self._received += data
        if len(self._received) >= READ_BYTES_MAX:
            self._pause()
        self._wake()

    def _on_writable(self) -> None:
        try:
            sent = os.write(self._descriptor, self._outgoing)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.lose(self._gone())
            return
        del self._outgoing[:sent]
        self._await_room()

    def _await_room(self) -> None:
        """Have the event loop tell when more can be written, if there is more."""
        if self._outgoing and not self._sending:
            self._loop.add_writer(self._descriptor, self._on_writable)
        elif self._sending and not self._outgoing:
            self._loop.remove_writer(self._descriptor)
        self._sending = bool(self._outgoing)

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
