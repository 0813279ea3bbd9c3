"""For whoever starts and stops the collector: does it live, and can it do its work?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.values import ApiModel
from onebook_collector.errors import RetryableError

router = APIRouter(prefix="/health", tags=["health"])

ANSWER_WITHIN_S = 2.0


class Alive(ApiModel):
    alive: bool = True


class PartHealth(ApiModel):
    part: str = Field(examples=["ledger"])
    works: bool
    problem: str | None = Field(default=None, examples=["does not answer within 2 s"])


class Readiness(ApiModel):
    ready: bool
    parts: list[PartHealth]


@router.get("/live", summary="The program runs")
async def is_alive() -> Alive:
    return Alive()


@router.get(
    "/ready",
    summary="It can do its work; if not, what is wrong",
    responses={503: {"model": Readiness, "description": "Something is wrong"}},
)
async def is_ready(centre: CentreDep, response: Response) -> Readiness:
    parts = [
        await _try("ledger", centre.ledger.read(lambda connection: connection.execute(text("SELECT 1")).scalar())),
        await _try("metrics", centre.metrics.thinned("", 0, 1)),
        _broker(centre),
    ]
    ready = all(part.works for part in parts)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=parts)


async def _try(part: str, question: Awaitable[object]) -> PartHealth:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await question
    except TimeoutError:
        return PartHealth(part=part, works=False, problem=f"does not answer within {ANSWER_WITHIN_S:g} s")
    except (OperationalError, RetryableError) as error:
        return PartHealth(part=part, works=False, problem=str(error)[:200])
    return PartHealth(part=part, works=True)


def _broker(centre: Centre) -> PartHealth:
    link = centre.ingest.link
    if link.connected.is_set():
        return PartHealth(part="broker", works=True)
    return PartHealth(part="broker", works=False, problem=link.last_problem[:200])
