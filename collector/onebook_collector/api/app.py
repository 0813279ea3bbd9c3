"""The API as one web application, without the pages for people."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from onebook_collector.administration.rights import Right
from onebook_collector.api.access import Needs
from onebook_collector.api.body_limit import BodyLimit
from onebook_collector.api.centre import Centre
from onebook_collector.api.doorkeeper import AccessSettings, Doorkeeper
from onebook_collector.api.errors import MEDIA_TYPE, PROBLEM_RESPONSES, add_error_handlers
from onebook_collector.api.rate_limit import RateLimit
from onebook_collector.api.resources import (
    audit,
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
    people,
    quarantine,
    samples,
    sessions,
    sites,
    stream,
    tokens,
    warnings,
)

_RESOURCES = (
    sites, edges, balances, movements, feed, stream, histories, samples, quarantine, discrepancies, forks, warnings,
    sessions, people, tokens, audit,
)  # fmt: skip


class Door(NamedTuple):
    """A route, and the rights that whoever passes must have."""

    path: str
    methods: frozenset[str]
    needs: tuple[Right, ...]
    in_description: bool


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
    app.add_middleware(BodyLimit)
    app.add_middleware(RateLimit)
    v1 = APIRouter(prefix="/api/v1", responses=PROBLEM_RESPONSES)
    for resource in _RESOURCES:
        v1.include_router(resource.router)
    app.include_router(v1)
    app.include_router(enrolments.router, prefix="/api/v1", responses=PROBLEM_RESPONSES)  # A code is what admits here.
    app.include_router(health.router)
    app.include_router(operations.router)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or _with_doors(_with_problem_media_type(generate()), app)

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


def doors(app: FastAPI) -> list[Door]:
    """Every route with the rights that it declares, the included routers' with those of their routers."""
    return [
        Door(
            route.path or "",
            frozenset(route.methods or ()),
            tuple(each.call.right for each in _dependencies(route) if isinstance(each.call, Needs)),
            bool(getattr(route, "include_in_schema", False)),
        )
        for route in iter_route_contexts(app.routes)
    ]


def _dependencies(route: RouteContext) -> list[Dependant]:
    dependant = getattr(route, "dependant", None)
    return dependant.dependencies if dependant is not None else []


def _with_doors(document: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    """How one gets in, and which right each operation needs."""
    document.setdefault("components", {})["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "a token: onebook collector tokens issue"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "onebook",
            "description": "of a person who has signed in",
        },
    }
    for door in doors(app):
        for method in door.methods if door.needs and door.in_description else ():
            operation = document["paths"][door.path][method.lower()]
            operation["security"] = [{"token": []}, {"session": []}]
            operation["x-right"] = str(door.needs[-1])
    return document
