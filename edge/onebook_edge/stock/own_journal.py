"""The journal in the outbox, as the stock reads it."""

from __future__ import annotations

from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.store import StoredEvent
from onebook_schemas.uplink import Stream


class OwnJournal:
    """Asks the outbox each time: its file changes when it begins a new epoch."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    @property
    def epoch(self) -> str:
        return self._outbox[Stream.JOURNAL].epoch

    @property
    def last_sequence(self) -> int:
        return self._outbox[Stream.JOURNAL].position.last_sequence

    async def load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        return await self._outbox.load(Stream.JOURNAL, after, events_max, bytes_max)
