"""Forks: another content came for a sequence that is committed. The log is held until a person has looked."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.values import ApiModel, Moment
from onebook_collector.ledger import queries
from onebook_schemas.uplink import Stream

router = APIRouter(prefix="/forks", tags=["forks"], dependencies=[Depends(Needs(Verb.READ, Resource.FORKS))])


class ForkOut(ApiModel):
    edge_id: str
    epoch: str
    stream: Stream
    reason: str
    received_at: Moment
    upload_bytes: int = Field(description="size of the upload that is kept as evidence")
    released_at: Moment | None = Field(description="null: the log is held")


class ForkList(ApiModel):
    items: list[ForkOut] = Field(description="newest first")


@router.get("", summary="Logs that say two things")
async def list_forks(centre: CentreDep, scope: ScopeDep) -> ForkList:
    found = await centre.ledger.read(lambda connection: queries.forks(connection, scope=scope))
    return ForkList(
        items=[
            ForkOut(
                edge_id=one.edge_id,
                epoch=one.epoch,
                stream=one.stream,
                reason=one.reason,
                received_at=one.received_at_ms,
                upload_bytes=one.size,
                released_at=one.released_at_ms,
            )
            for one in found
        ]
    )
