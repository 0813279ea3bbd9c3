"""Papers: what was booked today, what a person looks for, the document itself, and its print, which is counted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.archive.archive import PaperFacts
from onebook_edge.archive.index_file import FACTS_MAX, FOUND_MAX, FoundPaper, Search
from onebook_edge.capture.china_day import day_of
from onebook_edge.capture.command_words import Words
from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import texts_for, visit_of
from onebook_edge.console.forms import read_form
from onebook_edge.console.rendering import ICON, page
from onebook_edge.paper.composing import compose
from onebook_edge.paper.document_words import NOT_SYNCHRONISED
from onebook_edge.paper.documents import CHINA, CountKey, Known, PrintedDocument, blank_count, key_of
from onebook_edge.paper.filing import PaperKind
from onebook_edge.paper.pages import ASSETS, Press, PrintForm, asset
from onebook_edge.stock.book_before import amount_of, stock_before
from onebook_edge.stock.own_journal import OwnJournal
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.labels import Label, LabelKind, parse_label
from onebook_schemas.reference import StockDocument, TaskAction
from onebook_schemas.stock_events import DocumentKind, StockCounted
from onebook_schemas.uplink import Stream

BLANK_LINES_MAX: Final = 2_000
"""Lines of a blank count sheet: a morning's work for several people. A bin or the beginning of bins narrows it."""
CUT: Final = Words(
    f"仅前 {FACTS_MAX} 行，其余请向中心查询", f"The first {FACTS_MAX} lines only: ask the centre for the others"
)
NOT_HERE: Final = "本机已没有这张单据，请向中心查询 / this box has no such paper (any more): ask the centre"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def routes(desk: Desk) -> Sequence[BaseRoute]:
    pages = PapersPages(desk)
    return [
        Route("/papers", pages.show),
        Route("/papers/blank-count", pages.blank_count),
        Route("/papers/{paper:path}/print", pages.print, methods=["POST"]),
        Route("/papers/{paper:path}/print", pages.back_to_preview),
        Route(
            "/papers/{paper:path}", pages.preview
        ),  # The key of a stocktake is its number, with whatever stands in it.
        Route("/paper/{name}", give_asset),
    ]


async def give_asset(request: Request) -> Response:
    name = str(request.path_params["name"])
    if name not in ASSETS:
        raise HTTPException(404)
    return Response(asset(name), media_type=ASSETS[name])


class PapersPages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        """Today's papers, or those that are looked for."""
        asked = request.query_params
        today = day_of(self._desk.clock.now().wall_ms).isoformat()
        search = search_in(asked, today)
        found = await self._desk.archive.find(search)
        return page(
            request,
            self._desk,
            "papers.html",
            rows=found,
            search=search,
            is_today=(search.from_day, search.to_day) == (today, today),
            kinds=list(PaperKind),
            people=self._desk.library.people.people if self._desk.library.people else (),
            counts=self._counts(),
            name_of=self._desk.name_of,
            next_before=_next(found),
            asked={name: asked[name] for name in _ASKED if name in asked},
            is_current=self._desk.archive.is_current,
        )

    async def preview(self, request: Request) -> Response:
        facts = await self._facts(request)
        form = PrintForm(f"/papers/{quote(facts.found.paper)}/print", visit_of(request).token)
        return HTMLResponse(self._press(request).preview(await self._document(facts), form))

    async def print(self, request: Request) -> Response:
        """The document, counted before it is shown: who reloads it prints it once more."""
        await read_form(request)
        facts = await self._facts(request)
        document = await self._document(facts)
        time = await self._desk.archive.count_print(facts.found.paper)
        html = self._press(request).document(document, printed=self._printed(request), time=time)
        return HTMLResponse(html)

    async def back_to_preview(self, request: Request) -> Response:
        """A print that was asked for without its form, by a bookmark or after a language was chosen."""
        return RedirectResponse(f"/papers/{quote(str(request.path_params['paper']))}", 303)

    async def blank_count(self, request: Request) -> Response:
        """For a stocktake of the centre, or for the bins whose code begins so; without the amounts of the book."""
        number, bins = request.query_params.get("document", "")[:40], request.query_params.get("bins", "")[:40]
        places = await self._places(number, _bin_in(bins))
        if len(places) > BLANK_LINES_MAX:
            raise HTTPException(
                400, f"{len(places)} 行，最多 {BLANK_LINES_MAX} 行：请填货位 / too many lines: name bins"
            )
        document = blank_count(number, places, self._known(), on=day_of(self._desk.clock.now().wall_ms))
        return HTMLResponse(self._press(request).document(document, printed=self._printed(request)))

    async def _places(self, number: str, bins: str) -> list[CountKey]:
        """Where to count: what the task says, else what lies there by the book. Lines to write on are there in any case."""
        library = self._desk.library
        tasks = library.tasks.tasks if library.tasks else ()
        lines = [line for task in tasks if task.document.number == number for line in task.lines if line.bin]
        if lines:
            return [(line.bin or "", line.item, line.lot) for line in lines]
        stock = await asyncio.to_thread(library.read, StockDocument)
        held = (
            {(line.bin, line.item, line.lot) for line in stock.lines if line.bin.startswith(bins)} if stock else set()
        )
        return sorted(held, key=lambda place: (place[0], place[1], place[2] or ""))

    async def _facts(self, request: Request) -> PaperFacts:
        facts = await self._desk.archive.facts_of(str(request.path_params["paper"]))
        if facts is None:
            raise HTTPException(404, NOT_HERE)
        return facts

    async def _document(self, facts: PaperFacts) -> PrintedDocument:
        tasks = self._desk.library.tasks.tasks if self._desk.library.tasks else ()
        counterpart = next((one.counterpart for one in tasks if one.document.number == facts.found.number), "")
        book = await self._book(facts.events)
        document = compose(facts.events, facts.related, self._known(), counterpart=counterpart, book=book)
        if document is None:
            raise HTTPException(404, NOT_HERE)
        return document if facts.is_whole else replace(document, marks=(*document.marks, CUT))

    async def _book(self, events: Sequence[JournalEvent]) -> Mapping[CountKey, Decimal] | None:
        """What the book had before these counts; None when this box cannot tell."""
        counts = [event.fact for event in events if isinstance(event.fact, StockCounted)]
        if not counts:
            return None
        desk = self._desk
        document = await asyncio.to_thread(desk.library.read, StockDocument)
        if document is None:
            return None
        journal = OwnJournal(desk.recorder.outbox)
        stock = await stock_before(journal, document, desk.recorder.pipeline.catalogue, events[0].sequence)
        if stock is None:
            return None
        known = ((key_of(count), amount_of(stock, count)) for count in counts)
        return {key: amount for key, amount in known if amount is not None}

    def _known(self) -> Known:
        desk, site = self._desk, self._desk.library.site
        people = desk.library.people.people if desk.library.people else ()
        outbox = desk.recorder.outbox
        return Known(
            catalogue=desk.recorder.pipeline.catalogue,
            site=Words(site.name_zh, site.name_en) if site else Words(desk.edge_id, desk.edge_id),
            names={person.badge: person.name for person in people},
            boot_anchors=outbox.boot_anchors,
            delivered_through=outbox[Stream.JOURNAL].position.delivered_through,
        )

    def _press(self, request: Request) -> Press:
        return Press("en" if texts_for(request).language == "en" else "zh", back="/papers", icon=ICON)

    def _printed(self, request: Request) -> str:
        """When, where and by whom."""
        desk = self._desk
        moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=desk.clock.now().wall_ms)
        doubt = "" if desk.clock.synchronised() else f"（{NOT_SYNCHRONISED.zh}）"
        who = visit_of(request).badge or next(
            (one.state.actor for one in desk.dialogues.values() if one.state.actor), None
        )
        said = (
            f"打印 {moment.astimezone(CHINA):%Y-%m-%d %H:%M}{doubt}",
            desk.name_of(who) if who else "",
            desk.edge_id,
        )
        return " · ".join(part for part in said if part)

    def _counts(self) -> list[str]:
        """Numbers of the stocktakes that the centre asks for."""
        tasks = self._desk.library.tasks.tasks if self._desk.library.tasks else ()
        return [
            task.document.number
            for task in tasks
            if task.action is TaskAction.COUNT or task.document.kind is DocumentKind.STOCKTAKE
        ]


_ASKED: Final = ("number", "kind", "from", "to", "item", "actor", "all")


def search_in(asked: Mapping[str, str], today: str) -> Search:
    """What a form or a link asks for. Nothing at all is asked for: today's papers. A scanned document label is its number."""
    number = asked.get("number", "").strip()[:44]
    match parse_label(number):
        case Label(LabelKind.DOCUMENT, value):
            number = value
    kind, before = asked.get("kind", ""), asked.get("before", "")
    is_asked = any(asked.get(name) for name in _ASKED)
    return Search(
        number=number,
        kind=PaperKind(kind) if kind in list(PaperKind) else None,
        from_day=_day(asked.get("from", "")) if is_asked else today,
        to_day=_day(asked.get("to", "")) if is_asked else today,
        item=asked.get("item", "").strip().upper()[:20],
        actor=asked.get("actor", "")[:44],
        before=int(before) if before.isdecimal() and len(before) < 18 else None,
    )


def _day(text: str) -> str:
    return text if _DAY.fullmatch(text) else ""


def _next(found: Sequence[FoundPaper]) -> int | None:
    return found[-1].sequence if len(found) == FOUND_MAX else None


def _bin_in(text: str) -> str:
    """A bin's code, its beginning, or its scanned label."""
    match parse_label(text.strip()):
        case Label(LabelKind.BIN, value):
            return value
        case _:
            return text.strip()
