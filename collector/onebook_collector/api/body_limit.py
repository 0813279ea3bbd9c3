"""No request is larger than any that we have a use for, and none is compressed: what is small on the way is small here.

(The framework's own limit answers in plain text.)
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from onebook_collector.api.errors import problem_response

ARRIVES_WITHIN_S = 30.0
"""All of a body. One that takes longer is sent by somebody who wants to keep a connection busy."""
BODY_BYTES_MAX = 1024 * 1024
"""The largest request releases an event from quarantine with a replacement: 500 lines, or 5,000 serial numbers."""
_DETAIL = f"a request has at most {BODY_BYTES_MAX} bytes"


class BodyLimit:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isdecimal() or int(declared) > BODY_BYTES_MAX:
            await problem_response(413, "request_entity_too_large", _DETAIL)(scope, receive, send)
            return
        if Headers(scope=scope).get("content-encoding", "identity") != "identity":
            await problem_response(415, "unsupported_media_type", "send it as it is, not compressed")(
                scope, receive, send
            )
            return
        received, is_complete, deadline_s = 0, False, 0.0

        async def receive_within_limit() -> Message:
            nonlocal received, is_complete, deadline_s
            if is_complete:  # Who asks again waits for the client to go away.
                return await receive()
            deadline_s = deadline_s or asyncio.get_running_loop().time() + ARRIVES_WITHIN_S
            try:
                async with asyncio.timeout_at(deadline_s):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, "the request took too long to arrive") from error
            is_complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > BODY_BYTES_MAX:
                raise HTTPException(413, _DETAIL)
            return message

        await self._app(scope, receive_within_limit, send)
