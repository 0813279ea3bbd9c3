"""A question names each parameter once. Which of two values should count, nobody could know who looks at the answer."""

from __future__ import annotations

from collections import Counter

from fastapi import Request
from fastapi.exceptions import RequestValidationError


def each_parameter_once(request: Request) -> None:
    """A dependency of every route of the API. No route takes a list in its query."""
    named = Counter(name for name, _ in request.query_params.multi_items())
    twice = [{"loc": ("query", name), "msg": "given more than once"} for name, count in named.items() if count > 1]
    if twice:
        raise RequestValidationError(twice)
