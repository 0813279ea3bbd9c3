"""The pages of coverage: cities and counties, and the six bars of one warehouse. Computed once a day, so they stand still."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, PrincipalDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.covered import look_at_coverage
from onebook_collector.api.values import DivisionPrefix, Key
from onebook_collector.dashboard.coverage_view import coverage, site_coverage
from onebook_collector.dashboard.rendering import coverage_page, coverage_site_page
from onebook_collector.dashboard.texts import TextsDep
from onebook_collector.errors import NotFoundError

router = APIRouter(
    prefix="/coverage", include_in_schema=False, dependencies=[Depends(Needs(Verb.READ, Resource.COVERAGE))]
)
_HEADERS = {"Vary": "Accept-Language"}


@router.get("", response_class=HTMLResponse)
async def show_coverage(
    centre: CentreDep, principal: PrincipalDep, texts: TextsDep, city: Annotated[DivisionPrefix | None, Query()] = None
) -> HTMLResponse:
    try:
        view = coverage(await look_at_coverage(centre, principal.scope), city, texts)
    except NotFoundError:
        view = None  # A centre that has not seen a midnight yet.
    return HTMLResponse(coverage_page(view, principal.actor, texts), headers=_HEADERS)


@router.get("/sites/{site_id}", response_class=HTMLResponse)
async def show_site_coverage(centre: CentreDep, principal: PrincipalDep, texts: TextsDep, site_id: Key) -> HTMLResponse:
    seen = await look_at_coverage(centre, principal.scope)
    row = next((one for one in seen.rows if one.site_id == site_id), None)
    if row is None:
        raise NotFoundError(f"{site_id!r}: 名录中没有此储备库 / no facility is called so")
    return HTMLResponse(coverage_site_page(site_coverage(seen, row, texts), principal.actor, texts), headers=_HEADERS)
