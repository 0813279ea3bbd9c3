"""Tokens of programs, without their secrets. They are issued and revoked by `onebook collector tokens`."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.administration.tokens import tokens
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.resources.sessions import ScopeOut, scope_out
from onebook_collector.api.values import ApiModel, Moment

router = APIRouter(prefix="/tokens", tags=["access"], dependencies=[Depends(Needs(Verb.READ, Resource.TOKENS))])


class TokenOut(ApiModel):
    name: str
    rights: list[str]
    scope: ScopeOut
    issued_at: Moment
    expires_at: Moment
    revoked_at: Moment | None
    used_at: Moment | None = Field(description="to the minute; null: never")


class TokenList(ApiModel):
    items: list[TokenOut]


@router.get("", summary="Tokens, without their secrets")
async def list_tokens(centre: CentreDep, scope: ScopeDep) -> TokenList:
    return TokenList(
        items=[
            TokenOut(
                name=one.name,
                rights=sorted(map(str, one.rights)),
                scope=scope_out(one.scope),
                issued_at=one.issued_ms,
                expires_at=one.expires_ms,
                revoked_at=one.revoked_ms,
                used_at=one.used_ms,
            )
            for one in await centre.administration.read(tokens)
            if scope.covers(one.scope)
        ]
    )
