"""The pages as HTML. Everything is escaped unless a template of ours says otherwise, and none does."""

from __future__ import annotations

import asyncio
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from onebook_edge.console.alarm_words import AlarmRow, alarm_row
from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import LANGUAGE_COOKIE, texts_for, visit_of
from onebook_edge.console.texts import Language, Texts, texts_of

ICON = "/static/seal.svg"


def page(request: Request, desk: Desk, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A whole page, or a part of one, in the language of whoever asks."""
    texts = texts_for(request)
    visit = visit_of(request)
    html = (
        _environment()
        .get_template(template)
        .render(
            t=texts,
            language=str(texts.language),
            other_language=str(texts.language.other),
            path=request.url.path,
            token=visit.token,
            person=desk.name_of(visit.badge) if visit.badge else "",
            work_places=list(desk.dialogues),
            site=desk.library.site,
            edge_id=desk.edge_id,
            alarm=loudest(desk, texts),
            **values,
        )
    )
    response = HTMLResponse(html, status)
    if "lang" in request.query_params:
        response.set_cookie(LANGUAGE_COOKIE, str(texts.language), max_age=31_536_000, samesite="strict", httponly=True)
    return response


def prepare_pages() -> None:
    """Read all templates and words, and load what serves files, so that nobody waits for it. Takes seconds on a small box: run it
    in a thread."""
    for name in _environment().list_templates():
        _environment().get_template(name)
    for language in Language:
        texts_of(language)
    asyncio.run(run_in_threadpool(int))  # The framework loads half of itself with its first use.


def loudest(desk: Desk, texts: Texts) -> AlarmRow | None:
    """The newest alarm that nobody has acknowledged."""
    loud = next((one for one in desk.alarms.all if one.acknowledged_by is None), None)
    return alarm_row(loud, desk.zones, desk.clock.now(), texts, desk.name_of) if loud else None


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
