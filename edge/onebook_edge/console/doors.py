"""Who comes in, and what every answer carries. Stands before all pages.

- A host name that is not ours is refused: a page of somebody else's may not reach the box under a name of its own.
- What changes something, and the stream of events, comes from our own page or from no page at all.
- From the network nothing is shown before somebody has signed in; the screen of the box itself may look.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onebook_edge.console.desk import Desk
from onebook_edge.console.texts import Texts, spoken, texts_of
from onebook_edge.console.visits import COOKIE, Visit

LANGUAGE_COOKIE = "onebook_language"
SIGN_IN: Final = "/sign-in"
STATIC: Final = "/static/"
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # With no-referrer, browsers do not say which page a form was sent from.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Nothing from another host, no script but our own files, no embedding."""
_SAFE = ("GET", "HEAD")


class Doors:
    """`visit_of(request)` and `texts_for(request)` say what it found out."""

    def __init__(self, app: ASGIApp, desk: Desk, names: tuple[str, ...]) -> None:
        self._app, self._desk = app, desk
        self._names = {"localhost", *names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        cookies = _cookies(headers)
        fresh = self._find_visit(scope, headers, cookies)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update(HEADERS)
                answer.setdefault("Cache-Control", "no-cache" if scope["path"].startswith(STATIC) else "no-store")
                if fresh:
                    set_cookie(answer, scope["visit"])
            await send(message)

        refusal = self._refusal(scope, headers)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _find_visit(self, scope: Scope, headers: Headers, cookies: Mapping[str, str]) -> bool:
        """Put visit and language into the scope; whether the visit has just begun."""
        now_ms = self._desk.clock.now().monotonic_ms
        visit = self._desk.visits.find(cookies.get(COOKIE), now_ms, self._desk.idle_max_ms)
        asked = Request(scope).query_params.get("lang")
        scope["language"] = spoken(asked, cookies.get(LANGUAGE_COOKIE))
        scope["is_at_box"] = is_at_box(scope, headers)
        scope["visit"] = visit or Visit()
        if visit is None and scope["method"] == "GET" and not scope["path"].startswith(STATIC):
            scope["visit"] = self._desk.visits.begin(now_ms)
            return True
        return False

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        path, method = scope["path"], scope["method"]
        if not self._is_our_host(headers.get("host", "")):
            return PlainTextResponse("Unknown host name: add it to console.names.\n", 421)
        if (method not in _SAFE or path == "/events") and not is_from_our_page(headers):
            return PlainTextResponse("Open the page of this box and try again.\n", 403)
        if path == SIGN_IN or path.startswith(STATIC) or is_admitted(scope):
            return None
        if method in _SAFE and "text/html" in headers.get("accept", ""):
            return RedirectResponse(SIGN_IN, 303)
        return PlainTextResponse("Sign in first.\n", 401)

    def _is_our_host(self, host: str) -> bool:
        """An address or one of our names: a name of somebody else's that points here would bring their page along."""
        name = urlsplit(f"//{host}").hostname or ""
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def is_at_box(scope: Scope, headers: Headers) -> bool:
    """Whether the browser runs on the box itself. What a proxy hands on comes from elsewhere."""
    client = scope.get("client")
    if client is None or "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    return ipaddress.ip_address(client[0]).is_loopback


def is_admitted(scope: Scope) -> bool:
    return scope["is_at_box"] or scope["visit"].badge is not None


def is_from_our_page(headers: Headers) -> bool:
    """Browsers say where a request comes from; what says nothing at all is no browser, and carries no cookie of one."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site not in (None, "same-origin"):
        return False
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def visit_of(request: Request) -> Visit:
    visit: Visit = request.scope["visit"]
    return visit


def texts_for(request: Request) -> Texts:
    return texts_of(request.scope["language"])


def set_cookie(headers: MutableHeaders, visit: Visit) -> None:
    headers.append("Set-Cookie", f"{COOKIE}={visit.key}; Path=/; HttpOnly; SameSite=Strict")


def _cookies(headers: Headers) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}
