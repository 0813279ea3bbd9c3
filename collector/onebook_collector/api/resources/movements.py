"""Movements: the entries of the book, newest first, with filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.goods import MovementOut, movement_out
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, DivisionPrefix, Key, Moment, PageSize, Sequence64
from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import MovementFilter

router = APIRouter(
    prefix="/movements", tags=["movements"], dependencies=[Depends(Needs(Verb.READ, Resource.MOVEMENTS))]
)


class MovementPage(ApiModel):
    items: list[MovementOut] = Field(description="newest first")
    next_before: int | None = Field(description="give this as `before` for the next page; null: there is none")


def _filter(
    site_id: Annotated[Key | None, Query(description="reported by one site")] = None,
    division: Annotated[
        DivisionPrefix | None, Query(description="by sites whose division code begins with this")
    ] = None,
    kind: Annotated[Key | None, Query(description="receipt, issue, stocktake ...")] = None,
    item: Annotated[Key | None, Query(description="of one item code")] = None,
    lot: Annotated[Key | None, Query(description="of one lot number; empty: the unknown lot")] = None,
    serial: Annotated[Key | None, Query(description="of one serial number")] = None,
    document: Annotated[Key | None, Query(description="with this document number")] = None,
    actor: Annotated[Key | None, Query(description="by this person")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="happened at or after this moment")] = None,
    until: Annotated[Moment | None, Query(description="happened before this moment")] = None,
) -> MovementFilter:
    return MovementFilter(
        site_id=site_id,
        division=division,
        kind=kind,
        document_no=document,
        actor=actor,
        from_ms=start,
        until_ms=until,
        item=item,
        lot=lot,
        serial=serial,
    )


MovementFilterDep = Annotated[MovementFilter, Depends(_filter)]


@router.get("", summary="Movements, newest first")
async def list_movements(
    centre: CentreDep,
    scope: ScopeDep,
    asked: MovementFilterDep,
    before: Annotated[Sequence64 | None, Query(description="before this ledger_seq")] = None,
    limit: PageSize = 50,
) -> MovementPage:
    asked = replace(asked, before_seq=before)
    found = await centre.ledger.read(
        lambda connection: queries.movements(connection, asked, limit=limit + 1, scope=scope)
    )
    page = [movement_out(entry) for entry in found[:limit]]
    return MovementPage(items=page, next_before=page[-1].ledger_seq if len(found) > limit else None)


@router.get("/{movement_id}", summary="One movement", responses=refusals(404))
async def read_movement(centre: CentreDep, scope: ScopeDep, movement_id: Key) -> MovementOut:
    found = await centre.ledger.read(lambda connection: queries.movement(connection, movement_id, scope=scope))
    if found is None:
        raise NotFoundError(f"no movement has the id {movement_id!r}")
    return movement_out(found)
