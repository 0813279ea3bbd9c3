"""How fresh our picture of each edge is: what the book knows of its logs, and what the edge said last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from onebook_collector.api.centre import Centre
from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries
from onebook_collector.ledger.lookup import BookedLog
from onebook_collector.live_board import EdgePresence, Freshness, freshness
from onebook_collector.scope import Scope
from onebook_schemas.uplink import LiveReading, Stream

WORST_FIRST = (Freshness.DARK, Freshness.STALE, Freshness.LATE, Freshness.NEVER, Freshness.FRESH)


@dataclass(frozen=True, slots=True)
class EdgePicture:
    edge_id: str
    site_id: str | None  # None: it is not registered.
    freshness: Freshness
    last_seen_ms: int | None
    is_online: bool
    waiting: Mapping[Stream, int]  # Events that the edge still holds, as it said last.
    presence: EdgePresence
    logs: tuple[BookedLog, ...] = ()

    @property
    def readings(self) -> tuple[LiveReading, ...]:
        return self.presence.readings


def worst(pictures: Iterable[EdgePicture]) -> Freshness:
    """A site's picture is as old as that of its worst edge; a site without an edge was never heard."""
    found = {one.freshness for one in pictures}
    return next((each for each in WORST_FIRST if each in found), Freshness.NEVER)


async def look_at_edges(centre: Centre, scope: Scope) -> list[EdgePicture]:
    """Every edge in scope that is registered or was ever heard, by its name."""
    sites, logs, seen = await centre.ledger.read(
        lambda connection: (
            queries.edges(connection, scope=scope),
            queries.logs(connection, scope=scope),
            queries.edges_in_sight(connection, scope),
        )
    )
    logs_of: dict[str, list[BookedLog]] = {}
    for log in logs:
        logs_of.setdefault(log.key.edge_id, []).append(log)
    presences = {presence.edge_id: presence for presence in centre.live.all() if presence.edge_id in seen}
    now_ms = centre.clock.now_ms()
    return [
        picture_of(
            sites.get(edge_id), logs_of.get(edge_id, ()), presences.get(edge_id) or EdgePresence(edge_id), now_ms
        )
        for edge_id in sorted(sites.keys() | logs_of.keys() | presences.keys())
    ]


async def known_edge(centre: Centre, scope: Scope, edge_id: str) -> None:
    """Raises NotFoundError unless this edge is in scope, and registered or heard."""
    if edge_id not in {edge.edge_id for edge in await look_at_edges(centre, scope)}:
        raise NotFoundError(f"没有此采集端 / no edge is called {edge_id!r}")


def picture_of(site_id: str | None, logs: Iterable[BookedLog], presence: EdgePresence, now_ms: int) -> EdgePicture:
    """`logs` in the order of their first upload. What the live board has heard since is newer than they are."""
    logs = tuple(logs)
    seen = [log.last_received_ms for log in logs]
    if presence.last_seen_ms is not None:
        seen.append(presence.last_seen_ms)
    last_seen_ms = max(seen, default=None)
    waiting = dict.fromkeys(Stream, 0)
    waiting |= {log.key.stream: log.waiting for log in logs}  # Of an earlier storage card nothing waits any more.
    live = {Stream.JOURNAL: presence.journal_waiting, Stream.TELEMETRY: presence.telemetry_waiting}
    waiting |= {stream: said for stream, said in live.items() if said is not None}
    state = freshness(last_seen_ms, now_ms)
    return EdgePicture(presence.edge_id, site_id, state, last_seen_ms, presence.online, waiting, presence, logs)
