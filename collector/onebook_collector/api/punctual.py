"""A connection on which the client owes us bytes does not wait for ever, and nobody holds all connections.

The web server itself ends only what stays silent after an answer: a head that never begins, or comes byte by byte, would hold its
connection for good (slowloris). Here each head has a deadline, and so has the rest of a body that nobody reads any more. While an
answer is under way, the client owes nothing: streams live as long as they are listened to. (Bodies: `body_limit.py`.)
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_WITHIN_S = 10.0
CONNECTIONS_MAX = 2_000
_TOO_LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 34\r\n"
    b"Connection: close\r\n\r\nthe request took too long to come\n"
)


class PunctualProtocol(H11Protocol):
    head_within_s: ClassVar[float] = HEAD_WITHIN_S
    connections_max: ClassVar[int] = CONNECTIONS_MAX
    of_one_address_max: ClassVar[int] = CONNECTIONS_MAX // 4
    """All of them, where somebody in front of us speaks for everybody."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._is_one_too_many():
            transport.abort()
            return
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _expect(self) -> None:
        """A deadline runs from the moment at which the client owes us something, and is not moved by a part of it."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._deadline is None and self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.head_within_s, self._is_too_late)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_too_late(self) -> None:
        self._deadline = None
        if self.cycle is None:
            self.transport.write(_TOO_LATE)
        self.transport.close()

    def _is_one_too_many(self) -> bool:
        if len(self.connections) > self.connections_max:
            return True
        return sum(1 for one in self.connections if _address(one) == _address(self)) > self.of_one_address_max


def _address(connection: object) -> str | None:
    client = getattr(connection, "client", None)
    return client[0] if client else None


class BehindProxy(PunctualProtocol):
    of_one_address_max = CONNECTIONS_MAX
