"""A code that nobody knows was set aside already; here a person adds what they know of it, in words or as a picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import texts_for, visit_of
from onebook_edge.console.forms import SCREEN, check_token, place_of, read_body, read_form
from onebook_edge.console.photos import PHOTO_BYTES_MAX
from onebook_edge.console.rendering import page
from onebook_edge.errors import OutboxFullError, RefusedError
from onebook_schemas.device_events import CodeSetAside

NOTE_MAX = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")


def routes(desk: Desk) -> Sequence[BaseRoute]:
    pages = AsidePages(desk)
    return [
        Route("/at/{place}/aside", pages.show),
        Route("/at/{place}/aside", pages.add, methods=["POST"]),
        Route("/at/{place}/photo", pages.keep_photo, methods=["POST"]),
    ]


class AsidePages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        return self._page(request)

    async def add(self, request: Request) -> Response:
        """Put note and picture into the journal beside the code. The person is sent on when it is there."""
        form = await read_form(request)
        place = place_of(request, self._desk)
        state = self._desk.dialogues[place].state
        actor = visit_of(request).badge or state.actor or ""
        code, note, photo = (
            form.get("text", "")[:NOTE_MAX],
            form.get("note", "").strip()[:NOTE_MAX],
            form.get("photo", ""),
        )
        known = photo if _DIGEST.fullmatch(photo) and self._desk.photos.has(photo) else None
        if not actor or not code or not (note or known):
            return self._page(request, texts_for(request)("aside_empty" if actor else "aside_nobody"), 400)
        fact = CodeSetAside(text=code, reason="noted", device=SCREEN, actor=actor, note=note or None, photo=known)
        try:
            await self._desk.recorder.outbox.record([fact])
        except OutboxFullError:
            return self._page(request, texts_for(request)("refused_outbox_full"), 507)
        return RedirectResponse(f"/at/{place}", 303)

    async def keep_photo(self, request: Request) -> Response:
        """A picture, as it is: its digest goes into the form."""
        check_token(request, request.headers.get("x-token", ""))
        body = await read_body(request, PHOTO_BYTES_MAX)
        try:
            digest = await asyncio.to_thread(self._desk.photos.keep, body)
        except RefusedError as error:
            return JSONResponse({"problem": texts_for(request)(error.reason)}, 400)
        except OSError as error:
            return JSONResponse({"problem": f"{texts_for(request)('photo_not_kept')} ({error.strerror})"}, 507)
        return JSONResponse({"photo": digest})

    def _page(self, request: Request, problem: str = "", status: int = 200) -> Response:
        place = place_of(request, self._desk)
        code = self._desk.dialogues[place].state.set_aside or ""
        return page(request, self._desk, "aside.html", status=status, place=place, code=code, problem=problem)
