"""A code that nobody knows was set aside already; here a person adds what they know of it, in words or as a picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.capture.dialogue_messages import NoteAdded
from onebook_edge.capture.dialogue_texts import FeedbackKind
from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import texts_for, visit_of
from onebook_edge.console.forms import SCREEN, check_token, place_of, read_body, read_form
from onebook_edge.console.photos import PHOTO_BYTES_MAX
from onebook_edge.console.rendering import page
from onebook_edge.errors import RefusedError

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
        """Give note and picture to the dialogue, which records them beside the code."""
        form = await read_form(request)
        place = place_of(request, self._desk)
        badge, actor = visit_of(request).badge, self._desk.dialogues[place].state.actor
        note, photo = form.get("note", "").strip()[:NOTE_MAX], form.get("photo", "")
        known = photo if _DIGEST.fullmatch(photo) and self._desk.photos.has(photo) else None
        if badge is not None and badge != actor:
            return self._page(request, texts_for(request)("refused_another_person"), 409)
        if not note and known is None:
            return self._page(request, texts_for(request)("aside_empty"), 400)
        if self._desk.is_full:
            return self._page(request, texts_for(request)("refused_outbox_full"), 507)
        said = self._desk.recorder.enter(place, NoteAdded(note, known, SCREEN))
        if said.kind is not FeedbackKind.OK:
            return self._page(request, texts_for(request).of(said), 409)
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
