"""What a link is: bytes in and out of one port, with a plain reason when the port is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from onebook_edge.errors import RetryableError


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a device cannot be used now. `code` never changes; the sentences tell staff what to do."""

    code: str  # "unplugged", "in-use", "no-answer" ...
    zh: str
    en: str


class LinkUnavailable(RetryableError):
    """The port cannot be opened now."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


class LinkLost(RetryableError):
    """The open port is gone: unplugged, reset, closed by the other end."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.en)
        self.reason = reason


class Link(Protocol):
    """One byte stream. It can be opened again after it was closed; one task at a time reads."""

    async def open(self) -> None:
        """Open the port; raises LinkUnavailable."""
        ...

    async def read(self) -> bytes:
        """Wait for bytes, at least one; raises LinkLost. A cancelled read loses nothing."""
        ...

    def write(self, data: bytes) -> None:
        """Send without waiting. What goes wrong shows as LinkLost at the next read."""
        ...

    def close(self) -> None:
        """Let go of the port at once; unsent bytes are dropped. Closing twice is allowed."""
        ...
