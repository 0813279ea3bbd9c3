"""Thinning: one event in the place of many, with their count, their range and their extremes. Pure.

A stored row that this version cannot read (written by a newer one, or damaged on the card) gives way like any other: it counts
as an event, its samples cannot be counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

from onebook_edge.outbox.store import StoredEvent
from onebook_schemas.envelope import TelemetryEvent, telemetry_event_of
from onebook_schemas.identifiers import INT64_MAX, BootId, Int64
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken, TelemetryThinned


@dataclass(slots=True)
class _Extreme:
    """Lowest and highest sample of one series, as (monotonic ms, value)."""

    low: tuple[int, float]
    high: tuple[int, float]

    def take(self, at_ms: int, value: float) -> None:
        if value < self.low[1]:
            self.low = (at_ms, value)
        if value > self.high[1]:
            self.high = (at_ms, value)


class Moment(BaseModel):
    """When an event was captured: what can still be read of one whose fact cannot."""

    wall_ms: Int64
    monotonic_ms: int = Field(ge=0, le=INT64_MAX)
    boot_id: BootId
    clock_synchronised: bool


UNKNOWN_MOMENT = Moment(wall_ms=0, monotonic_ms=0, boot_id="0" * 16, clock_synchronised=False)


@dataclass(frozen=True, slots=True)
class Thinned:
    """The fact that replaces the events, and the moment that it borrows (of the last one of the same boot)."""

    fact: TelemetryThinned
    last: Moment | TelemetryEvent


def thin(events: Sequence[StoredEvent]) -> Thinned:
    """Sum up consecutive telemetry events of one boot; `same_boot` says how many that may be."""
    read = [(stored, _event_or_moment(stored)) for stored in events]
    known = [event for _, event in read if event is not None] or [UNKNOWN_MOMENT]
    last = known[-1]
    extremes: dict[tuple[str, str, str], _Extreme] = {}
    dropped = 0
    for event in known:
        series, counted = _series_of(event)
        dropped += counted
        for one in series:
            _widen(extremes, one, event.monotonic_ms)
    fact = TelemetryThinned(
        through=events[-1].through,
        samples_dropped=dropped,
        events_dropped=sum(_events_in(stored, event) for stored, event in read),
        from_wall_ms=min(_span_ms(event)[0] for event in known),
        until_wall_ms=max(_span_ms(event)[1] for event in known),
        extremes=tuple(_as_series(key, extreme, last.monotonic_ms) for key, extreme in sorted(extremes.items())),
    )
    return Thinned(fact, last)


def same_boot(events: Sequence[StoredEvent]) -> int:
    """How many of these, from the first on, were captured in one boot: only their times can be compared."""
    boot: BootId | None = None
    for count, stored in enumerate(events):
        event = _event_or_moment(stored)
        if event is None:
            continue  # Of no boot that could be told: it goes with those beside it.
        if boot not in (None, event.boot_id):
            return count
        boot = event.boot_id
    return len(events)


def gone(after: int, until: StoredEvent) -> Thinned:
    """Stands for delivered telemetry that is no longer kept, when a restored collector asks for it again."""
    kept = _event_or_moment(until) or UNKNOWN_MOMENT
    fact = TelemetryThinned(
        through=until.sequence - 1,
        samples_dropped=None,
        events_dropped=until.sequence - 1 - after,
        from_wall_ms=kept.wall_ms,
        until_wall_ms=kept.wall_ms,
    )
    return Thinned(fact, kept)


def _event_or_moment(stored: StoredEvent) -> TelemetryEvent | Moment | None:
    """The event; or at least when it was captured; or None for bytes that say nothing."""
    for read in (telemetry_event_of, Moment.model_validate_json):
        try:
            return read(stored.body)
        except ValidationError:
            continue
    return None


def _series_of(event: TelemetryEvent | Moment) -> tuple[Sequence[SampleSeries], int]:
    """The samples that an event carries, and how many were dropped for it (an earlier thinning carries its own count)."""
    match getattr(event, "fact", None):
        case SamplesTaken(series=series):
            return series, sum(len(one.values) for one in series)
        case TelemetryThinned(extremes=series, samples_dropped=dropped):
            return series, dropped or 0
        case _:
            return (), 0


def _events_in(stored: StoredEvent, event: TelemetryEvent | Moment | None) -> int:
    if isinstance(event, TelemetryEvent):
        return event.fact.events_dropped if isinstance(event.fact, TelemetryThinned) else 1
    return stored.through - stored.sequence + 1


def _span_ms(event: TelemetryEvent | Moment) -> tuple[int, int]:
    """From when until when, by the wall clock: an earlier thinning stands for more than its own moment."""
    match getattr(event, "fact", None):
        case TelemetryThinned(from_wall_ms=from_ms, until_wall_ms=until_ms):
            return from_ms, until_ms
        case _:
            return event.wall_ms, event.wall_ms


def _widen(extremes: dict[tuple[str, str, str], _Extreme], series: SampleSeries, event_ms: int) -> None:
    key = (series.device, series.quantity, series.unit)
    for after_ms, value in zip(series.after_ms, series.values, strict=True):
        if value is None:
            continue
        at = event_ms + after_ms
        if key in extremes:
            extremes[key].take(at, value)
        else:
            extremes[key] = _Extreme((at, value), (at, value))


def _as_series(key: tuple[str, str, str], extreme: _Extreme, base_ms: int) -> SampleSeries:
    points = sorted({extreme.low, extreme.high})
    device, quantity, unit = key
    return SampleSeries(
        device=device,
        quantity=quantity,
        unit=unit,
        after_ms=tuple(at - base_ms for at, _ in points),
        values=tuple(value for _, value in points),
    )
