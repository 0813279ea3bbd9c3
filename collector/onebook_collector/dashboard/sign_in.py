"""Signing in and out, and changing one's password: forms that need no script."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs
from onebook_collector.api.doorkeeper import drop_cookie, is_from_our_page, set_cookie
from onebook_collector.api.errors import ForbiddenError, TooManyError
from onebook_collector.dashboard.rendering import entrance_page
from onebook_collector.dashboard.texts import Texts, TextsDep
from onebook_collector.errors import RefusedError

router = APIRouter(include_in_schema=False)


async def _form(request: Request) -> Mapping[str, str]:
    """Fields of a form that our own page has sent. Raises ForbiddenError: signing somebody in unasked is an attack too."""
    if not is_from_our_page(request):
        raise ForbiddenError("cross_site_request", "open the page of this server and try again")
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(body, keep_blank_values=True, max_num_fields=10).items()}


FormDep = Annotated[Mapping[str, str], Depends(_form)]
_MANAGE_ONESELF = [Depends(Needs(Verb.MANAGE, Resource.OWN_SESSION))]


@router.get("/sign-in")
async def show_sign_in(texts: TextsDep) -> HTMLResponse:
    return HTMLResponse(entrance_page("sign_in", "", texts))


@router.post("/sign-in")
async def sign_in(request: Request, keeper: DoorkeeperDep, form: FormDep, texts: TextsDep) -> Response:
    try:
        cookie = await keeper.sign_in(form.get("name", "").strip()[:200], form.get("password", "")[:1_000], request)
    except RefusedError as error:
        return HTMLResponse(entrance_page("sign_in", _in_words(error, texts), texts), error.status)
    return _onward(request, cookie, texts)


@router.post("/sign-out")
async def sign_out(request: Request, keeper: DoorkeeperDep, form: FormDep, texts: TextsDep) -> Response:
    await keeper.sign_out(request)
    response = RedirectResponse(f"/sign-in?lang={texts.language}", HTTPStatus.SEE_OTHER)
    drop_cookie(request, response)
    return response


@router.get("/password", dependencies=_MANAGE_ONESELF)
async def show_password(texts: TextsDep) -> HTMLResponse:
    return HTMLResponse(entrance_page("password", "", texts))


@router.post("/password", dependencies=_MANAGE_ONESELF)
async def change_password(request: Request, keeper: DoorkeeperDep, form: FormDep, texts: TextsDep) -> Response:
    try:
        if form.get("new") != form.get("again"):
            raise RefusedError("passwords_differ", "the two new passwords differ", status=400)
        cookie = await keeper.change_password(form.get("old", "")[:1_000], form.get("new", "")[:1_000], request)
    except RefusedError as error:
        return HTMLResponse(entrance_page("password", _in_words(error, texts), texts), error.status)
    return _onward(request, cookie, texts)


def _onward(request: Request, cookie: str, texts: Texts) -> Response:
    """To the overview, by GET, so that going back does not send the form again."""
    response = RedirectResponse(f"/?lang={texts.language}", HTTPStatus.SEE_OTHER)
    set_cookie(request, response, cookie)
    return response


def _in_words(error: RefusedError, texts: Texts) -> str:
    if isinstance(error, TooManyError):
        return texts("entrance_pause", seconds=error.retry_after_s)
    return texts.of_code("entrance", error.reason)
