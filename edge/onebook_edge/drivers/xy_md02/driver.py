"""XY-MD02 and its clones: temperature and humidity by a SHT20 or SHT30, Modbus RTU."""

from __future__ import annotations

from onebook_edge.drivers.xy_md02.registers import table
from onebook_edge.drivers.xy_md02.settings import XyMd02Settings
from onebook_edge.registers import RegisterTable


def xy_md02(device_id: str, settings: XyMd02Settings) -> RegisterTable:
    return RegisterTable(device_id, settings, table(settings))
