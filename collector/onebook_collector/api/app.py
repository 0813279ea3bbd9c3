"""The API as one web application, without the pages for people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from onebook_collector.api.access import admit
from onebook_collector.api.body_limit import BodyLimit
from onebook_collector.api.centre import Centre
from onebook_collector.api.errors import MEDIA_TYPE, PROBLEM_RESPONSES, add_error_handlers
from onebook_collector.api.resources import (
    balances,
    discrepancies,
    edges,
    enrolments,
    feed,
    forks,
    health,
    histories,
    movements,
    operations,
    quarantine,
    samples,
    sites,
    stream,
    warnings,
)

_RESOURCES = (
    sites, edges, balances, movements, feed, stream, histories, samples, quarantine, discrepancies, forks, warnings,
)  # fmt: skip


def create_api(centre: Centre | None) -> FastAPI:
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
    add_error_handlers(app)
    app.add_middleware(BodyLimit)
    v1 = APIRouter(prefix="/api/v1", dependencies=[Depends(admit)], responses=PROBLEM_RESPONSES)
    for resource in _RESOURCES:
        v1.include_router(resource.router)
    app.include_router(v1)
    app.include_router(enrolments.router, prefix="/api/v1", responses=PROBLEM_RESPONSES)  # A code is what admits here.
    app.include_router(health.router)
    app.include_router(operations.router)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or _with_problem_media_type(generate())

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def create_door(centre: Centre) -> FastAPI:
    """What boxes reach: enrolment and renewal, nothing else. Its certificate is from our own authority, unknown to browsers."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.centre = centre
    add_error_handlers(app)
    app.add_middleware(BodyLimit)
    app.include_router(enrolments.router, prefix="/api/v1", responses=PROBLEM_RESPONSES)
    return app


def openapi_document() -> dict[str, Any]:
    """What `docs/openapi.json` holds."""
    return create_api(None).openapi()


def _operation_id(route: APIRoute) -> str:
    return route.name


def _with_problem_media_type(document: dict[str, Any]) -> dict[str, Any]:
    """The framework describes every error in the media type of the answer."""
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                if status in ("default", "410"):
                    (schema,) = response["content"].values()
                    response["content"] = {MEDIA_TYPE: schema}
    return document
