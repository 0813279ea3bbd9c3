"""The messages of the uplink: Upload and Ack, and the small ones beside them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from onebook_schemas.chain import HashAlgorithm, UsableAlgorithm
from onebook_schemas.identifiers import (
    INT64_MAX,
    BootId,
    DeviceId,
    EdgeId,
    Epoch,
    HexDigest,
    Int64,
    ShortText,
    UnitCode,
)


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stream(enum.StrEnum):
    """An ordered log of an edge."""

    JOURNAL = "journal"  # Movements, counts, what people did, device events; never thinned; hash-chained.
    TELEMETRY = "telemetry"  # Samples and health; thinned as a last resort.


class UploadHeader(_Model):
    """First line of an upload; the event lines follow, byte for byte as the edge stored them."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    epoch: Epoch
    stream: Stream
    first_sequence: int = Field(
        ge=1, le=INT64_MAX, description="of the first event; of the next one if there is none (probe)"
    )
    last_sequence: int = Field(ge=0, le=INT64_MAX, description="last sequence covered; first_sequence - 1 in a probe")
    waiting: int = Field(ge=0, le=INT64_MAX, description="events of this stream still in the outbox behind this upload")
    chain_before: HexDigest | None = Field(default=None, description="h(first_sequence - 1); journal only")
    chain_after: HexDigest | None = Field(default=None, description="h(last_sequence); journal only")
    boot_anchors: dict[BootId, Int64] = Field(
        default={},
        max_length=64,
        description="boot -> Unix milliseconds at monotonic zero, for boots whose clock became known",
    )
    hash_algorithm: UsableAlgorithm = Field(
        default=HashAlgorithm.SHA256,
        exclude_if=lambda algorithm: algorithm is HashAlgorithm.SHA256,
        description="of this log's chain, the same for all of its life; left out: sha256",
    )


@dataclass(frozen=True, slots=True)
class Upload:
    """Consecutive events of one stream in one MQTT message; the same bytes when it is sent again.

    `lines` are the exact event bytes: what the chain is computed over. Never re-serialise them.
    """

    header: UploadHeader
    lines: tuple[bytes, ...] = field(default=())

    @property
    def is_probe(self) -> bool:
        return not self.lines


class Refused(_Model):
    """An event that went to quarantine: kept with its bytes and the reason, and shown to a person there."""

    sequence: int = Field(ge=1, le=INT64_MAX)
    reason: ShortText


class Ack(_Model):
    """Names the upload that it answers and the collector's cursor after it. Leaves only after the commit."""

    v: int = Field(default=1, ge=1, le=1)
    epoch: Epoch
    stream: Stream
    first_sequence: int = Field(ge=1, le=INT64_MAX)
    accepted_through: int = Field(ge=0, le=INT64_MAX)
    refused: tuple[Refused, ...] = ()
    pace_ms: int = Field(
        default=0, ge=0, le=3_600_000, description="least time between uploads that the collector asks for"
    )
    upload_events_max: int | None = Field(default=None, ge=1, le=10_000)


class EdgeState(_Model):
    """Retained beside the edge's name. Offline is published by the broker (last will)."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    online: bool
    software_version: ShortText = ""
    epochs: dict[Stream, Epoch] = {}
    clock_synchronised: bool = False
    documents_held: dict[str, int] = Field(default={}, max_length=64, description="document -> version")


class LiveReading(_Model):
    device: DeviceId
    quantity: str = Field(max_length=64)
    unit: UnitCode
    value: Annotated[float, Field(allow_inf_nan=False)] | None
    quality: str = Field(default="good", max_length=40)


class Live(_Model):
    """The present, for screens: quality of service 0, never history, not held up by a backlog."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    wall_ms: Int64
    clock_synchronised: bool
    readings: tuple[LiveReading, ...] = Field(default=(), max_length=2_000)
    journal_waiting: int = Field(default=0, ge=0, le=INT64_MAX)
    telemetry_waiting: int = Field(default=0, ge=0, le=INT64_MAX)
