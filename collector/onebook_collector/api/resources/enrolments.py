"""Enrolment and renewal of edges. Open to whoever holds a code, or the key of a certificate: no sign-in stands before them."""

from __future__ import annotations

from fastapi import APIRouter, Request

from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.errors import TooManyError
from onebook_collector.api.refusals import refusals
from onebook_collector.api.resources.certificates import the_office
from onebook_collector.certificates.office import TRIES_WINDOW_MS, CertificateOffice
from onebook_schemas.enrolment import Enrolled, EnrolmentRequest, RenewalRequest

router = APIRouter(prefix="/enrolments", tags=["enrolments"], responses=refusals(403))


@router.post("", status_code=201, summary="The first certificate of a box that holds a code")
async def enrol(centre: CentreDep, request: Request, asked: EnrolmentRequest) -> Enrolled:
    office, address = _office_for(centre, request)
    return await office.enrol(asked, address)


@router.post("/renewals", status_code=201, summary="The next certificate of an edge")
async def renew(centre: CentreDep, request: Request, asked: RenewalRequest) -> Enrolled:
    """May be asked over an expired certificate too: a box that was cut off for months comes back by itself."""
    office, address = _office_for(centre, request)
    return await office.renew(asked, address)


def _office_for(centre: Centre, request: Request) -> tuple[CertificateOffice, str]:
    """The office, if this address may try now. Raises RefusedError."""
    address = request.client.host if request.client else ""
    office = the_office(centre)
    if not office.tries.admit(address, centre.clock.now_ms()):
        raise TooManyError("稍后再试 / too many tries from this address; wait a minute", TRIES_WINDOW_MS // 1_000)
    return office, address
