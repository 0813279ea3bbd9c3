"""The life of one serial or one lot: every movement that touched it, in the order of the book."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.goods import MovementOut, PlaceOut, movement_out, place_out
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment
from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries

router = APIRouter(tags=["histories"], dependencies=[Depends(Needs(Verb.READ, Resource.HISTORIES))])


class SerialHistory(ApiModel):
    item: str
    serial: str
    place: PlaceOut = Field(description="where the book has it now")
    lot: str | None = Field(description="null: the item's unknown lot")
    since: Moment | None = Field(description="null: it is elsewhere")
    movements: list[MovementOut]


class LotHistory(ApiModel):
    item: str
    lot: str
    movements: list[MovementOut]


@router.get("/serials/{item}/{serial}", summary="The life of one serial number", responses=refusals(404))
async def read_serial_history(centre: CentreDep, scope: ScopeDep, item: Key, serial: Key) -> SerialHistory:
    found, history = await centre.ledger.read(
        lambda connection: (
            queries.whereabouts(connection, serial, item=item, scope=scope),
            queries.history(connection, item, serial=serial, scope=scope),
        )
    )
    if not found or not (history or (found[0].ledger_seq is not None and scope.is_province)):
        raise NotFoundError(f"the book knows no serial {serial!r} of item {item!r}")
    return SerialHistory(
        item=item,
        serial=serial,
        place=place_out(found[0].place),
        lot=found[0].lot.number,
        since=found[0].since_ms,
        movements=[movement_out(entry) for entry in history],
    )


@router.get("/lots/{item}/{lot}", summary="The life of one lot", responses=refusals(404))
async def read_lot_history(centre: CentreDep, scope: ScopeDep, item: Key, lot: Key) -> LotHistory:
    history = await centre.ledger.read(lambda connection: queries.history(connection, item, lot=lot, scope=scope))
    if not history:
        raise NotFoundError(f"the book knows no lot {lot!r} of item {item!r}")
    return LotHistory(item=item, lot=lot, movements=[movement_out(entry) for entry in history])
