"""Pages by moment. A page never ends in the middle of a millisecond: a province may go dark within one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


async def page_of(
    newest: Callable[[int], Awaitable[Sequence[T]]], moment: Callable[[T], int], limit: int
) -> tuple[Sequence[T], int | None]:
    """`newest(n)` gives the n newest before some moment. Gives a page, and the moment before which the next one begins.

    It is some rows shorter than `limit` where its last moment would not fit, and longer where a single moment is.
    """
    while True:
        found = await newest(limit + 1)
        if len(found) <= limit:
            return found, None
        last_ms = moment(found[-1])
        page = [one for one in found if moment(one) > last_ms]
        if page:
            return page, last_ms + 1
        limit *= 2
