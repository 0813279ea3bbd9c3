"""Standing by: what a keeper sees on passing by."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from onebook_edge.console.desk import Desk
from onebook_edge.console.rendering import page


def routes(desk: Desk) -> Sequence[BaseRoute]:
    async def show(request: Request) -> Response:
        return page(request, desk, "home.html")

    return [Route("/", show)]
