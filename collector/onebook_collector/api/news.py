"""Waiting for something to happen at the centre, without outliving the server or the one who waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from onebook_collector.api.centre import Centre
from onebook_collector.live_board import Announcement


async def announcements(centre: Centre, quiet_s: float) -> AsyncIterator[Announcement | None]:
    """What the live board announces from now on; None whenever nothing was for a while. Ends when the server stops.

    One announcement is taken at a time: whoever is slow leaves the others to the board, which knows what to do with a backlog.
    """
    source = centre.live.listen()
    stopping = asyncio.ensure_future(centre.stopping.wait())
    upcoming = asyncio.ensure_future(anext(source))
    try:
        while not stopping.done():
            await asyncio.wait({upcoming, stopping}, timeout=quiet_s, return_when=asyncio.FIRST_COMPLETED)
            if upcoming.done():
                found = upcoming.result()
                upcoming = asyncio.ensure_future(anext(source))
                yield found
            elif not stopping.done():
                yield None
    finally:
        stopping.cancel()
        upcoming.cancel()
        await asyncio.wait({upcoming})
        await source.aclose()  # type: ignore[attr-defined]
