"""Knows who asks: reads tokens and session cookies, signs people in and out, and keeps the pauses and the rates."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.audit import DONE, AuditEntry, write_audit
from onebook_collector.administration.credentials import hash_password, is_password
from onebook_collector.administration.pauses import Buckets, SignInPauses, network_of
from onebook_collector.administration.people import (
    Person,
    SessionLimits,
    begin_session,
    end_session,
    is_known_address,
    is_unnoted,
    note_session,
    password_hash_of,
    person_of_session,
    set_password,
)
from onebook_collector.administration.rights import Principal
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.administration.tokens import USED_EVERY_MS, find_token, note_use
from onebook_collector.api.errors import ForbiddenError, TooManyError, UnauthenticatedError
from onebook_collector.clock import Clock

log = structlog.get_logger()

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_HASHING_AT_ONCE = 2
"""Each costs 64 MiB and a core: sign-ins wait for one another rather than the ingest for them."""


class AccessSettings(BaseModel):
    """Sessions of people, and how much each may ask."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session_idle_minutes: int = Field(default=120, ge=1, description="A session ends so long after its last request.")
    session_hours_max: int = Field(default=12, ge=1, description="A session ends so long after it began.")
    requests_per_s: float = Field(
        default=50, gt=0, description="Requests of one person, token or address, in the long run."
    )
    requests_burst: int = Field(default=500, ge=1, description="Requests of one person, token or address, at once.")


@dataclass(frozen=True, slots=True)
class _Found:
    principal: Principal
    cookie: str | None = None  # None: a token.


class Doorkeeper:
    def __init__(self, store: AdministrationStore, clock: Clock, settings: AccessSettings) -> None:
        self._store, self._clock = store, clock
        self._limits = SessionLimits(settings.session_idle_minutes * 60_000, settings.session_hours_max * 3_600_000)
        self._rates = Buckets(settings.requests_per_s, settings.requests_burst)
        self._pauses = SignInPauses()
        self._hashing = asyncio.Semaphore(_HASHING_AT_ONCE)

    async def admit(self, request: Request) -> Principal:
        """Who asks. Raises UnauthenticatedError, TooManyError, or ForbiddenError for a write that another site's page began."""
        found = await self._find(request)
        self._take(found.principal.name)
        if found.cookie is not None and request.method not in SAFE_METHODS and not is_from_our_page(request):
            await self.audit(found.principal.name, "cross_site_request", request.url.path, request, outcome="refused")
            raise ForbiddenError("cross_site_request", "a write with a session comes from a page of this server only")
        return found.principal

    async def is_still_admitted(self, request: Request, principal: Principal) -> bool:
        """For streams, which outlive the moment at which they were admitted: the same rights and the same scope, still."""
        try:
            return (await self._find(request)).principal == principal
        except UnauthenticatedError:
            return False

    def take_for_address(self, address: str) -> None:
        """Raises TooManyError."""
        self._take(f"address:{network_of(address)}")

    async def sign_in(self, name: str, password: str, request: Request) -> str:
        """The cookie of a new session. Raises UnauthenticatedError, or TooManyError during a pause."""
        await self._check(name, password, request)
        return await self._begin(name, request)

    async def sign_out(self, request: Request) -> None:
        cookie = cookie_of(request)
        if cookie is None:
            return
        now_ms = self._clock.now_ms()
        person = await self._person(cookie)
        await self._store.write(lambda connection: end_session(connection, cookie, now_ms))
        if person is not None:
            await self.audit(f"person:{person.name}", "sign_out", person.name, request)

    async def change_password(self, old: str, new: str, request: Request) -> str:
        """The cookie of a new session; all others of this person end. Raises RefusedError."""
        cookie = cookie_of(request)
        person = await self._person(cookie) if cookie is not None else None
        if person is None:
            raise UnauthenticatedError("signed_out", "sign in first")
        await self._check(person.name, old, request)
        async with self._hashing:
            new_hash = await asyncio.to_thread(hash_password, new, person.name)
        now_ms = self._clock.now_ms()
        await self._store.write(lambda connection: set_password(connection, person.name, new_hash, now_ms))
        await self.audit(f"person:{person.name}", "password.change", person.name, request)
        return await self._begin(person.name, request)

    async def audit(
        self, actor: str, action: str, subject: str, request: Request, *, outcome: str = DONE, **detail: str | int
    ) -> None:
        entry = AuditEntry(actor[:200], action, subject[:500], outcome, address_of(request), detail)
        now_ms = self._clock.now_ms()
        await self._store.write(lambda connection: write_audit(connection, entry, now_ms))

    async def _find(self, request: Request) -> _Found:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return await self._find_token(text.strip() if scheme.lower() == "bearer" else "")
        cookie = cookie_of(request)
        person = await self._person(cookie) if cookie is not None else None
        if person is None or cookie is None:
            raise UnauthenticatedError("signed_out", "sign in, or show a token: Authorization: Bearer ...")
        return _Found(person.principal, cookie)

    async def _find_token(self, text: str) -> _Found:
        now_ms = self._clock.now_ms()
        found = await self._store.read(lambda connection: find_token(connection, text, now_ms))
        if found is None:
            raise UnauthenticatedError("no_token", "this token is unknown, revoked or expired")
        if found.used_ms is None or found.used_ms <= now_ms - USED_EVERY_MS:
            await self._store.write(lambda connection: note_use(connection, found.name, now_ms))
        return _Found(found.principal)

    async def _person(self, cookie: str) -> Person | None:
        now_ms = self._clock.now_ms()
        person, is_due = await self._store.read(
            lambda connection: (
                person_of_session(connection, cookie, self._limits, now_ms),
                is_unnoted(connection, cookie, now_ms),
            )
        )
        if person is not None and is_due:
            await self._store.write(lambda connection: note_session(connection, cookie, now_ms))
        return person

    async def _check(self, name: str, password: str, request: Request) -> None:
        address, now_ms = address_of(request), self._clock.now_ms()
        is_known, password_hash = await self._store.read(
            lambda connection: (
                is_known_address(connection, name, address, now_ms),
                password_hash_of(connection, name),
            )
        )
        wait_s = self._pauses.wait_s(name, address, now_ms, is_known_address=is_known)
        if wait_s:
            await self.audit(f"person:{name}", "sign_in", name, request, outcome="pause")
            raise TooManyError(f"too many failed attempts; try again in {wait_s} s", wait_s)
        # Counted before it is looked at: attempts that come in together cannot all slip through.
        self._pauses.note_failure(name, address, now_ms)
        if not await self._is_password(password, password_hash):
            await self.audit(f"person:{name}", "sign_in", name, request, outcome="wrong_name_or_password")
            raise UnauthenticatedError("wrong_name_or_password", "the name or the password is wrong")
        self._pauses.note_success(name, address)

    async def _is_password(self, password: str, password_hash: str | None) -> bool:
        async with self._hashing:
            return await asyncio.to_thread(is_password, password, password_hash)

    async def _begin(self, name: str, request: Request) -> str:
        """Whatever session the browser showed ends: its id may be known to somebody else."""
        address, now_ms, shown = address_of(request), self._clock.now_ms(), cookie_of(request)
        if shown is not None:
            await self._store.write(lambda connection: end_session(connection, shown, now_ms))
        secret = await self._store.write(lambda connection: begin_session(connection, name, address, now_ms))
        await self.audit(f"person:{name}", "sign_in", name, request)
        return secret.text

    def _take(self, key: str) -> None:
        wait_s = self._rates.take(key, asyncio.get_running_loop().time())
        if wait_s:
            raise TooManyError("more requests than anybody needs; wait a little", math.ceil(wait_s))


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def cookie_name(request: Request) -> str:
    """With TLS the browser itself refuses this name to anything but a secure cookie of exactly this host."""
    return "__Host-onebook" if request.url.scheme == "https" else "onebook"


def cookie_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request)) or None


def set_cookie(request: Request, response: Response, cookie: str) -> None:
    """For the browser's session; the server knows when it ends. Lax: a link from a message may lead to the page."""
    secure = request.url.scheme == "https"
    response.set_cookie(cookie_name(request), cookie, httponly=True, secure=secure, samesite="lax", path="/")


def drop_cookie(request: Request, response: Response) -> None:
    secure = request.url.scheme == "https"
    response.delete_cookie(cookie_name(request), httponly=True, secure=secure, samesite="lax", path="/")


def is_from_our_page(request: Request) -> bool:
    """As the browser says; one that says nothing is not believed. (Sec-Fetch-Site is sent over TLS and to localhost.)"""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched == "same-origin"
    origin = request.headers.get("origin", "")
    return urlsplit(origin).netloc == request.headers.get("host") and bool(origin)
