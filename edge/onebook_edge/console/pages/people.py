"""Signing in and out: a badge says who, a PIN proves it. At the screen of the box itself a scanned badge is enough."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.capture.china_day import day_of
from onebook_edge.capture.dialogue_messages import Scanned
from onebook_edge.console.desk import Desk
from onebook_edge.console.doorkeeper import Doorkeeper, NotAdmitted
from onebook_edge.console.doors import set_cookie, texts_for, visit_of
from onebook_edge.console.forms import SCREEN, read_form
from onebook_edge.console.rendering import page
from onebook_edge.console.texts import Texts
from onebook_schemas.labels import Label, LabelKind, label_text, parse_label
from onebook_schemas.reference import PersonOnSite

LISTED_MAX = 40


def routes(desk: Desk) -> Sequence[BaseRoute]:
    pages = PeoplePages(desk)
    return [
        Route("/sign-in", pages.show),
        Route("/sign-in", pages.sign_in, methods=["POST"]),
        Route("/sign-out", pages.sign_out, methods=["POST"]),
    ]


class PeoplePages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._keeper = Doorkeeper(desk.library, desk.clock)

    async def show(self, request: Request) -> Response:
        return self._page(request, badge=request.query_params.get("badge", ""))

    async def sign_in(self, request: Request) -> Response:
        form = await read_form(request)
        badge, place = badge_in(form.get("badge", "")), self._place(form.get("place", ""))
        address = request.client.host if request.client else ""
        found = await self._keeper.check(badge, form.get("pin", ""), address, day_of(self._desk.clock.now().wall_ms))
        if isinstance(found, NotAdmitted):
            problem = _in_words(found, texts_for(request))
            return self._page(request, badge=badge, problem=problem, status=429 if found.wait_s else 403)
        return self._admit(request, found, place)

    async def sign_out(self, request: Request) -> Response:
        await read_form(request)
        self._desk.visits.end(visit_of(request))
        return RedirectResponse("/sign-in", 303)

    def _admit(self, request: Request, person: PersonOnSite, place: str) -> Response:
        """The person signs in at the work place as with a badge. Whom it takes for a second person stays that."""
        visit, now_ms = visit_of(request), self._desk.clock.now().monotonic_ms
        response = RedirectResponse(f"/at/{place}" if place else "/", 303)
        if place:
            self._desk.recorder.enter(place, Scanned(label_text(LabelKind.PERSON, person.badge), SCREEN))
        acts = not place or self._desk.dialogues[place].state.actor == person.badge
        if acts and not request.scope["is_at_box"]:
            visit = self._desk.visits.sign_in(visit, person.badge, now_ms)
            headers = MutableHeaders(raw=response.raw_headers)
            set_cookie(headers, visit)
        return response

    def _place(self, asked: str) -> str:
        return asked if asked in self._desk.dialogues else next(iter(self._desk.dialogues), "")

    def _page(self, request: Request, *, badge: str, problem: str = "", status: int = 200) -> Response:
        is_at_box = request.scope["is_at_box"]
        people = self._keeper.people(day_of(self._desk.clock.now().wall_ms)) if is_at_box else ()
        return page(
            request,
            self._desk,
            "sign_in.html",
            status=status,
            badge=badge,
            problem=problem,
            place=self._place(request.query_params.get("place", "")),
            people=people[:LISTED_MAX],
            is_at_box=is_at_box,
            has_list=self._desk.library.people is not None,
        )


def badge_in(text: str) -> str:
    """What stands on a badge: the code as it is scanned, or as it is read and typed."""
    match parse_label(text.strip()):
        case Label(LabelKind.PERSON, value):
            return value
        case _:
            return text.strip()[:40]


def _in_words(found: NotAdmitted, texts: Texts) -> str:
    return texts("sign_in_pause", seconds=found.wait_s) if found.wait_s else texts("sign_in_wrong")
