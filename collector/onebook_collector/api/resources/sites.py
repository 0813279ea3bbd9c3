"""Sites: the warehouses, and how old our picture of each is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.goods import Name
from onebook_collector.api.picture import EdgePicture, look_at_edges, worst
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, DivisionPrefix, Key, Moment, PageSize
from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import Site
from onebook_collector.live_board import Freshness
from onebook_collector.scope import Scope

router = APIRouter(prefix="/sites", tags=["sites"], dependencies=[Depends(Needs(Verb.READ, Resource.SITES))])


class DataAge(ApiModel):
    """How far figures of a site can be trusted to be of now. Its worst edge decides."""

    freshness: Freshness
    last_seen_at: Moment | None = Field(description="when the edge that was silent for longest was last heard")


class SiteOut(ApiModel):
    site_id: str = Field(examples=["hz-01"])
    name: Name
    division_code: str = Field(description="six digits, GB/T 2260", examples=["330102"])
    longitude: float | None
    latitude: float | None
    edges: list[str]
    data_age: DataAge


class SitePage(ApiModel):
    items: list[SiteOut]
    next_after: str | None = Field(description="give this as `after` for the next page; null: there is none")


@router.get("", summary="All sites")
async def list_sites(
    centre: CentreDep,
    scope: ScopeDep,
    division: Annotated[DivisionPrefix | None, Query(description="whose division code begins with this")] = None,
    after: Annotated[Key, Query(description="behind this site_id")] = "",
    limit: PageSize = 100,
) -> SitePage:
    found = [site for site in await _sites(centre, scope, division or "") if site.site_id > after]
    page = found[:limit]
    return SitePage(items=page, next_after=page[-1].site_id if len(found) > limit else None)


@router.get("/{site_id}", summary="One site", responses=refusals(404))
async def read_site(centre: CentreDep, scope: ScopeDep, site_id: Key) -> SiteOut:
    for site in await _sites(centre, scope):
        if site.site_id == site_id:
            return site
    raise NotFoundError(f"no site is called {site_id!r}")


def data_age(edges: Iterable[EdgePicture]) -> DataAge:
    edges = tuple(edges)
    seen = [edge.last_seen_ms for edge in edges if edge.last_seen_ms is not None]
    return DataAge(freshness=worst(edges), last_seen_at=min(seen, default=None))


async def _sites(centre: Centre, scope: Scope, division: str = "") -> list[SiteOut]:
    edges = await look_at_edges(centre, scope)
    sites = await centre.ledger.read(lambda connection: queries.sites(connection, division=division, scope=scope))
    of_site: dict[str, list[EdgePicture]] = {}
    for edge in edges:
        of_site.setdefault(edge.site_id or "", []).append(edge)
    return [_site(site, of_site.get(site.site_id, [])) for site in sites]


def _site(site: Site, edges: list[EdgePicture]) -> SiteOut:
    return SiteOut(
        site_id=site.site_id,
        name=Name(zh=site.name_zh, en=site.name_en),
        division_code=site.division_code,
        longitude=site.lon,
        latitude=site.lat,
        edges=[edge.edge_id for edge in edges],
        data_age=data_age(edges),
    )
