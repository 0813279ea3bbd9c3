"""What the rules look at: plain facts about an edge, made from what comes in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from onebook_collector.metrics.sample import EventSamples
from onebook_schemas.device_events import CheckpointContradicted
from onebook_schemas.envelope import TelemetryEvent, journal_event_of
from onebook_schemas.sensor_events import EdgeHealth
from onebook_schemas.uplink import Live


@dataclass(frozen=True, slots=True)
class EdgeKnown:
    """This edge belongs to us and is expected to speak. `heard_ms`: when it last did, as far as the ledger knows."""

    edge_id: str
    heard_ms: int | None


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """Something came from this edge just now: an upload, a probe, a live message, its state."""

    edge_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample, live or from telemetry. No value: the device answered "not valid"."""

    edge_id: str
    site: str
    device: str
    quantity: str
    at_ms: int
    value: float | None


@dataclass(frozen=True, slots=True)
class OutboxLevel:
    """How full the outbox of an edge was."""

    edge_id: str
    at_ms: int
    used_bytes: int
    budget_bytes: int


@dataclass(frozen=True, slots=True)
class TelemetryLost:
    """An edge gave up telemetry for want of disk."""

    edge_id: str
    events: int


@dataclass(frozen=True, slots=True)
class ClockSeen:
    """What an edge's clock showed when its live message came in."""

    edge_id: str
    wall_ms: int
    received_ms: int
    synchronised: bool


@dataclass(frozen=True, slots=True)
class BackupsSeen:
    """When the last good backup was made, and when a drill last proved one (Unix ms; None: never). Concerns the centre."""

    backup_ms: int | None
    proof_ms: int | None
    edge_id: str = ""


@dataclass(frozen=True, slots=True)
class BackupHolds:
    """How far the last good backup holds the journal of an edge, by epoch."""

    edge_id: str
    through: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class JournalKept:
    """From which cursor on an edge can refill a restored centre with this journal of its."""

    edge_id: str
    epoch: str
    refills_after: int


@dataclass(frozen=True, slots=True)
class BookChecked:
    """What the continuous verifier has found so far, in words. Concerns the centre."""

    findings: tuple[str, ...]
    is_full_pass: bool
    edge_id: str = ""


@dataclass(frozen=True, slots=True)
class WitnessSaid:
    """What an edge says of the centre's signed word: it contradicts what the edge holds, or (`settled`) no longer does."""

    edge_id: str
    reason: str
    settled: bool


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing happened, which may be what matters. Concerns no edge in particular."""


EdgeFact = (
    EdgeKnown
    | SignOfLife
    | Reading
    | OutboxLevel
    | TelemetryLost
    | ClockSeen
    | BackupsSeen
    | BackupHolds
    | JournalKept
    | BookChecked
    | WitnessSaid
)
Fact = EdgeFact | TimePassed


def facts_of_live(live: Live, site: str, received_ms: int) -> Iterator[EdgeFact]:
    yield SignOfLife(live.edge_id)
    yield ClockSeen(live.edge_id, live.wall_ms, received_ms, live.clock_synchronised)
    at_ms = live.wall_ms if live.clock_synchronised else received_ms
    for reading in live.readings:
        yield Reading(live.edge_id, site, reading.device, reading.quantity, min(at_ms, received_ms), reading.value)


def facts_of_noted(edge_id: str, lines: Iterable[bytes]) -> Iterator[EdgeFact]:
    """`lines`: bytes of journal events that were read and change no stock."""
    for line in lines:
        # Few are, and reading one costs more than all else that is done with it.
        if b'"checkpoint_contradicted"' in line:
            fact = journal_event_of(line).fact
            if isinstance(fact, CheckpointContradicted):
                yield WitnessSaid(edge_id, fact.reason, fact.settled)


def facts_of_telemetry(event: TelemetryEvent, samples: EventSamples, site: str) -> Iterator[EdgeFact]:
    """`samples` are the event's own, from `points_of`."""
    edge_id, fact = samples.edge_id, event.fact
    if isinstance(fact, EdgeHealth):
        at_ms = samples.blocks[0].at_ms[0]
        yield OutboxLevel(edge_id, at_ms, fact.outbox_bytes, fact.outbox_budget_bytes)
        if fact.journal_epoch is not None and fact.journal_refills_after is not None:  # Older edges do not say.
            yield JournalKept(edge_id, fact.journal_epoch, fact.journal_refills_after)
        return
    if samples.thinned is not None:  # Its extremes are no course of readings.
        if samples.thinned.samples_dropped is not None:  # Else they were delivered before.
            yield TelemetryLost(edge_id, samples.thinned.events_dropped)
        return
    for block in samples.blocks:
        for at_ms, value in zip(block.at_ms, block.values, strict=True):
            yield Reading(edge_id, site, block.series.device, block.series.quantity, at_ms, value)
