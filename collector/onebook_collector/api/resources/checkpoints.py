"""Checkpoints: what the centre signed of the whole book, and which edges hold it as witnesses."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from sqlalchemy import Connection

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.picture import look_at_edges
from onebook_collector.api.values import ApiModel, Moment, PageSize
from onebook_collector.early_warning.rule import Kind
from onebook_collector.ledger import queries

router = APIRouter(
    prefix="/checkpoints", tags=["checkpoints"], dependencies=[Depends(Needs(Verb.READ, Resource.CHECKPOINTS))]
)


_DOCUMENT = "checkpoint"
"""As edges name it among the documents that they hold."""


class CheckpointOut(ApiModel):
    """The statement is the text that was signed (Ed25519), byte for byte."""

    made_at: Moment
    version: int = Field(description="made_at in Unix milliseconds, as edges name it")
    ledger_seq: int
    key_id: str
    statement: str
    signature: str = Field(description="hexadecimal")


class CheckpointPage(ApiModel):
    items: list[CheckpointOut] = Field(description="newest first")
    next_before: Moment | None = Field(description="give this as `before` for the next page; null: there is none")


class WitnessOut(ApiModel):
    edge_id: str
    site_id: str | None
    holds: int | None = Field(description="version of the checkpoint that it holds, as it said last; null: none")
    is_newest: bool
    contradicts: bool = Field(description="it was given one that cannot be true beside what it holds: an early warning")


class WitnessList(ApiModel):
    newest: int | None = Field(description="version of the newest checkpoint; null: none was made")
    items: list[WitnessOut]


@router.get("", summary="What was signed")
async def list_checkpoints(
    centre: CentreDep,
    before: Annotated[Moment | None, Query(description="made before this moment")] = None,
    limit: PageSize = 20,
) -> CheckpointPage:
    found = await centre.ledger.read(lambda connection: _newest(connection, before, limit + 1))
    items = [
        CheckpointOut(
            made_at=row.made_at,
            version=row.made_at,
            ledger_seq=row.ledger_seq,
            key_id=row.key_id,
            statement=row.statement,
            signature=row.signature.hex(),
        )
        for row in found[:limit]
    ]
    return CheckpointPage(items=items, next_before=items[-1].made_at if len(found) > limit else None)


@router.get("/witnesses", summary="Which edges hold it")
async def list_witnesses(centre: CentreDep, scope: ScopeDep) -> WitnessList:
    newest = next(iter(await centre.ledger.read(lambda connection: _newest(connection, None, 1))), None)
    version = newest.made_at if newest is not None else None
    contradicting = {
        one.subject.edge_id for one in await centre.watcher.open_warnings() if one.kind is Kind.CHECKPOINT_CONTRADICTED
    }
    items = []
    for edge in await look_at_edges(centre, scope):
        holds = edge.presence.documents_held.get(_DOCUMENT)
        items.append(
            WitnessOut(
                edge_id=edge.edge_id,
                site_id=edge.site_id,
                holds=holds,
                is_newest=holds is not None and holds == version,
                contradicts=edge.edge_id in contradicting,
            )
        )
    return WitnessList(newest=version, items=items)


def _newest(connection: Connection, before_ms: int | None, limit: int) -> Any:
    return queries.checkpoints(connection, before_ms=before_ms, limit=limit)
