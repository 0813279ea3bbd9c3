"""Samples: what sensors measured, raw or in buckets, with the gaps that an edge admitted to."""

from __future__ import annotations

import enum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment
from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.metrics.rollup import HOUR_MS, MINUTE_MS, Bucket, bucket_start
from onebook_collector.metrics.sample import Point, Series, ThinnedRange
from onebook_collector.scope import Scope

router = APIRouter(tags=["samples"], dependencies=[Depends(Needs(Verb.READ, Resource.SAMPLES))])

DAY_MS = 24 * HOUR_MS


class Resolution(enum.StrEnum):
    AUTO = "auto"
    RAW = "raw"
    MINUTES = "60s"
    HOURS = "1h"


SPAN_MS_MAX = {Resolution.RAW: 2 * DAY_MS, Resolution.MINUTES: 31 * DAY_MS, Resolution.HOURS: 5 * 366 * DAY_MS}
"""Longest range of one answer. Six samples a minute for two days are 17,000 points, and so are minutes of twelve days."""
_AUTO_MS = {Resolution.RAW: 3 * HOUR_MS, Resolution.MINUTES: 4 * DAY_MS}
_WIDTH_MS = {Resolution.MINUTES: MINUTE_MS, Resolution.HOURS: HOUR_MS}


class SeriesLatest(ApiModel):
    """What is measured where, and the newest value."""

    edge_id: str
    device: str
    quantity: str = Field(examples=["temperature_c"])
    unit: str = Field(description="UN/ECE Recommendation 20 code", examples=["CEL"])
    at: Moment
    value: float | None = Field(description="null: the device answered, but not with a number; quality says why")
    quality: str = Field(examples=["good"])


class SampleOut(ApiModel):
    at: Moment
    value: float | None
    quality: str = Field(examples=["good"])


class BucketOut(ApiModel):
    """All samples with a value that fall into [from, from + resolution)."""

    start: Moment = Field(serialization_alias="from")
    low: float
    high: float
    mean: float
    last: float
    samples: int


class ThinnedOut(ApiModel):
    """Here the edge gave up samples for want of disk. What it kept are the extremes."""

    start: Moment = Field(serialization_alias="from")
    until: Moment
    events_dropped: int
    samples_dropped: int | None = Field(description="null: delivered once, no longer kept when asked for again")


class SamplesOut(ApiModel):
    """Either `samples` (resolution raw) or `buckets`; `from` and `until` as they were used, whole buckets."""

    edge_id: str
    device: str
    quantity: str
    unit: str
    resolution: Resolution
    start: Moment = Field(serialization_alias="from")
    until: Moment
    samples: list[SampleOut] | None = None
    buckets: list[BucketOut] | None = None
    thinned: list[ThinnedOut]


class SeriesList(ApiModel):
    items: list[SeriesLatest]


@router.get("/series", summary="What an edge measures")
async def list_series(
    centre: CentreDep, scope: ScopeDep, edge_id: Annotated[Key, Query(description="an edge")]
) -> SeriesList:
    return SeriesList(items=[_latest(point) for point in await _newest(centre, scope, edge_id)])


@router.get("/samples", summary="Samples of one quantity of one device", responses=refusals(400, 404))
async def read_samples(
    centre: CentreDep,
    scope: ScopeDep,
    edge_id: Annotated[Key, Query(description="an edge")],
    device: Annotated[Key, Query(description="a device of that edge")],
    quantity: Annotated[Key, Query(description="such as temperature_c")],
    start: Annotated[Moment, Query(alias="from", description="first moment")],
    until: Annotated[Moment, Query(description="first moment that is not wanted any more")],
    resolution: Annotated[Resolution, Query(description="auto: what a chart can show")] = Resolution.AUTO,
) -> SamplesOut:
    chosen = choose_resolution(resolution, start, until)
    series = await _find_series(centre, scope, edge_id, device, quantity)
    thinned = [_thinned(one) for one in await centre.metrics.thinned(edge_id, start, until)]
    if chosen is Resolution.RAW:
        points = await centre.metrics.read(edge_id, device, quantity, start, until, unit=series.unit)
        return SamplesOut(
            **series._asdict(),
            resolution=chosen,
            start=start,
            until=until,
            samples=[SampleOut(at=one.at_ms, value=one.value, quality=one.quality) for one in points],
            thinned=thinned,
        )
    width_ms = _WIDTH_MS[chosen]
    buckets = await centre.metrics.read_buckets(edge_id, device, quantity, start, until, width_ms, unit=series.unit)
    return SamplesOut(
        **series._asdict(),
        resolution=chosen,
        start=bucket_start(start, width_ms),
        until=bucket_start(until - 1, width_ms) + width_ms,
        buckets=[_bucket(one) for one in buckets],
        thinned=thinned,
    )


def choose_resolution(asked: Resolution, from_ms: int, until_ms: int) -> Resolution:
    """What is asked for, or what suits the range. Raises RefusedError for a range that is empty or too wide."""
    span_ms = until_ms - from_ms
    if span_ms <= 0:
        raise RefusedError("empty_range", "until lies after from", status=400)
    chosen = asked
    if asked is Resolution.AUTO:
        chosen = next((one for one, most_ms in _AUTO_MS.items() if span_ms <= most_ms), Resolution.HOURS)
    if span_ms > SPAN_MS_MAX[chosen]:
        days = SPAN_MS_MAX[chosen] // DAY_MS
        raise RefusedError("range_too_wide", f"ask for at most {days} days at resolution {chosen}", status=400)
    return chosen


async def _find_series(centre: Centre, scope: Scope, edge_id: str, device: str, quantity: str) -> Series:
    """Where a device has changed its unit, the series that was written last."""
    found = [
        point
        for point in await _newest(centre, scope, edge_id)
        if (point.series.device, point.series.quantity) == (device, quantity)
    ]
    if not found:
        raise NotFoundError(f"edge {edge_id!r} has sent no {quantity!r} of a device {device!r}")
    return max(found, key=lambda point: point.at_ms).series


async def _newest(centre: Centre, scope: Scope, edge_id: str) -> list[Point]:
    """Nothing of an edge that is out of scope, as if it had never measured anything."""
    seen = await centre.ledger.read(lambda connection: queries.edges_in_sight(connection, scope))
    return await centre.metrics.latest(edge_id) if edge_id in seen else []


def _latest(point: Point) -> SeriesLatest:
    return SeriesLatest(**point.series._asdict(), at=point.at_ms, value=point.value, quality=point.quality)


def _bucket(one: Bucket) -> BucketOut:
    return BucketOut(start=one.from_ms, low=one.low, high=one.high, mean=one.mean, last=one.last, samples=one.samples)


def _thinned(one: ThinnedRange) -> ThinnedOut:
    return ThinnedOut(
        start=one.from_ms, until=one.until_ms, events_dropped=one.events_dropped, samples_dropped=one.samples_dropped
    )
