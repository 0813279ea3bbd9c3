"""What a RS-WS-N01 or PR-3000 is told."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from onebook_edge.registers import ModbusSettings


class RenkePr3000Settings(ModbusSettings):
    temperature_c_min: Decimal = Field(
        default=Decimal(-40), description="Lowest temperature that the sensor can measure."
    )
    temperature_c_max: Decimal = Field(
        default=Decimal(80), description="Highest temperature that the sensor can measure."
    )
