"""The OpenAPI document: what the framework writes by itself, and what it cannot know - doors, rights, and every refusal."""

from __future__ import annotations

from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from onebook_collector.administration.rights import Right
from onebook_collector.api.access import Needs
from onebook_collector.api.errors import MEDIA_TYPE
from onebook_collector.api.refusals import HEADERS, MEANINGS

_OF_THE_FRAMEWORK = ("HTTPValidationError", "ValidationError")
"""What it says of malformed requests; our answer to them is a problem document."""
_REFUSALS = [{"$ref": f"#/components/schemas/{name}"} for name in ("Problem", *_OF_THE_FRAMEWORK)]
_PROBLEM = _REFUSALS[0]
_ANY = (413, 429, 500, 503)
_WITH_A_DOOR = (401, 403)
_WITH_A_QUESTION = (422,)
_WITH_A_BODY = (400, 408, 415, 422)


class Door(NamedTuple):
    """A route, and the rights that whoever passes must have."""

    path: str
    methods: frozenset[str]
    needs: tuple[Right, ...]
    in_description: bool


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


def describe(document: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    """The framework's document, completed in place."""
    components = document.setdefault("components", {})
    components["responses"] = {f"refused_{status}": _refusal(status) for status in MEANINGS}
    for name in _OF_THE_FRAMEWORK:
        components["schemas"].pop(name, None)
    _tell_how_to_get_in(document, app)
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"] = _responses(operation)
    return document


def _tell_how_to_get_in(document: dict[str, Any], app: FastAPI) -> None:
    """How one gets in, and which right each operation needs."""
    document["components"]["securitySchemes"] = {
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


def _responses(operation: dict[str, Any]) -> dict[str, Any]:
    """What any request may be answered, what this one may, and what its route says of itself."""
    usual = {
        *_ANY,
        *(_WITH_A_DOOR if "security" in operation else ()),
        *(_WITH_A_QUESTION if operation.get("parameters") else ()),
        *(_WITH_A_BODY if "requestBody" in operation else ()),
    }
    said = operation["responses"]
    answers = {status: response for status, response in said.items() if _schema(response) not in _REFUSALS}
    own = {int(status) for status in said.keys() - answers.keys()}
    refused = {str(status): {"$ref": f"#/components/responses/refused_{status}"} for status in usual | own}
    return dict(sorted((refused | answers).items()))


def _refusal(status: int) -> dict[str, Any]:
    refusal: dict[str, Any] = {"description": MEANINGS[status], "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
    header = HEADERS.get(status)
    if header is not None:
        refusal["headers"] = {header.name: {"required": header.is_always_there, "schema": header.schema}}
    return refusal


def _schema(response: dict[str, Any]) -> Any:
    return next((content.get("schema") for content in response.get("content", {}).values()), None)


def _dependencies(route: RouteContext) -> list[Dependant]:
    dependant = getattr(route, "dependant", None)
    return dependant.dependencies if dependant is not None else []
