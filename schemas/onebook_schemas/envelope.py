"""CapturedEvent: one fact with what the edge knew about the moment. Its bytes are what the chain is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from onebook_schemas.device_events import (
    CheckpointContradicted,
    ClockSynchronised,
    CodeSetAside,
    DeviceStateChanged,
    EdgeStarted,
    OutboxPressure,
)
from onebook_schemas.identifiers import INT64_MAX, BootId
from onebook_schemas.sensor_events import EdgeHealth, SamplesTaken, SensorEvent, TelemetryThinned
from onebook_schemas.stock_events import GoodsMoved, MovementReversed, PapersFollowed, StockCounted

SCHEMA_VERSION = 1

JournalFact = Annotated[
    GoodsMoved
    | MovementReversed
    | StockCounted
    | PapersFollowed
    | DeviceStateChanged
    | EdgeStarted
    | ClockSynchronised
    | CodeSetAside
    | OutboxPressure
    | CheckpointContradicted,
    Field(discriminator="type"),
]
TelemetryFact = SensorEvent
Fact = (
    GoodsMoved
    | MovementReversed
    | StockCounted
    | PapersFollowed
    | DeviceStateChanged
    | EdgeStarted
    | ClockSynchronised
    | CodeSetAside
    | OutboxPressure
    | CheckpointContradicted
    | SamplesTaken
    | EdgeHealth
    | TelemetryThinned
)


class _Captured(BaseModel):
    """Fields common to both streams. Order comes from `sequence`, never from a clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sequence: int = Field(ge=1, le=INT64_MAX)
    v: int = Field(default=SCHEMA_VERSION, ge=SCHEMA_VERSION, le=SCHEMA_VERSION)
    wall_ms: int = Field(description="Unix milliseconds as the box believed them", ge=-INT64_MAX, le=INT64_MAX)
    monotonic_ms: int = Field(ge=0, le=INT64_MAX)
    boot_id: BootId
    clock_synchronised: bool


class JournalEvent(_Captured):
    fact: JournalFact


class TelemetryEvent(_Captured):
    fact: TelemetryFact

    @property
    def through(self) -> int:
        """The last sequence that this event stands for: its own, unless it replaces thinned ones."""
        return self.fact.through if isinstance(self.fact, TelemetryThinned) else self.sequence


CapturedEvent = JournalEvent | TelemetryEvent

journal_event_of = TypeAdapter(JournalEvent).validate_json
telemetry_event_of = TypeAdapter(TelemetryEvent).validate_json
