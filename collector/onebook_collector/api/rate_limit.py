"""Nobody may ask more often than anybody needs: counted by address before anything else is looked at."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from onebook_collector.api.access import the_doorkeeper
from onebook_collector.api.doorkeeper import address_of
from onebook_collector.api.errors import TooManyError, refusal


class RateLimit:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            the_doorkeeper(request).take_for_address(address_of(request))
        except TooManyError as error:
            await refusal(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)
