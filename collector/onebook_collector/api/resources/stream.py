"""What happens, as it happens: server-sent events for screens.

`movement` events are read from the book and carry feed cursors as ids: a client that comes back with Last-Event-ID misses
none. The others tell of a state, and the next one makes up for one that was missed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import Connection

from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.goods import movement_out
from onebook_collector.api.news import announcements
from onebook_collector.api.resources.feed import FeedCursor, newest_cursor, parse_cursor
from onebook_collector.api.resources.warnings import warning_out
from onebook_collector.api.values import rfc3339
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import MovementEntry
from onebook_collector.live_board import Announcement, freshness

router = APIRouter(tags=["stream"])

BEHIND_MAX = 200
"""Who is further behind than this many movements is told to reload, and reads the feed."""
LOOK_EVERY_S = 5.0  # For what another process has booked.
_DESCRIPTION = """Server-sent events. Their names, and what their data is:

* `movement`: a movement as in /movements; its id is a feed cursor
* `presence`: an edge's freshness and backlog
* `readings`: what an edge measures now
* `warnings`: all open warnings, when one is raised or cleared
* `quarantine`: an event was set aside
* `reload`: too much happened to tell; read everything again

A comment comes at least every 15 s. Send Last-Event-ID to go on where the last connection ended."""


@router.get(
    "/stream", summary="What happens, as it happens", description=_DESCRIPTION, response_class=EventSourceResponse
)
async def watch(
    centre: CentreDep, last_event_id: Annotated[str | None, Header(max_length=100)] = None
) -> AsyncIterator[ServerSentEvent]:
    cursor = await _start(centre, last_event_id)
    yield ServerSentEvent(comment="onebook")  # The headers leave at once, not with the first event.
    async for announcement in announcements(centre, LOOK_EVERY_S):
        if announcement is None or announcement.topic == "movement":
            before = cursor
            cursor, found = await centre.ledger.read(partial(_behind, asked=before))
            if cursor.feed_epoch != before.feed_epoch or len(found) > BEHIND_MAX:
                yield ServerSentEvent(event="reload", data={}, id=str(cursor))
                continue
            for entry in found:
                at = cursor._replace(ledger_seq=entry.row.ledger_seq)
                yield ServerSentEvent(event="movement", data=movement_out(entry), id=str(at))
        else:
            yield await _event(centre, announcement)


async def _start(centre: Centre, last_event_id: str | None) -> FeedCursor:
    """Where the client left off; what is no cursor of ours begins now."""
    known = parse_cursor(last_event_id) if last_event_id else None
    return known if known is not None else await centre.ledger.read(newest_cursor)


def _behind(connection: Connection, asked: FeedCursor) -> tuple[FeedCursor, list[MovementEntry]]:
    newest = newest_cursor(connection)
    found: list[MovementEntry] = []
    if asked.feed_epoch == newest.feed_epoch:
        found = queries.feed(connection, asked.ledger_seq, limit=BEHIND_MAX + 1)
    return newest, found


async def _event(centre: Centre, announcement: Announcement) -> ServerSentEvent:
    body = announcement.body
    data: dict[str, Any]
    match announcement.topic:
        case "presence":
            edge = centre.live.presence(body["edge_id"])
            data = {
                "edge_id": edge.edge_id,
                "online": edge.online,
                "freshness": freshness(edge.last_seen_ms, centre.clock.now_ms()),
                "last_seen_at": rfc3339(edge.last_seen_ms) if edge.last_seen_ms is not None else None,
                "backlog": {"journal": edge.journal_waiting, "telemetry": edge.telemetry_waiting},
            }
            return ServerSentEvent(event="presence", data=data)
        case "readings":
            data = {"edge_id": body["edge_id"], "at": rfc3339(body["at_ms"]), "readings": body["readings"]}
            return ServerSentEvent(event="readings", data=data)
        case "warning":
            warnings = [warning_out(one) for one in await centre.watcher.open_warnings()]
            return ServerSentEvent(event="warnings", data={"items": [one.model_dump() for one in warnings]})
        case _:
            return ServerSentEvent(event=announcement.topic, data=body)
