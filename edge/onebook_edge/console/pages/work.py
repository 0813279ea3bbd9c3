"""A work place: its sheet, and everything that a person can do there without a scanner."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.capture.dialogue_messages import Scanned
from onebook_edge.capture.dialogue_texts import Feedback, FeedbackKind, Sound
from onebook_edge.capture.dialogue_view import view_of
from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import texts_for, visit_of
from onebook_edge.console.entering import Circumstances, Entered, Ignore, NeedPin, Refuse, Take, judge
from onebook_edge.console.feedback import as_data
from onebook_edge.console.finding import hits_for
from onebook_edge.console.forms import SCREEN, place_of, read_form, wants_data
from onebook_edge.console.rendering import page
from onebook_edge.console.work_view import WorkView, mark_of, work_view
from onebook_schemas.labels import LabelKind, label_text

HITS_MAX = 20
_ANSWER_S = 2.0  # How long a form that was sent without script waits for the outbox's answer.


def routes(desk: Desk) -> Sequence[BaseRoute]:
    pages = WorkPages(desk)
    return [
        Route("/at/{place}", pages.show),
        Route("/at/{place}/sheet", pages.show_sheet),
        Route("/at/{place}/find", pages.find),
        Route("/at/{place}/enter", pages.enter, methods=["POST"]),
    ]


def code_in(form: Mapping[str, str]) -> str:
    """The code that a form stands for. An input method may have made wide characters of it: ＯＢＣ－ is OBC-."""
    if "code" in form:
        return unicodedata.normalize("NFKC", form["code"])
    return f"OB{LabelKind.QUANTITY}-{unicodedata.normalize('NFKC', form.get('amount', '')).strip()}"


class WorkPages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._confirmed: dict[str, str] = {}  # Work place -> mark of the sheet that was confirmed last.

    async def show(self, request: Request) -> Response:
        return self._page(request, "work.html")

    async def show_sheet(self, request: Request) -> Response:
        """The part of the page that changes with each scan."""
        return self._page(request, "sheet.html")

    async def find(self, request: Request) -> Response:
        """Goods by pinyin initials, Chinese, English or code; bins and documents by what stands on their labels."""
        place = place_of(request, self._desk)
        asked = unicodedata.normalize("NFKC", request.query_params.get("q", ""))[:40].strip()
        catalogue, site = self._desk.dialogues[place].catalogue, self._desk.library.site
        hits = hits_for(asked, catalogue, site, texts_for(request), HITS_MAX) if asked else ()
        return page(request, self._desk, "hits.html", place=place, asked=asked, hits=hits)

    async def enter(self, request: Request) -> Response:
        place = place_of(request, self._desk)
        form = await read_form(request)
        visit, dialogue = visit_of(request), self._desk.dialogues[place]
        state = dialogue.state
        entered = Entered(code_in(form), form.get("mark", ""))
        mark = mark_of(state, dialogue.sheet)
        so = Circumstances(
            badge=visit.badge,
            actor=state.actor,
            mark=mark,
            is_open=dialogue.sheet.action is not None,
            confirmed_mark=self._confirmed.get(place, ""),
            is_full=self._desk.is_full,
        )
        visit.last_ms = self._desk.clock.now().monotonic_ms
        match judge(entered, so):
            case Take(text):
                said = self._desk.recorder.enter(place, Scanned(text, SCREEN))
                if said.code == "booking":
                    self._confirmed[place] = mark
                return await self._answer(request, place, said)
            case Ignore():
                return await self._answer(request, place, None)
            case NeedPin(badge):
                where = f"/sign-in?place={place}&badge={badge}"
                return JSONResponse({"go": where}) if wants_data(request) else RedirectResponse(where, 303)
            case Refuse(reason):
                text = texts_for(request)(reason)
                return await self._answer(
                    request, place, Feedback(FeedbackKind.REFUSED, reason, text, text, Sound.REFUSED)
                )

    async def _answer(self, request: Request, place: str, said: Feedback | None) -> Response:
        note = self._desk.board.last(place)
        number = note.number if note and note.feedback is said else None
        if wants_data(request):
            return JSONResponse({"feedback": as_data(said, number, texts_for(request)) if said else None})
        if said is not None and number is None:  # Ours: the dialogue has not heard of it.
            return self._page(request, "work.html", refusal=said)
        deadline = asyncio.get_running_loop().time() + _ANSWER_S
        while self._desk.dialogues[place].state.booking and asyncio.get_running_loop().time() < deadline:
            await self._desk.board.wait(_ANSWER_S)
        return RedirectResponse(f"/at/{place}", 303)

    def _page(self, request: Request, template: str, *, refusal: Feedback | None = None) -> Response:
        place, texts = place_of(request, self._desk), texts_for(request)
        note = self._desk.board.last(place)
        said = refusal or (note.feedback if note else None)
        return page(
            request,
            self._desk,
            template,
            view=self._view(request, place),
            feedback=as_data(said, note.number if note else 0, texts) if said else None,
            number=self._desk.board.number,
            is_full=self._desk.is_full,
            set_aside=self._desk.dialogues[place].state.set_aside or "",
            take_over=self._take_over(request, place),
        )

    def _take_over(self, request: Request, place: str) -> str:
        """The code by which whoever holds this handheld takes the work place over; empty when they have it."""
        badge = visit_of(request).badge
        is_mine = badge is None or self._desk.dialogues[place].state.actor == badge
        return "" if is_mine or badge is None else label_text(LabelKind.PERSON, badge)

    def _view(self, request: Request, place: str) -> WorkView:
        dialogue = self._desk.dialogues[place]
        mark = mark_of(dialogue.state, dialogue.sheet)
        return work_view(
            place, mark, view_of(dialogue, now=self._desk.clock.now()), texts_for(request), self._desk.name_of
        )
