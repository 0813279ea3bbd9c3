"""Every answer that is not what was asked for is a problem document (RFC 9457), in one shape."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from onebook_collector.errors import RefusedError, RetryableError

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5


class Mistake(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="place in the request, such as query.limit", examples=["query.limit"])
    detail: str = Field(examples=["Input should be less than or equal to 500"])


class Problem(BaseModel):
    """Why there is no answer, and what to do about it (RFC 9457)."""

    type: str = Field(description="names the kind of problem", examples=["urn:onebook:problem:not_found"])
    title: str = Field(examples=["Not Found"])
    status: int = Field(ge=400, le=599, examples=[404])
    detail: str = Field(examples=["no movement has the id 0f8fad5b-d9cb-469f-a165-70867728950e"])
    mistakes: list[Mistake] | None = Field(default=None, description="of a malformed request")
    restart_after: str | None = Field(default=None, description="of a feed that began anew: the cursor to go on from")


class GoneError(RefusedError):
    """A cursor of a feed that began anew. Carries the cursor to go on from."""

    def __init__(self, detail: str, restart_after: str) -> None:
        super().__init__("feed_began_anew", detail, status=410)
        self.restart_after = restart_after


class UnauthenticatedError(RefusedError):
    """We do not know who asks."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail, status=401)


class ForbiddenError(RefusedError):
    """We know who asks, and they may not do this."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail, status=403)


class TooManyError(RefusedError):
    """Too much at once, or a pause after failed sign-ins."""

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__("too_many_requests", detail, status=429)
        self.retry_after_s = retry_after_s


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(RetryableError, _unavailable)
    app.add_exception_handler(OperationalError, _unavailable)
    app.add_exception_handler(Exception, _our_bug)


def problem_response(
    status: int, reason: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    problem = Problem(
        type=f"urn:onebook:problem:{reason}", title=HTTPStatus(status).phrase, status=status, detail=detail, **more
    )
    return JSONResponse(problem.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    if error.status == HTTPStatus.UNAUTHORIZED and request.method == "GET" and _is_for_a_person(request):
        return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    return refusal(error)


def refusal(error: RefusedError) -> JSONResponse:
    restart_after = error.restart_after if isinstance(error, GoneError) else None
    headers = {}
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="onebook"'
    if isinstance(error, TooManyError):
        headers["Retry-After"] = str(error.retry_after_s)
    return problem_response(error.status, error.reason, error.detail, headers=headers, restart_after=restart_after)


def _is_for_a_person(request: Request) -> bool:
    """A browser that opens a page says so; programs, scripts and streams ask for something else, or for anything."""
    return "text/html" in request.headers.get("accept", "")


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses by itself: an unknown path, a method that is not there, a body that is too large."""
    assert isinstance(error, HTTPException)
    reason, headers = HTTPStatus(error.status_code).name.lower(), dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods_at(request))
    return problem_response(error.status_code, reason, str(error.detail), headers=headers)


def _methods_at(request: Request) -> list[str]:
    """Of every route with this address: the framework names those of the first only."""
    routes = iter_route_contexts(request.app.routes)
    here = [route for route in routes if compile_path(route.path or "")[0].match(request.url.path)]
    return sorted({method for route in here for method in route.methods or ()})


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    """The values themselves are not sent back: they may be long, or somebody's secret."""
    assert isinstance(error, RequestValidationError)
    mistakes = [Mistake(where=".".join(map(str, one["loc"])), detail=one["msg"]) for one in error.errors()[:20]]
    return problem_response(422, "malformed_request", "the request cannot be read; see mistakes", mistakes=mistakes)


async def _unavailable(_request: Request, error: Exception) -> JSONResponse:
    log.warning("answer_not_possible_now", reason=str(error))
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return problem_response(503, "try_again", "a database does not answer at the moment; try again", headers=headers)


async def _our_bug(request: Request, error: Exception) -> JSONResponse:
    """Said without internals; the log has them."""
    log.error("request_raised", method=request.method, path=request.url.path, exc_info=error)
    return problem_response(500, "internal_error", "the collector failed on this request; its log says why")
