"""People who may sign in. They are added, locked and unlocked by `onebook collector people`."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import Field

from onebook_collector.administration.people import people
from onebook_collector.administration.rights import Resource, Role, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.resources.sessions import ScopeOut, scope_out
from onebook_collector.api.values import ApiModel, Moment

router = APIRouter(prefix="/people", tags=["access"], dependencies=[Depends(Needs(Verb.READ, Resource.PEOPLE))])


class PersonOut(ApiModel):
    name: str
    role: Role
    scope: ScopeOut
    added_at: Moment
    locked_at: Moment | None = Field(description="null: may sign in")


class PersonList(ApiModel):
    items: list[PersonOut]


@router.get("", summary="Who may sign in")
async def list_people(centre: CentreDep, scope: ScopeDep) -> PersonList:
    return PersonList(
        items=[
            PersonOut(
                name=one.name,
                role=one.role,
                scope=scope_out(one.scope),
                added_at=one.added_ms,
                locked_at=one.locked_ms,
            )
            for one in await centre.administration.read(people)
            if scope.covers(one.scope)
        ]
    )
