"""The audit log: who did what, and who was refused what."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.audit import audit_entries
from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize, Sequence64

router = APIRouter(prefix="/audit", tags=["access"], dependencies=[Depends(Needs(Verb.READ, Resource.AUDIT))])


class AuditOut(ApiModel):
    entry_id: int
    at: Moment
    actor: str = Field(examples=["person:liwei"])
    action: str = Field(examples=["quarantine.release"])
    subject: str
    outcome: str = Field(description="done, or why it was refused")
    address: str
    detail: dict[str, Any]


class AuditPage(ApiModel):
    items: list[AuditOut] = Field(description="newest first")
    next_before: int | None = Field(description="give this as `before` for the next page; null: there is none")


@router.get("", summary="Who did what")
async def list_audit(
    centre: CentreDep,
    actor: Annotated[Key | None, Query(description="by this person or token")] = None,
    action: Annotated[Key | None, Query(description="such as sign_in")] = None,
    before: Annotated[Sequence64 | None, Query(description="before this entry_id")] = None,
    limit: PageSize = 100,
) -> AuditPage:
    found = await centre.administration.read(
        lambda connection: audit_entries(connection, actor=actor, action=action, before=before, limit=limit + 1)
    )
    items = [
        AuditOut(
            entry_id=row.entry_id,
            at=row.at_ms,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            outcome=row.outcome,
            address=row.address,
            detail=json.loads(row.detail),
        )
        for row in found[:limit]
    ]
    return AuditPage(items=items, next_before=items[-1].entry_id if len(found) > limit else None)
