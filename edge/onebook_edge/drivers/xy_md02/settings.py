"""What an XY-MD02 is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from onebook_edge.registers import ModbusSettings


class XyMd02Settings(ModbusSettings):
    factor: Annotated[Literal["0.1", "0.01"], BeforeValidator(str)] = Field(
        default="0.1", description="Size of one digit: 0.1 for the original, 0.01 for some clones."
    )
    temperature_c_min: Decimal = Field(
        default=Decimal(-40), description="Lowest temperature that the sensor can measure."
    )
    temperature_c_max: Decimal = Field(
        default=Decimal(80), description="Highest temperature that the sensor can measure."
    )
