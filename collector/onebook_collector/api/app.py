"""The API as one web application, without the pages for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from onebook_collector.api.body_limit import BodyLimit
from onebook_collector.api.centre import Centre
from onebook_collector.api.description import describe
from onebook_collector.api.doorkeeper import AccessSettings, Doorkeeper
from onebook_collector.api.errors import add_error_handlers
from onebook_collector.api.methods import method_not_allowed
from onebook_collector.api.once import each_parameter_once
from onebook_collector.api.rate_limit import RateLimit
from onebook_collector.api.resources import (
    audit,
    balances,
    care,
    certificates,
    checkpoints,
    codes,
    counts,
    coverage,
    discrepancies,
    edges,
    enrolments,
    exports,
    feed,
    forks,
    furnishings,
    health,
    histories,
    movements,
    operations,
    people,
    quarantine,
    samples,
    sessions,
    site_people,
    sites,
    stream,
    tasks,
    tokens,
    warnings,
)

_RESOURCES = (
    sites, edges, balances, movements, feed, stream, histories, samples, quarantine, discrepancies, forks, warnings,
    sessions, people, tokens, audit, exports, care, codes, certificates, counts, checkpoints, furnishings, site_people,
    tasks, coverage,
)  # fmt: skip


def create_api(centre: Centre | None, access: AccessSettings | None = None) -> FastAPI:
    """Every route of the API. Without a centre there is only its description."""
    app = FastAPI(
        title="onebook 一本账",
        version="1",
        summary="The province's book of emergency supplies: stock, movements, readings, warnings.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # They load from another host.
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    app.state.centre = centre
    if centre is not None:
        app.state.doorkeeper = Doorkeeper(centre.administration, centre.clock, access or AccessSettings())
    add_error_handlers(app)
    app.add_exception_handler(405, method_not_allowed)
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit)
    v1 = APIRouter(prefix="/api/v1", dependencies=[Depends(each_parameter_once)])
    for resource in _RESOURCES:
        v1.include_router(resource.router)
    app.include_router(v1)
    app.include_router(enrolments.router, prefix="/api/v1")  # A code is what admits here.
    app.include_router(health.router)
    app.include_router(operations.router)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or describe(generate(), app)

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def create_door(centre: Centre) -> FastAPI:
    """What boxes reach: enrolment and renewal, nothing else. Its certificate is from our own authority, unknown to browsers."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.centre = centre
    add_error_handlers(app)
    app.add_middleware(BodyLimit)
    app.include_router(enrolments.router, prefix="/api/v1")
    return app


def openapi_document() -> dict[str, Any]:
    """What `docs/openapi.json` holds."""
    return create_api(None).openapi()


def _operation_id(route: APIRoute) -> str:
    return route.name
