"""Thinning: one event in the place of many, with their count, their range and their extremes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onebook_edge.outbox.store import StoredEvent
from onebook_schemas.envelope import TelemetryEvent, telemetry_event_of
from onebook_schemas.identifiers import BootId
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


@dataclass(frozen=True, slots=True)
class Thinned:
    """The fact that replaces the events, and the event whose moment it borrows (the last one of the same boot)."""

    fact: TelemetryThinned
    last: TelemetryEvent


def thin(events: Sequence[StoredEvent]) -> Thinned:
    """Sum up consecutive telemetry events of one boot; `same_boot` says how many that may be."""
    read = [telemetry_event_of(event.body) for event in events]
    last = read[-1]
    extremes: dict[tuple[str, str, str], _Extreme] = {}
    dropped = 0
    for event in read:
        series, counted = _series_of(event)
        dropped += counted
        for one in series:
            _widen(extremes, one, event.monotonic_ms)
    fact = TelemetryThinned(
        through=events[-1].through,
        samples_dropped=dropped,
        events_dropped=sum(_events_in(event) for event in read),
        from_wall_ms=min(_span_ms(event)[0] for event in read),
        until_wall_ms=max(_span_ms(event)[1] for event in read),
        extremes=tuple(_as_series(key, extreme, last.monotonic_ms) for key, extreme in sorted(extremes.items())),
    )
    return Thinned(fact, last)


def same_boot(events: Sequence[StoredEvent]) -> int:
    """How many of these, from the first on, were captured in one boot: only their times can be compared."""
    boot: BootId | None = None
    for count, stored in enumerate(events):
        event = telemetry_event_of(stored.body)
        if boot not in (None, event.boot_id):
            return count
        boot = event.boot_id
    return len(events)


def gone(after: int, until: StoredEvent) -> Thinned:
    """Stands for delivered telemetry that is no longer kept, when a restored collector asks for it again."""
    kept = telemetry_event_of(until.body)
    fact = TelemetryThinned(
        through=until.sequence - 1,
        samples_dropped=None,
        events_dropped=until.sequence - 1 - after,
        from_wall_ms=kept.wall_ms,
        until_wall_ms=kept.wall_ms,
    )
    return Thinned(fact, kept)


def _series_of(event: TelemetryEvent) -> tuple[Sequence[SampleSeries], int]:
    """The samples that an event carries, and how many were dropped for it (an earlier thinning carries its own count)."""
    match event.fact:
        case SamplesTaken(series=series):
            return series, sum(len(one.values) for one in series)
        case TelemetryThinned(extremes=series, samples_dropped=dropped):
            return series, dropped or 0
        case _:
            return (), 0


def _events_in(event: TelemetryEvent) -> int:
    return event.fact.events_dropped if isinstance(event.fact, TelemetryThinned) else 1


def _span_ms(event: TelemetryEvent) -> tuple[int, int]:
    """From when until when, by the wall clock: an earlier thinning stands for more than its own moment."""
    match event.fact:
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
