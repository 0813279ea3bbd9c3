"""Enrolment codes: with one of these a box asks for its first certificate. A code is told once, when it is made."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.doorkeeper import address_of
from onebook_collector.api.refusals import refusals
from onebook_collector.api.resources.certificates import the_office
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize, Sequence64
from onebook_collector.certificates import registry
from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries
from onebook_collector.scope import Scope
from onebook_schemas.identifiers import EdgeId

router = APIRouter(
    prefix="/enrolment-codes", tags=["certificates"], dependencies=[Depends(Needs(Verb.READ, Resource.CERTIFICATES))]
)

_MANAGING = [Depends(Needs(Verb.MANAGE, Resource.CERTIFICATES))]
HOURS_MAX = 24 * 30


class CodeOut(ApiModel):
    """A code without its secret."""

    code_id: int
    edge_id: str
    site_id: str
    made_at: Moment
    expires_at: Moment = Field(description="or when it was withdrawn")
    used_at: Moment | None


class CodePage(ApiModel):
    items: list[CodeOut] = Field(description="newest first")
    next_before: int | None = Field(description="give this as `before` for the next page; null: there is none")


class NewCode(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    edge_id: EdgeId = Field(description="registered at this site, if it is not yet")
    site_id: Key
    valid_hours: int = Field(default=48, ge=1, le=HOURS_MAX)


class ToldCode(ApiModel):
    """Shown this once. `onebook edge enroll --code` on the box takes it, and so does its scanner from a QR."""

    edge_id: str
    site_id: str
    text: str = Field(examples=["OBE-centre.example_8443_ABCDEFGHIJKLMNOP_ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"])
    expires_at: Moment


@router.get("", summary="Codes, without their secrets")
async def list_codes(
    centre: CentreDep,
    scope: ScopeDep,
    before: Annotated[Sequence64 | None, Query(description="before this code_id")] = None,
    limit: PageSize = 100,
) -> CodePage:
    found = [one for one in await _seen(centre, scope) if before is None or one.code_id < before]
    return CodePage(items=found[:limit], next_before=found[limit - 1].code_id if len(found) > limit else None)


@router.post(
    "",
    summary="Make a one-time code for an edge",
    status_code=201,
    dependencies=_MANAGING,
    responses=refusals(404),
)
async def make_code(centre: CentreDep, principal: PrincipalDep, request: Request, asked: NewCode) -> ToldCode:
    """An earlier code of this edge that nobody has used ends. 404: no such site, or the edge stands elsewhere."""
    office, scope = the_office(centre), principal.scope
    sites, seen, registered = await centre.ledger.read(
        lambda connection: (
            queries.sites(connection, scope=scope),
            queries.edges(connection, scope=scope),
            queries.edge_is_registered(connection, asked.edge_id),
        )
    )
    if asked.site_id not in {site.site_id for site in sites}:
        raise NotFoundError(f"没有仓库 / no site is called {asked.site_id!r}")
    if registered and asked.edge_id not in seen:
        raise NotFoundError(f"此采集端不可用 / the name {asked.edge_id!r} cannot be used here; choose another")
    await centre.ledger.write(lambda book: book.register_edge(asked.edge_id, asked.site_id))
    invitation = await office.invite(
        asked.edge_id,
        asked.site_id,
        valid_hours=asked.valid_hours,
        actor=principal.name,
        address=address_of(request),
    )
    expires_at = centre.clock.now_ms() + asked.valid_hours * 3_600_000
    return ToldCode(edge_id=asked.edge_id, site_id=asked.site_id, text=invitation.text(), expires_at=expires_at)


@router.delete(
    "/{code_id}",
    summary="Withdraw a code that nobody has used",
    status_code=204,
    dependencies=_MANAGING,
    responses=refusals(404),
)
async def withdraw_code(centre: CentreDep, principal: PrincipalDep, request: Request, code_id: Sequence64) -> None:
    named = next((one for one in await _seen(centre, principal.scope) if one.code_id == code_id), None)
    address = address_of(request)
    if named is None or not await the_office(centre).withdraw(
        code_id, named.edge_id, actor=principal.name, address=address
    ):
        raise NotFoundError(f"没有可撤回的登记码 / no open code {code_id}")


async def _seen(centre: Centre, scope: Scope) -> list[CodeOut]:
    """For sites in scope, the newest first."""
    sites = await centre.ledger.read(lambda connection: {one.site_id for one in queries.sites(connection, scope=scope)})
    return [_out(one) for one in await centre.administration.read(registry.codes) if one.site_id in sites]


def _out(row: Any) -> CodeOut:
    return CodeOut(
        code_id=row.code_id,
        edge_id=row.edge_id,
        site_id=row.site_id,
        made_at=row.made_at_ms,
        expires_at=row.expires_at_ms,
        used_at=row.used_at_ms,
    )
