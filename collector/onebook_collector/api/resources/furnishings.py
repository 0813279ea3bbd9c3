"""What a warehouse works by: its setup, zones and bins, and which version of each document its boxes were given and hold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.furnished import SiteDep, WritingDep, refuse_problems
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, PageSize
from onebook_collector.errors import NotFoundError
from onebook_collector.furnishing import desk, versions
from onebook_collector.furnishing.checking import zone_problems
from onebook_collector.furnishing.desk import Setup, SiteZone
from onebook_collector.ledger import queries
from onebook_collector.scope import EVERYTHING
from onebook_schemas.reference import CATALOGUE, DOCUMENTS, Bin

router = APIRouter(
    prefix="/sites/{site_id}",
    tags=["furnishings"],
    dependencies=[Depends(Needs(Verb.READ, Resource.FURNISHINGS))],
    responses=refusals(404),
)
_MANAGING = [Depends(Needs(Verb.MANAGE, Resource.FURNISHINGS))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zones(_Body):
    """All zones of a site."""

    items: tuple[SiteZone, ...] = Field(max_length=200)


class Bins(_Body):
    """All bins of a site. More than fit into a request: `onebook collector import --bins`."""

    items: tuple[Bin, ...] = Field(max_length=5_000)


class BinPage(ApiModel):
    items: list[Bin]
    next_after: str | None = Field(description="give this as `after` for the next page; null: there is none")


class DocumentState(ApiModel):
    """How far a document has come. A box holds what it has on its disk."""

    edge_id: str
    name: str = Field(examples=["people"])
    given: int | None = Field(description="version that the centre gave last; null: none yet")
    held: int | None = Field(description="version that the box said it holds; null: it has not said")


class DocumentStates(ApiModel):
    items: list[DocumentState]


@router.get("/setup", summary="Maker number, rules, reasons and holdings")
async def read_setup(centre: CentreDep, site: SiteDep) -> Setup:
    setup = await centre.administration.read(lambda db: desk.setup_of(db, site.site_id))
    if setup is None:
        raise NotFoundError(f"{site.site_id} was not set up yet")
    return setup


@router.put("/setup", summary="Set a site up", dependencies=_MANAGING, responses=refusals(400, 409))
async def put_setup(centre: CentreDep, writing: WritingDep, setup: Setup) -> Setup:
    """Its boxes are told of bins and people from then on. 409 when another site of its division has the maker number."""
    division, own = writing.site.division_code, writing.site.site_id
    # Also those out of sight: whoever sees one warehouse only must not number its documents as another does.
    sites = await centre.ledger.read(lambda db: queries.sites(db, division=division, scope=EVERYTHING))
    neighbours = {site.site_id for site in sites} - {own}
    await writing("furnishings.set_up", lambda db: desk.set_up(db, own, setup, writing.act, neighbours=neighbours))
    return setup


@router.get("/zones", summary="Zones with their limits and probes")
async def read_zones(centre: CentreDep, site: SiteDep) -> Zones:
    zones = await centre.administration.read(lambda db: desk.zones_of(db, site.site_id))
    return Zones(items=tuple(zones.values()))


@router.put("/zones", summary="All zones", dependencies=_MANAGING, responses=refusals(400, 409))
async def put_zones(centre: CentreDep, scope: ScopeDep, writing: WritingDep, zones: Zones) -> Zones:
    """Zones that are not named go. 409 while a bin lies in one of them."""
    site_id = writing.site.site_id
    edges = await centre.ledger.read(lambda db: queries.edges(db, scope=scope))
    refuse_problems("no_edge", [one for zone in zones.items for one in zone_problems(zone, edges, site_id)])
    act = writing.act
    await writing("furnishings.zones", lambda db: desk.put_zones(db, site_id, zones.items, act, replace=True))
    return zones


@router.get("/bins", summary="Bins by their codes")
async def read_bins(
    centre: CentreDep,
    site: SiteDep,
    after: Annotated[Key, Query(description="behind this code")] = "",
    limit: PageSize = 500,
) -> BinPage:
    found = await centre.administration.read(lambda db: desk.bins_of(db, site.site_id))
    behind = [one for one in found if one.code > after]
    page = behind[:limit]
    return BinPage(items=page, next_after=page[-1].code if len(behind) > limit else None)


@router.put("/bins", summary="All bins", dependencies=_MANAGING, responses=refusals(400, 409))
async def put_bins(writing: WritingDep, bins: Bins) -> BinPage:
    """Bins that are not named go; goods that the book has there stay where they are."""
    site_id, act = writing.site.site_id, writing.act
    await writing("furnishings.bins", lambda db: desk.put_bins(db, site_id, bins.items, act, replace=True))
    return BinPage(items=list(bins.items), next_after=None)


@router.get("/documents", summary="Which version of each document the boxes of a site were given and hold")
async def read_documents(centre: CentreDep, scope: ScopeDep, site: SiteDep) -> DocumentStates:
    edges = await centre.ledger.read(lambda db: queries.edges(db, scope=scope))
    given = await centre.administration.read(versions.given_versions)
    return DocumentStates(
        items=[
            DocumentState(
                edge_id=edge_id,
                name=name,
                given=given.get((versions.PROVINCE if name == CATALOGUE else edge_id, name)),
                held=centre.live.presence(edge_id).documents_held.get(name),
            )
            for edge_id, its_site in edges.items()
            if its_site == site.site_id
            for name in DOCUMENTS
        ]
    )
