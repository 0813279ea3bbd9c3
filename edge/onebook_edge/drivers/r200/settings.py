"""What an R200 UHF reader is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Variant = Literal["BB..7E", "AA..DD"]


class R200Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: Variant = Field(default="BB..7E", description="First and last byte of the frames of this model.")
    power_dbm: Decimal | None = Field(
        default=None,
        ge=0,
        le=33,
        decimal_places=2,
        description="Transmitting power to set at each start; not given: as the reader has it.",
    )
    poll_rounds: int = Field(
        default=10_000, ge=1, le=65_535, description="Inventory rounds that one polling command asks for."
    )
    quiet_restart_ms: int = Field(
        default=1_000, ge=200, le=60_000, description="Silence after which polling is started afresh."
    )
