"""The drivers that there are: name -> driver, one line each. The name is the folder below `drivers/`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel

from onebook_edge.device import ByteDriver, ModbusDriver
from onebook_edge.drivers.modbus_registers.driver import modbus_registers
from onebook_edge.drivers.modbus_registers.settings import ModbusRegistersSettings
from onebook_edge.drivers.mt_sics.driver import MtSics
from onebook_edge.drivers.mt_sics.settings import MtSicsSettings
from onebook_edge.drivers.r200.driver import R200
from onebook_edge.drivers.r200.settings import R200Settings
from onebook_edge.drivers.renke_pr3000.driver import renke_pr3000
from onebook_edge.drivers.renke_pr3000.settings import RenkePr3000Settings
from onebook_edge.drivers.serial_scanner.driver import SerialScanner
from onebook_edge.drivers.serial_scanner.settings import SerialScannerSettings
from onebook_edge.drivers.xy_md02.driver import xy_md02
from onebook_edge.drivers.xy_md02.settings import XyMd02Settings
from onebook_edge.drivers.yaohua_tf0.driver import YaohuaTf0
from onebook_edge.drivers.yaohua_tf0.settings import YaohuaTf0Settings

Driver: TypeAlias = ByteDriver | ModbusDriver


@dataclass(frozen=True, slots=True)
class DriverEntry:
    """`bytes` drivers own a byte stream; `modbus` drivers share a line, and their settings name unit and interval."""

    kind: Literal["bytes", "modbus"]
    settings: type[BaseModel]
    factory: Callable[[str, Any], Driver]

    def build(self, device_id: str, settings: Mapping[str, object]) -> Driver:
        """A driver for one device. Raises pydantic's ValidationError naming every bad setting."""
        return self.factory(device_id, self.settings.model_validate(settings))


DRIVERS: Mapping[str, DriverEntry] = {
    "modbus_registers": DriverEntry("modbus", ModbusRegistersSettings, modbus_registers),
    "mt_sics": DriverEntry("bytes", MtSicsSettings, MtSics),
    "r200": DriverEntry("bytes", R200Settings, R200),
    "renke_pr3000": DriverEntry("modbus", RenkePr3000Settings, renke_pr3000),
    "serial_scanner": DriverEntry("bytes", SerialScannerSettings, SerialScanner),
    "xy_md02": DriverEntry("modbus", XyMd02Settings, xy_md02),
    "yaohua_tf0": DriverEntry("bytes", YaohuaTf0Settings, YaohuaTf0),
}
