"""The whole web application: the API and the page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onebook_collector.api.app import create_api
from onebook_collector.api.centre import Centre
from onebook_collector.api.doorkeeper import AccessSettings
from onebook_collector.dashboard import coverage_page, map_page, page, sign_in
from onebook_collector.dashboard.outline import Outline, outline_of
from onebook_collector.reference import read_outline

_STATIC = Path(__file__).parent / "static"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # With no-referrer, browsers do not say which page a form was sent from.
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""Nothing from another host, no script but our own file, no embedding."""
_WITH_TLS = {"Strict-Transport-Security": "max-age=31536000"}


def create_app(centre: Centre | None, access: AccessSettings | None = None, outline: Outline | None = None) -> FastAPI:
    """`outline`: of the province, for the map; the one that comes with the collector by default."""
    app = create_api(centre, access)
    app.state.outline = outline or built_in_outline()
    app.include_router(page.router)
    app.include_router(map_page.router)
    app.include_router(coverage_page.router)
    app.include_router(sign_in.router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    app.add_middleware(SafeHeaders)
    return app


@cache
def built_in_outline() -> Outline:
    return outline_of(read_outline())


class SafeHeaders:
    """Puts security headers on every answer. Nobody keeps what is for one person only; of static files caches ask each time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                is_static = scope["path"].startswith("/static/")
                headers.setdefault("Cache-Control", "no-cache" if is_static else "no-store")
                headers.update(_WITH_TLS if scope["scheme"] == "https" else {})
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
