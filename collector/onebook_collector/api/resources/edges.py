"""Edges: where each stands, how fresh our picture of it is, and how far its logs are booked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.picture import EdgePicture, look_at_edges
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize
from onebook_collector.errors import NotFoundError
from onebook_collector.live_board import Freshness
from onebook_schemas.uplink import Stream

router = APIRouter(prefix="/edges", tags=["edges"], dependencies=[Depends(Needs(Verb.READ, Resource.EDGES))])


class LogOut(ApiModel):
    """One ordered log of an edge. A new storage card begins a new epoch."""

    epoch: str
    stream: Stream
    accepted_through: int = Field(description="committed, and so is everything below it")
    held: bool = Field(description="another content came for a committed sequence; see forks")
    first_received_at: Moment
    last_received_at: Moment


class EdgeOut(ApiModel):
    edge_id: str = Field(examples=["hz-01"])
    site_id: str | None = Field(description="null: not registered; what it sends goes to quarantine")
    freshness: Freshness = Field(description="fresh up to 5 min, late 60 min, stale 4 h, dark beyond; never heard")
    last_seen_at: Moment | None
    online: bool = Field(description="connected to the broker, as the broker says")
    software_version: str
    clock_synchronised: bool | None = Field(description="null: it has not said since the collector's start")
    clock_offset_ms: int | None = Field(description="edge minus collector, when its last live message came in")
    documents_held: dict[str, int] = Field(
        description="document -> version that the edge holds; that of `checkpoint` is the checkpoint's moment in Unix ms"
    )
    backlog: dict[Stream, int] = Field(description="events that the edge still held, as it said last")
    logs: list[LogOut]


class EdgePage(ApiModel):
    items: list[EdgeOut]
    next_after: str | None = Field(description="give this as `after` for the next page; null: there is none")


@router.get("", summary="All edges")
async def list_edges(
    centre: CentreDep,
    scope: ScopeDep,
    site_id: Annotated[Key | None, Query(description="at one site")] = None,
    freshness: Annotated[Freshness | None, Query(description="whose picture is in this state")] = None,
    after: Annotated[Key, Query(description="behind this edge_id")] = "",
    limit: PageSize = 100,
) -> EdgePage:
    found = [
        edge
        for edge in await look_at_edges(centre, scope)
        if edge.edge_id > after and site_id in (None, edge.site_id) and freshness in (None, edge.freshness)
    ]
    page = found[:limit]
    return EdgePage(
        items=[edge_out(edge) for edge in page], next_after=page[-1].edge_id if len(found) > limit else None
    )


@router.get("/{edge_id}", summary="One edge", responses=refusals(404))
async def read_edge(centre: CentreDep, scope: ScopeDep, edge_id: Key) -> EdgeOut:
    for edge in await look_at_edges(centre, scope):
        if edge.edge_id == edge_id:
            return edge_out(edge)
    raise NotFoundError(f"no edge is called {edge_id!r}")


def edge_out(edge: EdgePicture) -> EdgeOut:
    return EdgeOut(
        edge_id=edge.edge_id,
        site_id=edge.site_id,
        freshness=edge.freshness,
        last_seen_at=edge.last_seen_ms,
        online=edge.is_online,
        software_version=edge.presence.software_version,
        clock_synchronised=edge.presence.clock_synchronised,
        clock_offset_ms=edge.presence.clock_offset_ms,
        documents_held=dict(edge.presence.documents_held),
        backlog=dict(edge.waiting),
        logs=[
            LogOut(
                epoch=log.key.epoch,
                stream=log.key.stream,
                accepted_through=log.cursor.accepted_through,
                held=log.cursor.forked,
                first_received_at=log.first_received_ms,
                last_received_at=log.last_received_ms,
            )
            for log in edge.logs
        ],
    )
