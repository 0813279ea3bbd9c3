"""The map page: the province, and what is in it, opened place by place."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.dashboard.looking import all_divisions, look_at_sites
from onebook_collector.dashboard.province_map import MapView, province_map
from onebook_collector.dashboard.rendering import map_page, map_part
from onebook_collector.dashboard.texts import Texts, TextsDep
from onebook_collector.scope import Scope

router = APIRouter(include_in_schema=False, dependencies=[Depends(Needs(Verb.READ, Resource.OVERVIEW))])

Place = Annotated[str, Query(max_length=6)]


@router.get("/map", response_class=HTMLResponse)
async def show_map(
    request: Request, centre: CentreDep, principal: PrincipalDep, texts: TextsDep, place: Place = ""
) -> HTMLResponse:
    view = await _look(request, centre, principal.scope, place, texts)
    return HTMLResponse(map_page(view, principal.actor, texts), headers={"Vary": "Accept-Language"})


@router.get("/map/part", response_class=HTMLResponse)
async def show_map_part(
    request: Request, centre: CentreDep, scope: ScopeDep, texts: TextsDep, place: Place = ""
) -> HTMLResponse:
    """As the page, without its frame: asked for again and again by a page that is open."""
    return HTMLResponse(map_part(await _look(request, centre, scope, place, texts), texts))


async def _look(request: Request, centre: Centre, scope: Scope, place: str, texts: Texts) -> MapView:
    sites = await look_at_sites(centre, scope)
    now_ms = centre.clock.now_ms()
    return province_map(sites, now_ms, request.app.state.outline, all_divisions(), scope, place, texts)
