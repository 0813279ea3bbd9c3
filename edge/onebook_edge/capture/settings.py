"""What capture is told: which device feeds which rule, and the limits of each rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onebook_schemas.identifiers import DeviceId

WorkPlaceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScaleSettings(_Settings):
    """When a weight counts as settled (devices without a stability flag), and when the next one may come."""

    unit: Literal["kg", "g", "t", "lb"] = Field(
        default="kg", description="Unit of the scale; a frame that names another one is a fault, not a conversion."
    )
    division: Decimal = Field(
        default=Decimal("0.01"), gt=0, description="Scale interval d in the unit of the scale, as on its plate."
    )
    settled_within_divisions: int = Field(
        default=1,
        ge=0,
        le=100,
        description="Without a stability flag: largest spread of a settled weight, in divisions.",
    )
    settled_readings_min: int = Field(
        default=5, ge=2, le=100, description="Without a stability flag: fewest readings that a settled weight rests on."
    )
    settled_ms: int = Field(
        default=1_000, ge=100, le=60_000, description="Without a stability flag: time that these readings span, in ms."
    )
    release_divisions: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="At or below this many divisions the scale counts as empty (Min is 20 e).",
    )
    another_divisions: int = Field(
        default=5, ge=1, le=10_000, description="A settled weight that differs by more than this is another placement."
    )


class TagSettings(_Settings):
    """When an RFID tag counts as here, and as gone. Signal limits belong to one reader: only some report dBm."""

    reads_min: int = Field(default=2, ge=1, le=100, description="Reads that make a tag count as here.")
    arrival_window_ms: int = Field(
        default=5_000, ge=100, le=600_000, description="Time in which these reads must fall, in ms."
    )
    same_read_ms: int = Field(
        default=20, ge=0, le=60_000, description="Reads of a tag closer together than this count as one, in ms."
    )
    rssi_dbm_min: int | None = Field(
        default=None,
        ge=-120,
        le=255,
        description="Weaker reads do not make a tag arrive; unit as the reader reports it.",
    )
    departed_after_ms: int = Field(
        default=60_000, ge=500, le=86_400_000, description="Silence after which a tag counts as gone, in ms."
    )
    tags_max: int = Field(
        default=5_000, ge=1, le=100_000, description="Tags remembered at once; when full, further tags are not let in."
    )


class SampleSettings(_Settings):
    """Which of the readings of a quantity become samples."""

    keep: Literal["changes", "every"] = Field(
        default="changes", description="changes: by dead band and heartbeat; every: all readings."
    )
    dead_band: Decimal = Field(
        default=Decimal(0), ge=0, description="A value that moved by more than this is kept; unit of the quantity."
    )
    heartbeat_s: int = Field(
        default=300, ge=1, le=86_400, description="A reading at least this long after the last sample is kept, in s."
    )


class WorkPlaceSettings(_Settings):
    """One bench or gate where one person at a time scans."""

    sign_out_after_s: int = Field(
        default=900, ge=10, le=86_400, description="A person who scans nothing for this long is signed out, in s."
    )
    weight_usable_s: int = Field(
        default=120, ge=1, le=3_600, description="A settled weight can be taken into a line for this long, in s."
    )
    pieces_tolerance_pct: int = Field(
        default=20,
        ge=1,
        le=49,
        description="Counting by weight is refused when the rest is more than this part of one piece, in percent.",
    )
    tags_quiet_ms: int = Field(
        default=1_000,
        ge=50,
        le=60_000,
        description="RFID tags are taken over once no new one came for this long, in ms.",
    )


class DialogueDevice(_Settings):
    """A scanner, or an RFID reader on a bench: what it reads goes into the dialogue of a work place."""

    role: Literal["dialogue"]
    work_place: WorkPlaceId
    tags: TagSettings = TagSettings(departed_after_ms=5_000)


class WeighingDevice(_Settings):
    """A scale beside a work place."""

    role: Literal["weighing"]
    work_place: WorkPlaceId
    scale: ScaleSettings = ScaleSettings()


class ClimateDevice(_Settings):
    """A probe: its readings become samples."""

    role: Literal["climate"]
    samples: dict[str, SampleSettings] = Field(
        default={}, description="Quantity -> rule of this device; else the rule of the quantity for all devices."
    )


class GateDevice(_Settings):
    """A fixed RFID reader that watches a passage: it says which tags come and go, and books nothing."""

    role: Literal["gate"]
    tags: TagSettings = TagSettings()


DeviceUse = Annotated[DialogueDevice | WeighingDevice | ClimateDevice | GateDevice, Field(discriminator="role")]


class CaptureSettings(_Settings):
    devices: dict[DeviceId, DeviceUse] = Field(default={}, description="Device -> what its readings are for.")
    work_places: dict[WorkPlaceId, WorkPlaceSettings] = Field(
        default={}, description="Work place -> its settings; each one that a device names stands here."
    )
    samples: dict[str, SampleSettings] = Field(
        default={
            "temperature_c": SampleSettings(dead_band=Decimal("0.2")),
            "humidity_rh": SampleSettings(dead_band=Decimal("1")),
            "grain_temp_c": SampleSettings(dead_band=Decimal("0.2"), heartbeat_s=3_600),
        },
        description="Quantity -> rule; a quantity that is not named keeps every change.",
    )

    @model_validator(mode="after")
    def _work_places_are_known(self) -> CaptureSettings:
        for device, use in self.devices.items():
            if isinstance(use, DialogueDevice | WeighingDevice) and use.work_place not in self.work_places:
                raise ValueError(
                    f"devices.{device}: add a table work_places.{use.work_place}, or name one that is there"
                )
        return self

    def sample_rule(self, device_id: str, quantity: str) -> SampleSettings:
        use = self.devices.get(device_id)
        own = use.samples.get(quantity) if isinstance(use, ClimateDevice) else None
        return own or self.samples.get(quantity, SampleSettings())
