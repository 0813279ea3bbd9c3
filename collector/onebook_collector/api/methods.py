"""405: there is such an address, but not for this method. `Allow` names all that there are (RFC 9110, 10.2.1)."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.routing import compile_path

from onebook_collector.api.description import doors
from onebook_collector.api.errors import problem_response


async def method_not_allowed(request: Request, _error: Exception) -> JSONResponse:
    """The framework would name those of one route, and an address may have several."""
    found: set[str] = set()
    for door in doors(request.app):
        pattern, _format, _convertors = compile_path(door.path)
        if pattern.match(request.url.path):
            found |= door.methods
    allowed = ", ".join(sorted(found))
    detail = f"{request.method} is not possible here; possible: {allowed}"
    return problem_response(405, "method_not_allowed", detail, headers={"Allow": allowed})
