"""The feed: every movement in scope once, in the order of the book and without holes, for programs that keep a copy.

A cursor names the feed and a place in it. When the book is restored from a backup the feed begins anew under another name,
and cursors of the old one end with 410 and the place from which the copy can go on.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy import Connection, select

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.errors import GoneError
from onebook_collector.api.goods import MovementOut, movement_out
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, PageSize
from onebook_collector.errors import RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.queries import MovementEntry
from onebook_collector.scope import Scope
from onebook_schemas.identifiers import INT64_MAX

router = APIRouter(prefix="/feed", tags=["feed"], dependencies=[Depends(Needs(Verb.READ, Resource.FEED))])

LOOK_EVERY_S = 0.25
_CURSOR = re.compile(r"([0-9a-f-]{1,64})\.([0-9]{1,19})", re.ASCII)


class FeedCursor(NamedTuple):
    feed_epoch: str
    ledger_seq: int

    def __str__(self) -> str:
        return f"{self.feed_epoch}.{self.ledger_seq}"


class FeedEpoch(NamedTuple):
    """A feed with its name, and its first entry, which says that the book was restored (0: the first feed has none)."""

    name: str
    first_seq: int


class FeedPage(ApiModel):
    items: list[MovementOut] = Field(description="in the order of ledger_seq, without a hole")
    next_after: str = Field(
        description="give this as `after` next time; also when there are no items",
        examples=["6ecf2c9e-3c5a-4a7c-9f0e-2f8a4d1c7b55.4711"],
    )
    more: bool = Field(description="there is more already: ask at once")


@router.get("", summary="Movements behind a cursor", responses=refusals(400, 410))
async def read_feed(
    centre: CentreDep,
    scope: ScopeDep,
    after: Annotated[str | None, Query(max_length=100, description="a cursor; none: from the beginning")] = None,
    limit: PageSize = 100,
    wait_s: Annotated[float, Query(ge=0, le=30, description="wait so long for something new")] = 0,
) -> FeedPage:
    asked = _parse(after) if after is not None else None
    give_up_at = asyncio.get_running_loop().time() + wait_s
    while True:
        cursor, found = await centre.ledger.read(lambda connection: _behind(connection, asked, limit + 1, scope))
        if found or asyncio.get_running_loop().time() >= give_up_at or await _stops(centre):
            break
    page = [movement_out(row) for row in found[:limit]]
    last_seq = page[-1].ledger_seq if page else cursor.ledger_seq
    return FeedPage(items=page, next_after=str(cursor._replace(ledger_seq=last_seq)), more=len(found) > limit)


def newest_cursor(connection: Connection, scope: Scope) -> FeedCursor:
    """Behind everything that is booked in this scope. How far the book is beyond that is not told."""
    return FeedCursor(queries.feed_epoch(connection), queries.newest_seq(connection, scope=scope))


def resume(
    epochs: Sequence[FeedEpoch],
    newest_seq: int,
    asked: FeedCursor,
    newest_through: Callable[[int], int] = lambda seq: seq,
) -> FeedCursor:
    """The cursor itself, if it is of the present feed. Raises GoneError with the place up to which both feeds agree.

    `newest_through(seq)`: the newest entry up to there that whoever asks may see; no other number is told.
    """
    present = epochs[-1]
    if asked.feed_epoch == present.name and asked.ledger_seq <= newest_seq:
        return asked
    names = [epoch.name for epoch in epochs]
    if asked.feed_epoch in names:
        later = epochs[names.index(asked.feed_epoch) + 1 :]
        common = min([asked.ledger_seq, newest_seq, *(epoch.first_seq - 1 for epoch in later)])
    else:
        common = 0
    common = newest_through(common)
    raise GoneError(
        f"the book was restored and the feed began anew; entries up to {common} are the same: forget what you have beyond "
        "them, and go on with restart_after",
        str(FeedCursor(present.name, common)),
    )


def _behind(
    connection: Connection, asked: FeedCursor | None, limit: int, scope: Scope
) -> tuple[FeedCursor, list[MovementEntry]]:
    newest = newest_cursor(connection, scope)
    cursor = newest._replace(ledger_seq=0)
    if asked is not None:

        def newest_through(seq: int) -> int:
            return queries.newest_seq(connection, scope=scope, through=seq)

        cursor = resume(_epochs(connection), newest.ledger_seq, asked, newest_through)
    return cursor, queries.feed(connection, cursor.ledger_seq, limit=limit, scope=scope)


def _epochs(connection: Connection) -> list[FeedEpoch]:
    e = t.feed_epoch.c
    query = select(e.feed_epoch, e.ledger_seq).order_by(e.ledger_seq, e.started_at)
    return [FeedEpoch(*row) for row in connection.execute(query)]


def parse_cursor(text: str) -> FeedCursor | None:
    """None if it is no cursor."""
    match = _CURSOR.fullmatch(text)
    return FeedCursor(match[1], int(match[2])) if match and int(match[2]) <= INT64_MAX else None


def _parse(text: str) -> FeedCursor:
    cursor = parse_cursor(text)
    if cursor is None:
        raise RefusedError("no_cursor", "`after` is a cursor that this feed gave as next_after", status=400)
    return cursor


async def _stops(centre: Centre) -> bool:
    """A short pause; at its end whether the server goes down."""
    try:
        await asyncio.wait_for(centre.stopping.wait(), LOOK_EVERY_S)
    except TimeoutError:
        return False
    return True
