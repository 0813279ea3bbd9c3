"""What befell a device or the edge itself: events of the journal that change no stock."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from onebook_schemas.identifiers import INT64_MAX, BootId, DeviceId, HexDigest, Int64, ShortText
from onebook_schemas.told_apart import require_word


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra=require_word)


class Availability(enum.StrEnum):
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"  # No port, no connection.
    SILENT = "silent"  # The port is open and nothing comes.


class DeviceStateChanged(_Model):
    """A device came, went, or fell silent."""

    type: Literal["device_state_changed"] = "device_state_changed"
    device: DeviceId
    state: Availability
    reason: ShortText = ""


class EdgeStarted(_Model):
    """The agent started: a new boot, an update, a crash."""

    type: Literal["edge_started"] = "edge_started"
    software_version: ShortText


class ClockSynchronised(_Model):
    """The box learnt the time: what was captured earlier in this boot can now be dated."""

    type: Literal["clock_synchronised"] = "clock_synchronised"
    boot_id: BootId
    wall_ms_at_boot: Int64 = Field(description="Unix milliseconds when the monotonic clock of this boot stood at zero")


class CodeSetAside(_Model):
    """A code was read that names nothing known here. It waits for a person; it never becomes a made-up item."""

    type: Literal["code_set_aside"] = "code_set_aside"
    text: ShortText
    reason: ShortText
    device: DeviceId | None = None
    actor: ShortText = ""
    note: ShortText | None = Field(default=None, description="what the person says about it")
    photo: HexDigest | None = Field(default=None, description="SHA-256 of a picture that the box keeps")


class OutboxPressure(_Model):
    """The disk budget is nearly used up, or relieved again."""

    type: Literal["outbox_pressure"] = "outbox_pressure"
    stream: Literal["journal", "telemetry"]
    used_bytes: int = Field(ge=0, le=INT64_MAX)
    budget_bytes: int = Field(gt=0, le=INT64_MAX)
    relieved: bool = False


class CheckpointContradicted(_Model):
    """The centre signed something that cannot be true beside what this site holds as a witness, or agrees with it again."""

    type: Literal["checkpoint_contradicted"] = "checkpoint_contradicted"
    version: int = Field(ge=0, le=INT64_MAX, description="of the checkpoint that was refused, or is agreed with again")
    reason: ShortText = ""
    settled: bool = Field(default=False, description="a later checkpoint agrees again with all that is held")


DeviceEvent = Annotated[
    DeviceStateChanged | EdgeStarted | ClockSynchronised | CodeSetAside | OutboxPressure | CheckpointContradicted,
    Field(discriminator="type"),
]
