"""Counts: "so many lay there", beside what the book had; those that differ too much wait for a person."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from onebook_collector.administration.audit import DONE
from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.goods import MovementOut, movement_out
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, PageSize, Sequence64
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.posting import DoubtKind
from onebook_collector.ledger.queries import Discrepancy, MovementFilter
from onebook_collector.ledger.stocktake import STOCKTAKE

router = APIRouter(prefix="/counts", tags=["counts"], dependencies=[Depends(Needs(Verb.READ, Resource.DISCREPANCIES))])

State = Literal["booked", "waiting", "closed"]


class CountedOut(ApiModel):
    state: State = Field(description="booked as it came; waiting for a person; closed: see closed_by")
    closed_by: str | None
    note: str | None
    adjustment_seq: int | None = Field(description="the entry that adjusted the book to it, if one did")
    movement: MovementOut


class CountPage(ApiModel):
    items: list[CountedOut] = Field(description="newest first")
    next_before: int | None = Field(description="give this as `before` for the next page; null: there is none")


@router.get("", summary="Counts, and what became of them")
async def list_counts(
    centre: CentreDep,
    scope: ScopeDep,
    site_id: Annotated[Key | None, Query(description="at one site")] = None,
    item: Annotated[Key | None, Query(description="of one item code")] = None,
    before: Annotated[Sequence64 | None, Query(description="before this ledger_seq")] = None,
    limit: PageSize = 50,
) -> CountPage:
    asked = MovementFilter(site_id=site_id, item=item, kind=STOCKTAKE, before_seq=before)
    found, reviews = await centre.ledger.read(
        lambda connection: (
            page := queries.movements(connection, asked, limit=limit + 1, scope=scope),
            queries.count_reviews(connection, [one.row.ledger_seq for one in page], scope=scope),
        )
    )
    items = [_out(movement_out(one), reviews.get(one.row.ledger_seq)) for one in found[:limit]]
    return CountPage(items=items, next_before=items[-1].movement.ledger_seq if len(found) > limit else None)


@router.post(
    "/{movement_id}/approve",
    summary="Adjust the book to a count that waits",
    dependencies=[Depends(Needs(Verb.DECIDE, Resource.DISCREPANCIES))],
    responses=refusals(404, 409),
)
async def approve_count(
    centre: CentreDep, keeper: DoorkeeperDep, principal: PrincipalDep, request: Request, movement_id: Key
) -> CountedOut:
    """In the name of whoever asks. What was moved since the count stays moved. 409: it does not wait, or was reversed."""
    scope, now_ms, outcome = principal.scope, centre.clock.now_ms(), DONE
    found = await centre.ledger.read(lambda connection: queries.movement(connection, movement_id, scope=scope))
    if found is None or found.count is None:
        raise NotFoundError(f"没有这次盘点 / no count has the id {movement_id!r}")
    seq = found.row.ledger_seq
    try:
        await centre.ledger.write(lambda book: book.approve_count(movement_id, principal.actor, now_ms))
    except RefusedError as error:
        outcome = error.reason
        raise
    finally:
        await keeper.audit(principal.name, "count.approve", movement_id, request, outcome=outcome)
    reviews = await centre.ledger.read(lambda connection: queries.count_reviews(connection, [seq], scope=scope))
    return _out(movement_out(found), reviews.get(seq))


def _out(movement: MovementOut, review: Discrepancy | None) -> CountedOut:
    assert review is None or review.kind == DoubtKind.COUNT_TO_REVIEW
    state: State = "booked" if review is None else "waiting" if review.closed_at_ms is None else "closed"
    return CountedOut(
        state=state,
        closed_by=review.closed_by if review else None,
        note=review.note if review else None,
        adjustment_seq=review.closing_seq if review else None,
        movement=movement,
    )
