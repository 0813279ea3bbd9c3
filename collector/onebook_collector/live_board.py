"""The present: what each edge said last, and who listens. Kept in memory, rebuilt from the next sign of life."""

from __future__ import annotations

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from onebook_schemas.uplink import EdgeState, Live, LiveReading

_LISTENER_BACKLOG_MAX = 1_000
FRESH_MS, LATE_MS, STALE_MS = 5 * 60_000, 60 * 60_000, 4 * 60 * 60_000
"""How old the picture of an edge may be: a county must deliver within four hours (domain section 6)."""


class Freshness(enum.StrEnum):
    FRESH = "fresh"
    LATE = "late"
    STALE = "stale"
    DARK = "dark"
    NEVER = "never"


def freshness(last_seen_ms: int | None, now_ms: int) -> Freshness:
    """How fresh our picture of an edge is."""
    if last_seen_ms is None:
        return Freshness.NEVER
    age_ms = now_ms - last_seen_ms
    if age_ms <= FRESH_MS:
        return Freshness.FRESH
    if age_ms <= LATE_MS:
        return Freshness.LATE
    return Freshness.STALE if age_ms <= STALE_MS else Freshness.DARK


@dataclass(slots=True)
class EdgePresence:
    """What is known of one edge now."""

    edge_id: str
    last_seen_ms: int | None = None
    online: bool = False
    software_version: str = ""
    epochs: dict[str, str] = field(default_factory=dict)
    documents_held: dict[str, int] = field(default_factory=dict)  # Document -> version.
    clock_synchronised: bool | None = None
    clock_offset_ms: int | None = None  # Edge minus collector, when a live message came in.
    journal_waiting: int | None = None
    telemetry_waiting: int | None = None
    readings: tuple[LiveReading, ...] = ()


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that a screen wants to show at once. `topic`: "movement", "presence", "readings", "warning"."""

    topic: str
    body: dict[str, Any]


class LiveBoard:
    """One per collector process. Listeners that fall too far behind are told to reload, never waited for."""

    def __init__(self) -> None:
        self._edges: dict[str, EdgePresence] = {}
        self._listeners: set[asyncio.Queue[Announcement]] = set()

    def presence(self, edge_id: str) -> EdgePresence:
        return self._edges.setdefault(edge_id, EdgePresence(edge_id))

    def all(self) -> Iterable[EdgePresence]:
        return self._edges.values()

    def remember(self, last_seen: dict[str, int]) -> None:
        """At start: what the ledger knows of when each edge was heard last."""
        for edge_id, last_seen_ms in last_seen.items():
            self.presence(edge_id).last_seen_ms = last_seen_ms

    def see_upload(self, edge_id: str, stream: str, waiting: int, received_ms: int) -> None:
        edge = self.presence(edge_id)
        edge.last_seen_ms = received_ms
        if stream == "journal":
            edge.journal_waiting = waiting
        else:
            edge.telemetry_waiting = waiting

    def see_live(self, live: Live, received_ms: int) -> None:
        edge = self.presence(live.edge_id)
        edge.last_seen_ms, edge.online = received_ms, True
        edge.clock_synchronised, edge.clock_offset_ms = live.clock_synchronised, live.wall_ms - received_ms
        edge.journal_waiting, edge.telemetry_waiting = live.journal_waiting, live.telemetry_waiting
        edge.readings = live.readings
        self.announce(Announcement("presence", {"edge_id": live.edge_id, "last_seen_ms": received_ms}))
        if live.readings:
            readings = [reading.model_dump() for reading in live.readings]
            self.announce(
                Announcement("readings", {"edge_id": live.edge_id, "at_ms": received_ms, "readings": readings})
            )

    def see_state(self, state: EdgeState, received_ms: int, *, retained: bool) -> None:
        """A retained state is what the broker remembers, and says nothing of now."""
        edge = self.presence(state.edge_id)
        edge.online, edge.software_version = state.online, state.software_version or edge.software_version
        edge.epochs = {str(stream): epoch for stream, epoch in state.epochs.items()} or edge.epochs
        edge.documents_held = dict(state.documents_held) or edge.documents_held
        if not retained and state.online:
            edge.last_seen_ms = received_ms
        self.announce(Announcement("presence", {"edge_id": state.edge_id, "online": state.online}))

    def announce(self, announcement: Announcement) -> None:
        for listener in self._listeners:
            if listener.full():
                with contextlib.suppress(asyncio.QueueEmpty):
                    while True:
                        listener.get_nowait()
                listener.put_nowait(Announcement("reload", {}))
            else:
                listener.put_nowait(announcement)

    async def listen(self) -> AsyncIterator[Announcement]:
        """Everything that is announced from now on, until the listener goes away."""
        queue: asyncio.Queue[Announcement] = asyncio.Queue(_LISTENER_BACKLOG_MAX)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)
