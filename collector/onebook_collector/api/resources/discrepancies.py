"""Discrepancies: movements that were booked, and that a person should look at all the same."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.goods import ItemOut, PlaceOut, item_out, place_out
from onebook_collector.api.values import ApiModel, ExactText, Key, Moment, PageSize
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import Discrepancy

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


class DiscrepancyList(ApiModel):
    items: list[DiscrepancyOut] = Field(description="newest first")
    complete: bool = Field(description="false: there are more than `limit`")


@router.get("", summary="What a person should look at")
async def list_discrepancies(
    centre: CentreDep,
    scope: ScopeDep,
    site_id: Annotated[Key | None, Query(description="at one site")] = None,
    closed: Annotated[bool, Query(description="also those that are closed")] = False,
    limit: PageSize = 100,
) -> DiscrepancyList:
    found = await centre.ledger.read(
        lambda connection: queries.discrepancies(
            connection, still_open=not closed, site_id=site_id, limit=limit + 1, scope=scope
        )
    )
    return DiscrepancyList(items=[_out(one) for one in found[:limit]], complete=len(found) <= limit)


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
