"""Discrepancies: movements that were booked, and that a person should look at all the same."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.audit import DONE
from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.goods import ItemOut, PlaceOut, item_out, place_out
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, ExactText, Key, Moment, PageSize, Sequence64
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.posting import DoubtKind
from onebook_collector.ledger.queries import Discrepancy
from onebook_collector.scope import Scope

router = APIRouter(
    prefix="/discrepancies", tags=["discrepancies"], dependencies=[Depends(Needs(Verb.READ, Resource.DISCREPANCIES))]
)


class DiscrepancyOut(ApiModel):
    id: int
    ledger_seq: int = Field(description="the entry that opened it")
    movement_id: str
    kind: str = Field(examples=["book_too_small"])
    site_id: str | None
    place: PlaceOut
    item: ItemOut
    lot: str | None = Field(description="null: the unknown lot, or all lots of the bin together")
    quantity: ExactText = Field(description="how much it is about")
    detail: str
    opened_at: Moment
    closed_at: Moment | None
    closed_by: str | None
    note: str | None
    closing_seq: int | None = Field(description="the entry that mended it, if one did")


class DiscrepancyPage(ApiModel):
    items: list[DiscrepancyOut] = Field(description="newest first")
    complete: bool = Field(description="false: there are more than `limit`")
    next_before: int | None = Field(description="give this as `before` for the next page; null: there is none")


class Closing(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    note: str = Field(min_length=1, max_length=1_000, description="what was found, kept for ever")


@router.get("", summary="What a person should look at")
async def list_discrepancies(
    centre: CentreDep,
    scope: ScopeDep,
    site_id: Annotated[Key | None, Query(description="at one site")] = None,
    kind: Annotated[DoubtKind | None, Query(description="of this kind")] = None,
    item: Annotated[Key | None, Query(description="of one item code")] = None,
    closed: Annotated[bool, Query(description="also those that are closed")] = False,
    before: Annotated[Sequence64 | None, Query(description="before this id")] = None,
    limit: PageSize = 100,
) -> DiscrepancyPage:
    asked = {"kind": kind, "item": item, "site_id": site_id, "before": before, "still_open": not closed}
    found = await centre.ledger.read(
        lambda connection: queries.discrepancies(connection, **asked, limit=limit + 1, scope=scope)  # type: ignore[arg-type]
    )
    items, complete = [_out(one) for one in found[:limit]], len(found) <= limit
    return DiscrepancyPage(items=items, complete=complete, next_before=None if complete else items[-1].id)


@router.post(
    "/{id}/close",
    summary="Say that it was looked into",
    dependencies=[Depends(Needs(Verb.DECIDE, Resource.DISCREPANCIES))],
    responses=refusals(404),
)
async def close_discrepancy(
    centre: CentreDep,
    keeper: DoorkeeperDep,
    principal: PrincipalDep,
    request: Request,
    id: Sequence64,
    closing: Closing,
) -> DiscrepancyOut:
    """In the name of whoever asks; the book stays as it is. A count is approved at /counts. 404: it is not open."""
    now_ms, outcome = centre.clock.now_ms(), DONE
    await _read(centre, principal.scope, id, still_open=True)
    try:
        await centre.ledger.write(lambda book: book.close_discrepancy(id, principal.actor, closing.note, now_ms))
    except RefusedError as error:
        outcome = error.reason
        raise
    finally:
        await keeper.audit(principal.name, "discrepancy.close", str(id), request, outcome=outcome)
    return _out(await _read(centre, principal.scope, id, still_open=False))


async def _read(centre: Centre, scope: Scope, id: int, *, still_open: bool) -> Discrepancy:
    found = await centre.ledger.read(
        lambda connection: queries.discrepancies(connection, named=id, still_open=still_open, limit=1, scope=scope)
    )
    if not found:
        raise NotFoundError(f"没有未结的差异 / no open discrepancy {id}")
    return found[0]


def _out(one: Discrepancy) -> DiscrepancyOut:
    return DiscrepancyOut(
        id=one.discrepancy_id,
        ledger_seq=one.ledger_seq,
        movement_id=one.movement_id,
        kind=one.kind,
        site_id=one.site_id,
        place=place_out(one.place),
        item=item_out(one.item),
        lot=one.lot.number if one.lot else None,
        quantity=one.item.amount(one.quantity),
        detail=one.detail,
        opened_at=one.opened_at_ms,
        closed_at=one.closed_at_ms,
        closed_by=one.closed_by,
        note=one.note,
        closing_seq=one.closing_seq,
    )
