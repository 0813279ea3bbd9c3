"""Certificates that the centre gave out, and their revocation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.doorkeeper import address_of
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize
from onebook_collector.certificates import registry
from onebook_collector.certificates.authority import Profile
from onebook_collector.certificates.eviction import shut_out
from onebook_collector.certificates.office import CertificateOffice
from onebook_collector.certificates.registry import IssuedCertificate
from onebook_collector.errors import NotFoundError, RefusedError, RetryableError
from onebook_collector.ledger import queries
from onebook_collector.scope import Scope

router = APIRouter(
    prefix="/certificates", tags=["certificates"], dependencies=[Depends(Needs(Verb.READ, Resource.CERTIFICATES))]
)


class CertificateOut(ApiModel):
    serial: str = Field(description="hexadecimal")
    subject: str = Field(description="the edge_id of an edge")
    profile: Profile
    state: str = Field(description="active, superseded or revoked", examples=["active"])
    not_before: Moment
    not_after: Moment
    issued_at: Moment
    revoked_at: Moment | None
    revoked_because: str | None


class CertificatePage(ApiModel):
    items: list[CertificateOut] = Field(description="by subject, the oldest first")
    next_after: str | None = Field(description="give this as `after` for the next page; null: there is none")


class Revocation(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    reason: str = Field(min_length=1, max_length=200, description="why, for the audit log")


class Revoked(ApiModel):
    """It counts from now on for the collector; for the broker, when it has read the list again."""

    certificate: CertificateOut
    is_shut_out: bool = Field(description="the broker has read the list, and a live session has ended")
    what_to_do: str | None = Field(description="null: nothing is left to do")


@router.get("", summary="Certificates and their state")
async def list_certificates(
    centre: CentreDep,
    scope: ScopeDep,
    subject: Annotated[Key | None, Query(description="of this name")] = None,
    after: Annotated[Key, Query(description="behind the certificate with this serial")] = "",
    limit: PageSize = 100,
) -> CertificatePage:
    found = [one for one in await _seen(centre, scope) if subject in (None, one.subject)]
    first = next((place for place, one in enumerate(found, 1) if one.serial == after), 0)
    page = found[first : first + limit]
    more = len(found) > first + limit
    return CertificatePage(items=[_out(one) for one in page], next_after=page[-1].serial if more else None)


@router.post(
    "/{certificate}/revoke",
    summary="Revoke a certificate",
    dependencies=[Depends(Needs(Verb.MANAGE, Resource.CERTIFICATES))],
    responses=refusals(404, 409),
)
async def revoke_certificate(
    centre: CentreDep, principal: PrincipalDep, request: Request, certificate: Key, asked: Revocation
) -> Revoked:
    """Codes of its name that nobody has used end too. 409: it has ended already."""
    if certificate not in {one.serial for one in await _seen(centre, principal.scope)}:
        raise NotFoundError(f"没有这张证书 / no certificate has the serial {certificate!r}")
    office = the_office(centre)
    revoked = await office.revoke(
        serial=certificate, reason=asked.reason, actor=principal.name, address=address_of(request)
    )
    if not revoked:
        raise RefusedError("nothing_to_revoke", "证书已失效 / this certificate has ended or is revoked already")
    what_to_do = await _shut_out(office, revoked)
    return Revoked(
        certificate=_out(await _read(centre, certificate)), is_shut_out=not what_to_do, what_to_do=what_to_do
    )


def the_office(centre: Centre) -> CertificateOffice:
    """Raises RefusedError where another authority gives out the certificates."""
    if centre.certificates is None:
        detail = "本中心不签发证书 / this centre gives out no certificates; see docs/operating/enrol_an_edge.md"
        raise RefusedError("no_authority", detail, status=503)
    return centre.certificates


async def _shut_out(office: CertificateOffice, revoked: list[IssuedCertificate]) -> str | None:
    """What a person has to do, if the broker could not be told. The revocation holds in any case."""
    try:
        await shut_out(office, [one.subject for one in revoked if one.profile is Profile.EDGE])
    except RefusedError as error:
        return error.detail
    except RetryableError as error:
        return str(error)
    return None


async def _seen(centre: Centre, scope: Scope) -> list[IssuedCertificate]:
    """Of edges in sight; those of servers and collectors are of the province."""
    edges = await centre.ledger.read(lambda connection: queries.edges_in_sight(connection, scope))
    found = await centre.administration.read(registry.certificates)
    return [one for one in found if (one.subject in edges if one.profile is Profile.EDGE else scope.is_province)]


async def _read(centre: Centre, serial: str) -> IssuedCertificate:
    found = await centre.administration.read(lambda connection: registry.certificate_of_serial(connection, serial))
    assert found is not None
    return found


def _out(one: IssuedCertificate) -> CertificateOut:
    return CertificateOut(
        serial=one.serial,
        subject=one.subject,
        profile=one.profile,
        state=one.state,
        not_before=one.not_before_ms,
        not_after=one.not_after_ms,
        issued_at=one.issued_at_ms,
        revoked_at=one.revoked_at_ms,
        revoked_because=one.revoked_because,
    )
