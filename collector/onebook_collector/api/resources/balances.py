"""Balances: what is where, now or as of any moment, as far as the centre knew at any moment."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.goods import ItemOut, PlaceOut, item_out, place_out
from onebook_collector.api.picture import look_at_edges
from onebook_collector.api.resources.sites import DataAge, data_age
from onebook_collector.api.values import ApiModel, DivisionPrefix, ExactText, Key, Moment
from onebook_collector.ledger import queries
from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.queries import BalanceFilter, BalanceLine

router = APIRouter(prefix="/balances", tags=["balances"], dependencies=[Depends(Needs(Verb.READ, Resource.BALANCES))])

LIMIT_MAX = 10_000


class BalanceOut(ApiModel):
    place: PlaceOut
    item: ItemOut
    lot: str | None = Field(description="null: the item's unknown lot")
    expires_on: date | None = Field(description="civil date")
    quantity: ExactText


class SiteAge(DataAge):
    site_id: str


class Balances(ApiModel):
    """Balances that are not zero, with the question that they answer."""

    as_of: Moment | None = Field(description="what had happened by then; null: everything that is booked")
    known_at: Moment | None = Field(description="as the centre knew it then; null: as it knows it now")
    answered_at: Moment
    data_ages: list[SiteAge] = Field(description="how fresh the picture of each site among the items is, now")
    items: list[BalanceOut]
    complete: bool = Field(description="false: there are more than `limit`; narrow the question")


def _filter(
    site_id: Annotated[Key | None, Query(description="at one site")] = None,
    division: Annotated[
        DivisionPrefix | None, Query(description="at sites whose division code begins with this")
    ] = None,
    item: Annotated[Key | None, Query(description="of one item code")] = None,
    lot: Annotated[Key | None, Query(description="of one lot number; empty: the unknown lot")] = None,
    serial: Annotated[Key | None, Query(description="of one serial number")] = None,
    as_of: Annotated[Moment | None, Query(description="what had happened by then, by event time")] = None,
    known_at: Annotated[Moment | None, Query(description="what the centre had recorded by then")] = None,
    outside: Annotated[bool, Query(description="also suppliers, consumption, goods in transit ...")] = False,
) -> BalanceFilter:
    return BalanceFilter(
        site_id=site_id,
        division=division,
        item=item,
        lot=lot,
        serial=serial,
        as_of_ms=as_of,
        known_at_ms=known_at,
        kinds=None if outside else (AccountKind.REAL,),
    )


BalanceFilterDep = Annotated[BalanceFilter, Depends(_filter)]


@router.get("", summary="What is where")
async def list_balances(
    centre: CentreDep,
    scope: ScopeDep,
    asked: BalanceFilterDep,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="how many at most")] = 1_000,
) -> Balances:
    found = await centre.ledger.read(lambda connection: queries.balances(connection, asked, scope=scope))
    shown = found[:limit]
    sites = sorted({balance.place.site_id for balance in shown if balance.place.site_id})
    edges = await look_at_edges(centre, scope)
    ages = {site: data_age(edge for edge in edges if edge.site_id == site) for site in sites}
    return Balances(
        as_of=asked.as_of_ms,
        known_at=asked.known_at_ms,
        answered_at=centre.clock.now_ms(),
        data_ages=[SiteAge(site_id=site, **age.model_dump()) for site, age in ages.items()],
        items=[_balance(balance) for balance in shown],
        complete=len(found) <= limit,
    )


def _balance(balance: BalanceLine) -> BalanceOut:
    lot = balance.lot
    return BalanceOut(
        place=place_out(balance.place),
        item=item_out(balance.item),
        lot=lot.number,
        expires_on=date.fromisoformat(lot.expires_on) if lot.expires_on else None,
        quantity=balance.amount,
    )
