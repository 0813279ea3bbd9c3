"""What happens, as it happens: server-sent events for screens.

`movement` events are read from the book and carry feed cursors as ids: a client that comes back with Last-Event-ID misses
none. The others tell of a state, and the next one makes up for one that was missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy import Connection

from onebook_collector.administration.rights import Principal, Resource, Verb, may
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.doorkeeper import Doorkeeper
from onebook_collector.api.goods import movement_out
from onebook_collector.api.news import announcements
from onebook_collector.api.resources.feed import FeedCursor, newest_cursor, parse_cursor
from onebook_collector.api.resources.warnings import open_warnings, warning_out
from onebook_collector.api.values import rfc3339
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import MovementEntry
from onebook_collector.ledger.queries.sight import EdgesInSight
from onebook_collector.live_board import Announcement, freshness
from onebook_collector.scope import Scope

router = APIRouter(tags=["stream"], dependencies=[Depends(Needs(Verb.READ, Resource.STREAM))])

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
* `signed_out`: the session or token has ended, or its rights have changed; nothing follows

Each only to whoever may read such things, and only about what is in their scope.

A comment comes at least every 15 s. Send Last-Event-ID to go on where the last connection ended."""


@router.get(
    "/stream", summary="What happens, as it happens", description=_DESCRIPTION, response_class=EventSourceResponse
)
async def watch(
    centre: CentreDep,
    keeper: DoorkeeperDep,
    principal: PrincipalDep,
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=100)] = None,
) -> AsyncIterator[ServerSentEvent]:
    scope = principal.scope
    cursor = await _start(centre, scope, last_event_id)
    audience = _Audience(centre, keeper, principal, request)
    await audience.look_again()
    yield ServerSentEvent(comment="onebook")  # The headers leave at once, not with the first event.
    async for announcement in announcements(centre, LOOK_EVERY_S):
        if not await audience.may_stay():
            yield ServerSentEvent(event="signed_out", data={})
            return
        if announcement is not None and announcement.topic != "movement":
            event = await audience.hears(announcement)
            if event is not None:
                yield event
        elif may(principal, Verb.READ, Resource.MOVEMENTS):
            before = cursor
            cursor, found = await centre.ledger.read(partial(_behind, asked=before, scope=scope))
            if cursor.feed_epoch != before.feed_epoch or len(found) > BEHIND_MAX:
                yield ServerSentEvent(event="reload", data={}, id=str(cursor))
                continue
            for entry in found:
                at = cursor._replace(ledger_seq=entry.row.ledger_seq)
                yield ServerSentEvent(event="movement", data=movement_out(entry), id=str(at))


class _Audience:
    """One listener: what they may hear of what is announced, looked at anew every few seconds while they listen."""

    def __init__(self, centre: Centre, keeper: Doorkeeper, principal: Principal, request: Request) -> None:
        self._centre, self._keeper, self._principal, self._request = centre, keeper, principal, request
        self._edges = EdgesInSight(frozenset())
        self._look_again_at_s = 0.0
        self._warnings: list[dict[str, Any]] | None = None

    async def look_again(self) -> None:
        self._look_again_at_s = asyncio.get_running_loop().time() + LOOK_EVERY_S
        self._edges = await self._centre.ledger.read(lambda book: queries.edges_in_sight(book, self._principal.scope))

    async def may_stay(self) -> bool:
        if asyncio.get_running_loop().time() < self._look_again_at_s:
            return True
        await self.look_again()
        return await self._keeper.is_still_admitted(self._request, self._principal)

    async def hears(self, announcement: Announcement) -> ServerSentEvent | None:
        resource = _ABOUT.get(announcement.topic)
        if resource is not None and not may(self._principal, Verb.READ, resource):
            return None
        if "edge_id" in announcement.body and announcement.body["edge_id"] not in self._edges:
            return None
        if announcement.topic == "quarantine" and self._principal.scope.narrows_goods:
            return None
        if announcement.topic == "warning":
            return await self._warnings_now()
        return _event(self._centre, announcement)

    async def _warnings_now(self) -> ServerSentEvent | None:
        """Nothing where nothing in scope has changed: that something has elsewhere is not to be heard either."""
        found = [warning_out(one).model_dump() for one in await open_warnings(self._centre, self._principal.scope)]
        if found == self._warnings:
            return None
        self._warnings = found
        return ServerSentEvent(event="warnings", data={"items": found})


_ABOUT = {
    "presence": Resource.EDGES,
    "readings": Resource.SAMPLES,
    "warning": Resource.WARNINGS,
    "quarantine": Resource.QUARANTINE,
}


async def _start(centre: Centre, scope: Scope, last_event_id: str | None) -> FeedCursor:
    """Where the client left off; what is no cursor of ours begins now."""
    known = parse_cursor(last_event_id) if last_event_id else None
    return known if known is not None else await centre.ledger.read(partial(newest_cursor, scope=scope))


def _behind(connection: Connection, asked: FeedCursor, scope: Scope) -> tuple[FeedCursor, list[MovementEntry]]:
    newest = newest_cursor(connection, scope)
    found: list[MovementEntry] = []
    if asked.feed_epoch == newest.feed_epoch:
        found = queries.feed(connection, asked.ledger_seq, limit=BEHIND_MAX + 1, scope=scope)
    return newest, found


def _event(centre: Centre, announcement: Announcement) -> ServerSentEvent:
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
        case _:
            return ServerSentEvent(event=announcement.topic, data=body)
