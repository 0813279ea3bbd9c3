"""What a Yaohua XK3190 indicator on tF=0 is told; its frames carry neither unit nor gross/net."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class YaohuaTf0Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Literal["kg", "g", "t", "lb"] | None = Field(
        default=None, description="Unit that the indicator is set to; without it a weight has no unit."
    )
    shows: Literal["gross", "net", "unknown"] = Field(
        default="unknown", description="What the indicator displays and therefore sends."
    )
    eighth_bit: Literal["data", "parity"] = Field(
        default="data", description="parity: the indicator sends 7E1 but the port is open with 8N1, so bit 7 is masked."
    )
