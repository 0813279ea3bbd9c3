"""Who one is, and one's own password."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.rights import Principal, Resource, Role, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep
from onebook_collector.api.doorkeeper import set_cookie
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel
from onebook_collector.scope import Scope

router = APIRouter(prefix="/session", tags=["access"])


class ScopeOut(ApiModel):
    division: str = Field(description="the beginning of division codes", examples=["3301"])
    site: str | None = Field(description="one warehouse of it only; null: all", examples=["hz-01"])
    department: str | None = Field(description="goods that it owns or keeps; null: all")
    categories: list[str] | None = Field(description="null: all")
    modes: list[str] | None = Field(description="null: all")


class SessionOut(ApiModel):
    """Whoever asks."""

    name: str = Field(examples=["person:liwei"])
    role: Role | None = Field(description="null: a program with a token")
    rights: list[str] = Field(examples=[["read:balances"]])
    scope: ScopeOut


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=200)
    new: str = Field(max_length=200)


@router.get("", summary="Who one is", dependencies=[Depends(Needs(Verb.READ, Resource.OWN_SESSION))])
async def read_session(principal: PrincipalDep) -> SessionOut:
    return session_out(principal)


@router.put(
    "/password",
    summary="Change one's own password",
    status_code=204,
    responses=refusals(400),
    dependencies=[Depends(Needs(Verb.MANAGE, Resource.OWN_SESSION))],
)
async def change_password(keeper: DoorkeeperDep, request: Request, response: Response, change: PasswordChange) -> None:
    """All other sessions of this person end."""
    set_cookie(request, response, await keeper.change_password(change.old, change.new, request))


def session_out(principal: Principal) -> SessionOut:
    return SessionOut(
        name=principal.name,
        role=principal.role,
        rights=sorted(map(str, principal.rights)),
        scope=scope_out(principal.scope),
    )


def scope_out(scope: Scope) -> ScopeOut:
    return ScopeOut(
        division=scope.division,
        site=scope.site,
        department=scope.department,
        categories=sorted(scope.categories) if scope.categories is not None else None,
        modes=sorted(scope.modes) if scope.modes is not None else None,
    )
