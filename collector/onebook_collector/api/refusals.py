"""What each status of a refusal means, for the description of the API. A route names its own: `responses=refusals(404, 409)`."""

from __future__ import annotations

from typing import Any, NamedTuple

from onebook_collector.api.errors import Problem

MEANINGS = {
    400: "The question makes no sense; `detail` says why",
    401: "We do not know who asks: no token or session, or one that has ended",
    403: "Not this kind of thing, or not in this way",
    404: "Nothing has this name, or nothing in the scope of whoever asks",
    408: "The body took too long to arrive",
    409: "Not in this state; `detail` says why",
    410: "The feed began anew; `restart_after` says where to go on",
    413: "The request is too large",
    415: "The body is compressed, or of another kind",
    422: "The request cannot be read; `mistakes` says where",
    429: "More requests than anybody needs, or a pause after failed attempts",
    500: "Our failure; the collector's log says why",
    503: "Not possible at the moment; try again",
}


class AnswerHeader(NamedTuple):
    name: str
    is_always_there: bool
    schema: dict[str, Any]


_SECONDS = {"type": "integer", "minimum": 0, "description": "seconds to wait"}
HEADERS = {
    401: AnswerHeader("WWW-Authenticate", True, {"type": "string"}),
    429: AnswerHeader("Retry-After", True, _SECONDS),
    503: AnswerHeader("Retry-After", False, _SECONDS),
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Beside those that any route may give; `description.py` adds these."""
    return {status: {"model": Problem, "description": MEANINGS[status]} for status in statuses}
