"""The overview page, and what keeps it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from onebook_collector.api.access import admit
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.news import announcements
from onebook_collector.api.values import Key
from onebook_collector.dashboard.climate_view import zone_choices
from onebook_collector.dashboard.looking import find_zones, look, look_at_climate
from onebook_collector.dashboard.rendering import climate_part, overview_page
from onebook_collector.dashboard.texts import Texts, negotiate, texts_of
from onebook_collector.dashboard.view import changes, everything, overview

router = APIRouter(include_in_schema=False, dependencies=[Depends(admit)])

TELL_EVERY_S = 0.4
"""At most so often, however much happens; each time the page is told all that changed since."""
LOOK_EVERY_S = 5.0  # At least so often: a picture ages also when nothing is heard.


def spoken(
    lang: Annotated[str | None, Query(max_length=10)] = None,
    accept_language: Annotated[str, Header(max_length=500)] = "",
) -> Texts:
    return texts_of(negotiate(lang, accept_language))


TextsDep = Annotated[Texts, Depends(spoken)]


@router.get("/", response_class=HTMLResponse)
async def show_overview(centre: CentreDep, texts: TextsDep) -> HTMLResponse:
    view = overview(await look(centre), texts)
    zones, sites = await find_zones(centre)
    climate = await look_at_climate(centre, zones[0] if zones else None, texts)
    page = overview_page(view, zone_choices(zones, sites, texts), climate, texts)
    return HTMLResponse(page, headers={"Vary": "Accept-Language"})


@router.get("/overview/climate", response_class=HTMLResponse)
async def show_climate(centre: CentreDep, texts: TextsDep, zone: Key) -> HTMLResponse:
    """The chart of another room."""
    zones, _sites = await find_zones(centre)
    chosen = next((one for one in zones if one.key == zone), None)
    return HTMLResponse(climate_part(await look_at_climate(centre, chosen, texts)))


@router.get("/overview/events", response_class=EventSourceResponse)
async def tell_overview(centre: CentreDep, texts: TextsDep) -> AsyncIterator[ServerSentEvent]:
    """What changed on the page, in its language. First everything: the page may be older than the connection."""
    clock = asyncio.get_running_loop().time
    shown = overview(await look(centre), texts)
    yield ServerSentEvent(event="overview", data=everything(shown), retry=2_000)
    told_at, is_stale = clock(), False
    async for announcement in announcements(centre, TELL_EVERY_S):
        is_stale |= announcement is not None
        silent_s = clock() - told_at
        if silent_s < (TELL_EVERY_S if is_stale else LOOK_EVERY_S):
            continue
        seen = overview(await look(centre), texts)
        told_at, is_stale = clock(), False
        changed = changes(shown, seen)
        if changed:
            yield ServerSentEvent(event="overview", data=changed)
        shown = seen
