"""Any Modbus sensor, by a register table in the configuration."""

from __future__ import annotations

from onebook_edge.drivers.modbus_registers.settings import ModbusRegistersSettings
from onebook_edge.registers import RegisterTable


def modbus_registers(device_id: str, settings: ModbusRegistersSettings) -> RegisterTable:
    registers_max = settings.registers_per_request_max
    return RegisterTable(device_id, settings, settings.registers, registers_max=registers_max)
