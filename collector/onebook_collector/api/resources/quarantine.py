"""Quarantine: events that could not be booked, with their bytes and the reason, until a person decides."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.audit import DONE
from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import DoorkeeperDep, Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.paging import page_of
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize, Sequence64
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.book import Book
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.queries import Decision, QuarantinedEvent
from onebook_collector.scope import Scope
from onebook_schemas.stock_events import StockEvent
from onebook_schemas.uplink import Stream

router = APIRouter(
    prefix="/quarantine", tags=["quarantine"], dependencies=[Depends(Needs(Verb.READ, Resource.QUARANTINE))]
)

_DECIDING = [Depends(Needs(Verb.DECIDE, Resource.QUARANTINE))]
_ONE = "/{edge_id}/{epoch}/{stream}/{sequence}"


class DecisionOut(ApiModel):
    decision: Literal["released", "rejected"]
    actor: str
    reason: str
    decided_at: Moment
    ledger_seq: int | None = Field(description="of the movement that the release booked")


class QuarantinedOut(ApiModel):
    edge_id: str
    epoch: str
    stream: Stream
    sequence: int
    site_id: str | None = Field(description="where the edge stands now; null: it is not registered")
    event_type: str = Field(examples=["goods_moved"])
    reason: str = Field(examples=["unknown_item: LS99999 is not in the catalogue; add it, then release this event"])
    event_time: Moment
    received_at: Moment
    decision: DecisionOut | None = Field(description="null: it waits for a person")


class QuarantinedWithBytes(QuarantinedOut):
    """The bytes are what the edge's chain was computed over; the text is for reading."""

    text: str | None = Field(description="null: the bytes are no UTF-8")
    base64: str


class QuarantinePage(ApiModel):
    items: list[QuarantinedOut] = Field(description="newest first")
    next_before: Moment | None = Field(description="give this as `before` for the next page; null: there is none")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Release(_Body):
    replacement: StockEvent | None = Field(default=None, description="what to book in its place; null: as it came")


class Reject(_Body):
    reason: str = Field(min_length=1, max_length=1_000, description="kept for ever", examples=["a drill, by mistake"])


@router.get("", summary="Events that wait for a person")
async def list_quarantine(
    centre: CentreDep,
    scope: ScopeDep,
    edge_id: Annotated[Key | None, Query(description="of one edge")] = None,
    decided: Annotated[bool, Query(description="also those that somebody has decided on")] = False,
    before: Annotated[Moment | None, Query(description="received before this moment")] = None,
    limit: PageSize = 100,
) -> QuarantinePage:
    async def newest(count: int) -> list[QuarantinedEvent]:
        return await centre.ledger.read(
            lambda connection: queries.quarantine(
                connection, undecided=not decided, edge_id=edge_id, before_ms=before, limit=count, scope=scope
            )
        )

    found, next_before = await page_of(newest, lambda one: one.received_at_ms, limit)
    return QuarantinePage(items=[_out(one) for one in found], next_before=next_before)


@router.get(_ONE, summary="One event, with its bytes", responses=refusals(404))
async def read_quarantined(
    centre: CentreDep, scope: ScopeDep, edge_id: Key, epoch: Key, stream: Stream, sequence: Sequence64
) -> QuarantinedWithBytes:
    return await _read(centre, scope, LogKey(edge_id, epoch, stream), sequence)


class _Decision:
    """One event, and who decides on it: within their scope, in their name, and written into the audit log either way."""

    def __init__(
        self,
        centre: CentreDep,
        keeper: DoorkeeperDep,
        principal: PrincipalDep,
        request: Request,
        edge_id: Key,
        epoch: Key,
        stream: Stream,
        sequence: Sequence64,
    ) -> None:
        self._centre, self._keeper, self._principal, self._request = centre, keeper, principal, request
        self.key, self.sequence = LogKey(edge_id, epoch, stream), sequence
        self.actor, self.now_ms = principal.actor, centre.clock.now_ms()

    async def carry_out(self, action: str, work: Callable[[Book], object]) -> QuarantinedWithBytes:
        scope, outcome = self._principal.scope, DONE
        await _read(self._centre, scope, self.key, self.sequence)  # What is out of scope is not there.
        try:
            await self._centre.ledger.write(work)
        except RefusedError as error:
            outcome = error.reason
            raise
        finally:
            subject = f"{self.key.edge_id}/{self.key.epoch}/{self.key.stream}/{self.sequence}"
            await self._keeper.audit(
                self._principal.name, f"quarantine.{action}", subject, self._request, outcome=outcome
            )
        return await _read(self._centre, scope, self.key, self.sequence)


_DecisionDep = Annotated[_Decision, Depends()]


@router.post(
    _ONE + "/release",
    summary="Book it now, after what it lacked was mended",
    dependencies=_DECIDING,
    responses=refusals(404, 409),
)
async def release_quarantined(decision: _DecisionDep, release: Release) -> QuarantinedWithBytes:
    """In the name of whoever asks. 409 when it still cannot be booked, or when somebody has decided already."""
    named, actor, now_ms = (decision.key, decision.sequence), decision.actor, decision.now_ms
    replacement = release.replacement.model_dump_json().encode() if release.replacement else None
    return await decision.carry_out(
        "release", lambda book: book.release(*named, actor, now_ms, replacement=replacement)
    )


@router.post(
    _ONE + "/reject",
    summary="Leave it out of the book for good",
    dependencies=_DECIDING,
    responses=refusals(404, 409),
)
async def reject_quarantined(decision: _DecisionDep, reject: Reject) -> QuarantinedWithBytes:
    """The event and the decision stay on record, in the name of whoever asks. 409 when somebody has decided already."""
    named, actor, now_ms = (decision.key, decision.sequence), decision.actor, decision.now_ms
    return await decision.carry_out("reject", lambda book: book.reject(*named, actor, reject.reason, now_ms))


async def _read(centre: Centre, scope: Scope, key: LogKey, sequence: int) -> QuarantinedWithBytes:
    one = await centre.ledger.read(lambda connection: queries.quarantined(connection, key, sequence, scope=scope))
    if one is None:
        raise NotFoundError(f"nothing of {key.edge_id!r} with sequence {sequence} of that log is in quarantine")
    return QuarantinedWithBytes(
        **_out(one).model_dump(), text=_text(one.body), base64=base64.b64encode(one.body).decode("ascii")
    )


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _out(one: QuarantinedEvent) -> QuarantinedOut:
    return QuarantinedOut(
        **one.log._asdict(),
        sequence=one.sequence,
        site_id=one.site_id,
        event_type=one.event_type,
        reason=one.reason,
        event_time=one.event_time_ms,
        received_at=one.received_at_ms,
        decision=_decision(one.decision) if one.decision else None,
    )


def _decision(decision: Decision) -> DecisionOut:
    return DecisionOut(
        decision="released" if decision.decision == "released" else "rejected",
        actor=decision.actor,
        reason=decision.reason,
        decided_at=decision.decided_at_ms,
        ledger_seq=decision.ledger_seq,
    )
