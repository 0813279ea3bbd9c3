"""What a person sent from one of our pages. Anything else is refused before it is read as anything."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import visit_of

FORM_BYTES_MAX = 16 * 1024
SCREEN: Final = "screen"
"""The device that facts name when a person entered something by hand."""


async def read_body(request: Request, bytes_max: int) -> bytes:
    """Raises HTTPException 413 as soon as it is too long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > bytes_max:
            raise HTTPException(413, f"at most {bytes_max} bytes")
    return bytes(body)


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form. Raises HTTPException 403 unless it brings back the token of this visit."""
    body = await read_body(request, FORM_BYTES_MAX)
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    form = {name: values[-1] for name, values in fields.items()}
    check_token(request, form.get("token", ""))
    return form


def check_token(request: Request, token: str) -> None:
    """Raises HTTPException 403 unless it is the token of this visit."""
    if not hmac.compare_digest(token.encode(), visit_of(request).token.encode()):
        raise HTTPException(403, "The page is too old: load it again.")


def place_of(request: Request, desk: Desk) -> str:
    """The work place that the address names. Raises HTTPException 404."""
    place = str(request.path_params["place"])
    if place not in desk.dialogues:
        raise HTTPException(404, f"没有作业台 {place} / no such work place")
    return place


def wants_data(request: Request) -> bool:
    """Whether our script asks, which shows the answer itself; else a form was sent without it."""
    return "application/json" in request.headers.get("accept", "")
