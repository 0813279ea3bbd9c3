"""People who may work in a warehouse. A PIN is hashed when it arrives; nobody is told one."""

from __future__ import annotations

import asyncio
import secrets
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, WithJsonSchema

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.furnished import SiteDep, WritingDep
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel
from onebook_collector.errors import NotFoundError
from onebook_collector.furnishing import desk
from onebook_schemas.identifiers import ShortText
from onebook_schemas.pins import SALT_BYTES, hash_pin, is_pin
from onebook_schemas.reference import BadgeCode, Day, PersonOnSite, Switch

router = APIRouter(
    prefix="/sites/{site_id}/people",
    tags=["furnishings"],
    dependencies=[Depends(Needs(Verb.READ, Resource.SITE_PEOPLE))],
    responses=refusals(404),
)
_MANAGING = [Depends(Needs(Verb.MANAGE, Resource.SITE_PEOPLE))]


_PIN_SCHEMA = {"type": "string", "format": "password", "writeOnly": True, "pattern": r"^[0-9]{6,12}$"}


def _a_pin(secret: SecretStr) -> SecretStr:
    if not is_pin(secret.get_secret_value()):
        raise ValueError("a PIN has six to twelve digits")
    return secret


class SitePersonOut(ApiModel):
    badge: str = Field(description="what stands on the badge behind OBP-", examples=["k1001"])
    name: str
    role: Literal["keeper", "warehouse_head", "inspector"]
    has_pin: bool
    may_authorise: bool = Field(description="may be the second person, and give a reason above the limits")
    until: date | None = Field(description="last day on which the person may work here")


class SitePeople(ApiModel):
    items: list[SitePersonOut]


class SitePerson(BaseModel):
    """Leave `pin` out, and it stays what it was; null takes it away: then only the badge lets this person in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ShortText = Field(min_length=1)
    role: Literal["keeper", "warehouse_head", "inspector"]
    may_authorise: Switch = False
    until: Day | None = None
    pin: Annotated[SecretStr, AfterValidator(_a_pin), WithJsonSchema(_PIN_SCHEMA)] | None = None


@router.get("", summary="Who may work there")
async def list_site_people(centre: CentreDep, site: SiteDep) -> SitePeople:
    people = await centre.administration.read(lambda db: desk.people_of(db, site.site_id))
    return SitePeople(items=[_out(one) for one in people])


@router.put("/{badge}", summary="Let somebody work there", dependencies=_MANAGING, responses=refusals(400, 409))
async def put_site_person(centre: CentreDep, writing: WritingDep, badge: BadgeCode, given: SitePerson) -> SitePersonOut:
    pin = None
    if given.pin is not None:
        pin = await asyncio.to_thread(hash_pin, given.pin.get_secret_value(), secrets.token_bytes(SALT_BYTES))
    plain = given.model_dump(exclude={"pin"})
    person, site_id, act = PersonOnSite(badge=badge, pin=pin, **plain), writing.site.site_id, writing.act
    keeps_pin = "pin" not in given.model_fields_set
    await writing("site_people.put", lambda db: desk.put_person(db, site_id, person, act, keep_pin=keeps_pin))
    return await _read(centre, site_id, badge)


@router.delete("/{badge}", summary="Let somebody work there no more", dependencies=_MANAGING, status_code=204)
async def remove_site_person(writing: WritingDep, badge: BadgeCode) -> None:
    site_id, act = writing.site.site_id, writing.act
    await writing("site_people.remove", lambda db: desk.remove_person(db, site_id, badge, act))


async def _read(centre: Centre, site_id: str, badge: str) -> SitePersonOut:
    for one in await centre.administration.read(lambda db: desk.people_of(db, site_id)):
        if one.badge == badge:
            return _out(one)
    raise NotFoundError(f"nobody at {site_id} has the badge {badge!r}")


def _out(one: PersonOnSite) -> SitePersonOut:
    return SitePersonOut(**one.model_dump(exclude={"pin"}), has_pin=one.pin is not None)
