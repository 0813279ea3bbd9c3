"""Early warnings: what is open now, and what was."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.paging import page_of
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize
from onebook_collector.early_warning.rule import EarlyWarning, Kind
from onebook_collector.early_warning.texts import TEXTS
from onebook_collector.ledger import queries
from onebook_collector.scope import Scope

router = APIRouter(prefix="/warnings", tags=["warnings"], dependencies=[Depends(Needs(Verb.READ, Resource.WARNINGS))])

_FAR_FUTURE_MS = 253_402_300_800_000  # The year 10000.


class BilingualText(ApiModel):
    zh: str
    en: str


class WarningOut(ApiModel):
    """One warning. What it does not concern is empty: a silent edge names no device."""

    id: str
    kind: Kind
    severity: Literal["warning", "high"]
    edge_id: str
    site: str
    device: str
    quantity: str
    text: BilingualText
    opened_at: Moment
    last_seen_at: Moment
    cleared_at: Moment | None = Field(description="null: it is open")
    clearing_reason: BilingualText | None


class OpenWarnings(ApiModel):
    items: list[WarningOut] = Field(description="the worst first, then the oldest")


class WarningHistory(ApiModel):
    items: list[WarningOut] = Field(description="newest first")
    next_before: Moment | None = Field(description="give this as `before` for the next page; null: there is none")


@router.get("", summary="Open warnings")
async def list_open_warnings(centre: CentreDep, scope: ScopeDep) -> OpenWarnings:
    return OpenWarnings(items=[warning_out(one) for one in await open_warnings(centre, scope)])


@router.get("/history", summary="Warnings that were opened before a moment")
async def list_warning_history(
    centre: CentreDep,
    scope: ScopeDep,
    edge_id: Annotated[Key | None, Query(description="of one edge")] = None,
    before: Annotated[Moment | None, Query(description="opened before this moment")] = None,
    limit: PageSize = 100,
) -> WarningHistory:
    before_ms = _FAR_FUTURE_MS if before is None else before
    seen = await centre.ledger.read(lambda connection: queries.edges_in_sight(connection, scope))
    found, next_before = await page_of(
        lambda count: centre.watcher.history(edge_id=edge_id, before_ms=before_ms, limit=count, edges=seen.names),
        lambda warning: warning.opened_ms,
        limit,
    )
    return WarningHistory(items=[warning_out(one) for one in found], next_before=next_before)


async def open_warnings(centre: Centre, scope: Scope) -> list[EarlyWarning]:
    """The worst first, then the oldest."""
    seen = await centre.ledger.read(lambda connection: queries.edges_in_sight(connection, scope))
    return [one for one in await centre.watcher.open_warnings() if one.subject.edge_id in seen]


def warning_out(warning: EarlyWarning) -> WarningOut:
    reason = TEXTS[warning.clearing_reason] if warning.clearing_reason else None
    return WarningOut(
        id=warning.id,
        kind=warning.kind,
        severity="high" if warning.severity > 1 else "warning",
        **warning.subject._asdict(),
        text=BilingualText(zh=warning.text_zh, en=warning.text_en),
        opened_at=warning.opened_ms,
        last_seen_at=warning.last_seen_ms,
        cleared_at=warning.cleared_ms,
        clearing_reason=BilingualText(zh=reason.zh, en=reason.en) if reason else None,
    )
