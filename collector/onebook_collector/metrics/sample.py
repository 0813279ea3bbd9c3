"""Telemetry events -> samples with a date, still column by column: what a metrics store takes.

An event is known by its log (edge, epoch) and by the last sequence that it stands for: its own, unless it replaces
thinned ones. A store takes an event whole or not at all, and once.

When it was measured, in order of belief: the box's clock, if it followed a time server; the anchor of its boot, which became
known later; else the truth lies before the moment of receipt, and every sample says so (`time_unknown`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from onebook_collector.clock import CLOCK_ALLOWANCE_MS, EARLIEST_CLAIM_MS
from onebook_schemas.envelope import TelemetryEvent
from onebook_schemas.sensor_events import EdgeHealth, SampleSeries, SamplesTaken, TelemetryThinned

GOOD = "good"
TIME_UNKNOWN = "time_unknown"
NO_REASON = "no_reason_given"

EDGE_DEVICE = "edge"  # The device under which a box's own health is kept.


# Codes of UN/ECE Recommendation 20: C62 one, AD byte, C26 millisecond.
_HEALTH_UNITS = {
    "journal_waiting": "C62",
    "telemetry_waiting": "C62",
    "outbox_bytes": "AD",
    "outbox_budget_bytes": "AD",
    "memory_bytes": "AD",
    "cpu_ms": "C26",
    "uptime_ms": "C26",
}


class Series(NamedTuple):
    """What is measured where. A device that changes its unit begins another series."""

    edge_id: str
    device: str
    quantity: str
    unit: str


class Source(NamedTuple):
    """Where a point comes from. It tells apart two readings that share a time."""

    epoch: str
    sequence: int  # The last one that the event stands for.
    position: int  # Among all samples of that event.


@dataclass(frozen=True, slots=True)
class Point:
    """One reading. `value` is None when the device answered "not valid"; `quality` says why.

    `source` is None from a store that does not keep it.
    """

    series: Series
    at_ms: int
    value: float | None
    quality: str = GOOD
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class SampleBlock:
    """Samples of one series in one event. `quality` names the positions that are not good."""

    series: Series
    at_ms: tuple[int, ...]
    values: tuple[float | None, ...]
    quality: Mapping[int, str] = field(default_factory=dict)
    first_position: int = 0  # Of its first sample, among all samples of the event.


@dataclass(frozen=True, slots=True)
class ThinnedRange:
    """Telemetry that the box gave up for want of disk. Times as the box believed them."""

    edge_id: str
    epoch: str
    first_sequence: int
    through: int
    from_ms: int
    until_ms: int
    samples_dropped: int | None  # None: the box delivered them once and can no longer tell.
    events_dropped: int


@dataclass(frozen=True, slots=True)
class EventSamples:
    """Everything that one event says."""

    edge_id: str
    epoch: str
    through: int
    received_ms: int
    blocks: tuple[SampleBlock, ...]
    thinned: ThinnedRange | None = None


def points_of(
    edge_id: str, epoch: str, event: TelemetryEvent, anchors: Mapping[str, int], received_ms: int
) -> EventSamples:
    """The samples of an event with their dates. `anchors`: boot -> Unix milliseconds at its monotonic zero."""
    fact = event.fact
    at_ms, known = _dated(event, anchors, received_ms)
    match fact:
        case SamplesTaken():
            columns: Iterable[SampleSeries] = fact.series
        case EdgeHealth():
            columns = _health_columns(fact)
        case TelemetryThinned():
            columns = fact.extremes
    blocks, position = [], 0
    for column in columns:
        blocks.append(_block(edge_id, column, at_ms, known, received_ms, position))
        position += len(column.values)
    return EventSamples(
        edge_id, epoch, event.through, received_ms, tuple(blocks), _thinned(edge_id, epoch, event, received_ms)
    )


def _dated(event: TelemetryEvent, anchors: Mapping[str, int], received_ms: int) -> tuple[int, bool]:
    """When the event was captured, and whether that is known. The ledger dates its events by the same rule."""
    if event.clock_synchronised:
        return event.wall_ms, True
    anchor = anchors.get(event.boot_id)
    if anchor is not None:
        return anchor + event.monotonic_ms, True
    return (event.wall_ms if EARLIEST_CLAIM_MS <= event.wall_ms <= received_ms else received_ms), False


def _block(
    edge_id: str, column: SampleSeries, event_ms: int, known: bool, received_ms: int, position: int
) -> SampleBlock:
    at_ms = tuple([event_ms + after_ms for after_ms in column.after_ms])
    if not (min(at_ms) >= EARLIEST_CLAIM_MS and max(at_ms) <= received_ms + CLOCK_ALLOWANCE_MS):
        at_ms, known = (received_ms,) * len(at_ms), False  # Nothing can be made of such a claim.
    return SampleBlock(
        Series(edge_id, column.device, column.quantity, column.unit),
        at_ms,
        column.values,
        _reasons(column, known),
        position,
    )


def _reasons(column: SampleSeries, known: bool) -> dict[int, str]:
    """Position -> why it is not good; no empty text, and every missing value has a reason."""
    reasons = {n: reason or NO_REASON for n, reason in column.quality.items()}
    reasons |= {n: NO_REASON for n, value in enumerate(column.values) if value is None and n not in reasons}
    if known:
        return reasons
    return {n: f"{reasons[n]},{TIME_UNKNOWN}" if n in reasons else TIME_UNKNOWN for n in range(len(column.values))}


def _health_columns(health: EdgeHealth) -> list[SampleSeries]:
    return [
        SampleSeries(
            device=EDGE_DEVICE, quantity=quantity, unit=unit, after_ms=(0,), values=(getattr(health, quantity),)
        )
        for quantity, unit in _HEALTH_UNITS.items()
    ]


def _thinned(edge_id: str, epoch: str, event: TelemetryEvent, received_ms: int) -> ThinnedRange | None:
    fact = event.fact
    if not isinstance(fact, TelemetryThinned):
        return None
    return ThinnedRange(
        edge_id,
        epoch,
        event.sequence,
        event.through,
        _possible(fact.from_wall_ms, received_ms),
        _possible(fact.until_wall_ms, received_ms),
        fact.samples_dropped,
        fact.events_dropped,
    )


def _possible(at_ms: int, received_ms: int) -> int:
    """What a box believed, if it can be: a clock that was never set says 1970, and none says the year 292 million."""
    return at_ms if 0 <= at_ms <= received_ms + CLOCK_ALLOWANCE_MS else received_ms
