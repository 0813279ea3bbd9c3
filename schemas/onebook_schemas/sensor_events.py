"""What was measured: the events of the telemetry stream. One event carries many samples, column by column."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onebook_schemas.identifiers import INT64_MAX, DeviceId, Epoch, Int64, UnitCode
from onebook_schemas.told_apart import require_word

_QUANTITY = Field(
    pattern=r"^[a-z][a-z0-9_]{0,63}$", description="what was measured, unit last: temperature_c, humidity_pct"
)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=require_word)


class SampleSeries(_Model):
    """Samples of one quantity of one device, in the order in which they were taken.

    `after_ms` counts from the event's own capture time (negative: before it) on the monotonic clock. A sample
    without a value is a statement too: the device answered "not valid"; `quality` says why.
    """

    device: DeviceId
    quantity: Annotated[str, _QUANTITY]
    unit: UnitCode
    after_ms: tuple[Int64, ...] = Field(min_length=1, max_length=10_000)
    values: tuple[float | None, ...] = Field(min_length=1, max_length=10_000)
    quality: dict[int, str] = Field(default={}, description="position -> reason, for samples that are not good")

    @model_validator(mode="after")
    def _columns_are_alike(self) -> SampleSeries:
        if len(self.after_ms) != len(self.values):
            raise ValueError("after_ms and values have one entry per sample")
        if any(value is not None and not -1e300 < value < 1e300 for value in self.values):
            raise ValueError("a sample is a finite number, or null")
        if not all(0 <= position < len(self.values) for position in self.quality):
            raise ValueError("quality names positions of this series")
        return self


class SamplesTaken(_Model):
    type: Literal["samples_taken"] = "samples_taken"
    series: tuple[SampleSeries, ...] = Field(min_length=1, max_length=1_000)


class EdgeHealth(_Model):
    """How the box itself is."""

    type: Literal["edge_health"] = "edge_health"
    journal_waiting: int = Field(ge=0, le=INT64_MAX)
    telemetry_waiting: int = Field(ge=0, le=INT64_MAX)
    outbox_bytes: int = Field(ge=0, le=INT64_MAX)
    outbox_budget_bytes: int = Field(gt=0, le=INT64_MAX)
    memory_bytes: int = Field(ge=0, le=INT64_MAX)
    cpu_ms: int = Field(ge=0, le=INT64_MAX, description="processor time of the agent since it started")
    uptime_ms: int = Field(ge=0, le=INT64_MAX)
    journal_epoch: Epoch | None = None
    journal_refills_after: int | None = Field(
        default=None,
        ge=0,
        le=INT64_MAX,
        description="a restored collector whose cursor of this journal lies before it cannot be refilled from this box",
    )


class TelemetryThinned(_Model):
    """Stands for telemetry that was dropped under disk pressure: never silent, always counted.

    The event's own `sequence` is the first that it stands for, `through` the last. `extremes` keep, for every series that was
    dropped, its lowest and highest sample.
    """

    type: Literal["telemetry_thinned"] = "telemetry_thinned"
    through: int = Field(ge=1, le=INT64_MAX)
    samples_dropped: int | None = Field(
        default=None, ge=0, le=INT64_MAX, description="None: events that were delivered once and are no longer kept"
    )
    events_dropped: int = Field(ge=1, le=INT64_MAX)
    from_wall_ms: Int64
    until_wall_ms: Int64
    extremes: tuple[SampleSeries, ...] = Field(default=(), max_length=1_000)


SensorEvent = Annotated[SamplesTaken | EdgeHealth | TelemetryThinned, Field(discriminator="type")]
