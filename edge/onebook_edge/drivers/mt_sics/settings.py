"""What a scale that speaks MT-SICS is told."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class MtSicsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: Literal["poll", "stream"] = Field(
        default="poll", description="poll asks for each weight (SI); stream lets the scale repeat it (SIR)."
    )
    poll_interval_ms: int = Field(default=250, ge=50, le=60_000, description="Time from one question (SI) to the next.")
    quiet_restart_ms: int = Field(
        default=2_000, ge=500, le=60_000, description="Silence after which the question is sent again."
    )
    command_timeout_ms: int = Field(
        default=15_000, ge=1_000, le=120_000, description="How long zero and tare may wait for a stable weight."
    )
    unit: str | None = Field(
        default=None,
        min_length=1,
        max_length=4,
        description="Unit expected from the scale, e.g. kg; any other is a fault.",
    )
