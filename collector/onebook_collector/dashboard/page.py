"""The overview page, and what keeps it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.news import announcements
from onebook_collector.api.values import Key
from onebook_collector.dashboard.climate_view import zone_choices
from onebook_collector.dashboard.looking import find_zones, look, look_at_climate
from onebook_collector.dashboard.rendering import climate_part, overview_page
from onebook_collector.dashboard.texts import TextsDep
from onebook_collector.dashboard.view import changes, everything, overview

router = APIRouter(include_in_schema=False, dependencies=[Depends(Needs(Verb.READ, Resource.OVERVIEW))])

TELL_EVERY_S = 0.4
"""At most so often, however much happens; each time the page is told all that changed since."""
LOOK_EVERY_S = 5.0  # At least so often: a picture ages also when nothing is heard.


@router.get("/", response_class=HTMLResponse)
async def show_overview(centre: CentreDep, principal: PrincipalDep, texts: TextsDep) -> HTMLResponse:
    scope = principal.scope
    view = overview(await look(centre, scope), texts)
    zones, sites = await find_zones(centre, scope)
    climate = await look_at_climate(centre, zones[0] if zones else None, texts)
    page = overview_page(view, zone_choices(zones, sites, texts), climate, principal.actor, texts)
    return HTMLResponse(page, headers={"Vary": "Accept-Language"})


@router.get("/overview/climate", response_class=HTMLResponse)
async def show_climate(centre: CentreDep, scope: ScopeDep, texts: TextsDep, zone: Key) -> HTMLResponse:
    """The chart of another room."""
    zones, _sites = await find_zones(centre, scope)
    chosen = next((one for one in zones if one.key == zone), None)
    return HTMLResponse(climate_part(await look_at_climate(centre, chosen, texts)))


@router.get("/overview/events", response_class=EventSourceResponse)
async def tell_overview(
    centre: CentreDep, keeper: DoorkeeperDep, principal: PrincipalDep, request: Request, texts: TextsDep
) -> AsyncIterator[ServerSentEvent]:
    """What changed on the page, in its language. First everything: the page may be older than the connection.

    Ends with "signed_out" when the session has.
    """
    clock = asyncio.get_running_loop().time
    shown = overview(await look(centre, principal.scope), texts)
    yield ServerSentEvent(event="overview", data=everything(shown), retry=2_000)
    told_at, is_stale = clock(), False
    async for announcement in announcements(centre, TELL_EVERY_S):
        is_stale |= announcement is not None
        silent_s = clock() - told_at
        if silent_s < (TELL_EVERY_S if is_stale else LOOK_EVERY_S):
            continue
        if not await keeper.is_still_admitted(request, principal):
            yield ServerSentEvent(event="signed_out", data={})
            return
        seen = overview(await look(centre, principal.scope), texts)
        told_at, is_stale = clock(), False
        changed = changes(shown, seen)
        if changed:
            yield ServerSentEvent(event="overview", data=changed)
        shown = seen
