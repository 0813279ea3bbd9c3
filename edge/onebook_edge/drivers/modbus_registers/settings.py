"""What any Modbus sensor is told: its register table, as its manual prints it."""

from __future__ import annotations

from pydantic import Field, model_validator

from onebook_edge.registers import ModbusSettings, Register


class ModbusRegistersSettings(ModbusSettings):
    registers: tuple[Register, ...] = Field(
        min_length=1, max_length=64, description="The quantities to read, one entry each; there is no default."
    )
    registers_per_request_max: int = Field(
        default=124, ge=2, le=124, description="The most registers that the device answers at once (Laumas: 32)."
    )

    @model_validator(mode="after")
    def _quantities_are_told_apart(self) -> ModbusRegistersSettings:
        names = [register.quantity for register in self.registers]
        if len(set(names)) < len(names):
            raise ValueError("each register needs its own quantity: rename the doubled one, e.g. temperature_2_c")
        return self
