"""One simulated warehouse with its devices behind ports: scanner, scale, RFID reader, RS-485 line with a probe per zone."""

from __future__ import annotations

import enum
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from onebook_firmware_sim.device import Device
from onebook_firmware_sim.devices import modbus_sensor, r200, yaohua_tf0
from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.modbus_line import ModbusLine
from onebook_firmware_sim.devices.modbus_sensor import ModbusSensor
from onebook_firmware_sim.devices.mt_sics import MtSics
from onebook_firmware_sim.devices.pr3000 import Pr3000
from onebook_firmware_sim.devices.r200 import R200
from onebook_firmware_sim.devices.serial_scanner import SerialScanner
from onebook_firmware_sim.devices.weighing import Weighing
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.devices.yaohua_tf0 import YaohuaTf0
from onebook_firmware_sim.faults import Fault, FaultPlan, FaultyDevice, Spoiler
from onebook_firmware_sim.ports import Port, PtyPort, TcpPort
from onebook_firmware_sim.truth import Climate
from onebook_firmware_sim.warehouse import Warehouse, Zone

_SCANNER_BAUD = 9600
_CAPACITY_KG, _DIVISION_KG = Decimal(150), Decimal("0.05")
_ROUND_MS = 50


class ScaleModel(enum.StrEnum):
    YAOHUA_TF0 = "yaohua_tf0"
    MT_SICS = "mt_sics"  # Behind TCP.


class Probe(enum.StrEnum):
    XY_MD02 = "xy_md02"
    PR3000 = "pr3000"


BAUDS: Mapping[Probe, int] = {Probe.XY_MD02: 9600, Probe.PR3000: 4800}
"""Of a probe as it leaves the factory. All probes of a line have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    key: str
    name_zh: str
    name_en: str
    division: str
    people: tuple[str, ...]
    zones: tuple[Zone, ...]
    scale: ScaleModel
    probe: Probe


# What goes wrong on cables. Only devices whose frames prove themselves suffer it, or that say everything twice: a scanner's code
# has no check sum, and a changed quantity label would be another truth, not a fault.
_USUAL = {Fault.BIT_FLIPPED: 0.005, Fault.CUT: 0.005, Fault.GARBAGE_BEFORE: 0.005, Fault.LATE: 0.005}
_NOISY = {
    Fault.BIT_FLIPPED: 0.08,
    Fault.CUT: 0.05,
    Fault.GARBAGE_BEFORE: 0.05,
    Fault.TRICKLED: 0.03,
    Fault.SPOILED: 0.03,
}
_SCANNER_FAULTS = FaultPlan(rates={Fault.TRICKLED: 0.1, Fault.LATE: 0.05}, late_ms=(50, 400), byte_gap_ms=(1, 8))


class SimulatedSite:
    """`faults`: cables are never quite quiet. Ports are plugged in by `plug`, and reached below `folder`/dev."""

    def __init__(self, plan: SitePlan, folder: Path, dice: random.Random, *, faults: bool = False) -> None:
        self.plan = plan
        self.warehouse = Warehouse(plan.zones)
        self.division_kg = _DIVISION_KG
        self.scanner_link = folder / "dev" / "scanner"
        self._faults = faults
        self._dice = dice
        self._folder = folder
        self._faulty: dict[str, FaultyDevice] = {}
        self._spoilers: dict[str, tuple[Spoiler, ...]] = {}
        scanner: Device = FaultyDevice(SerialScanner(), _SCANNER_FAULTS, dice) if faults else SerialScanner()
        self.scanner = PtyPort(scanner, self.scanner_link, baud=_SCANNER_BAUD)
        self.ports: dict[str, Port] = {
            "scanner": self.scanner,
            "scale": self._scale(),
            "rfid": self._reader(),
            "rs485": self._line(),
        }
        self.disturb(noisy=False)

    async def plug(self) -> None:
        (self._folder / "dev").mkdir(parents=True, exist_ok=True)
        for port in self.ports.values():
            await port.plug()

    async def unplug(self) -> None:
        for port in self.ports.values():
            await port.unplug()

    def disturb(self, *, noisy: bool) -> None:
        """Make the cables noisy, or as quiet as they are."""
        for name, device in self._faulty.items():
            rates = dict(_NOISY if noisy else _USUAL if self._faults else {})
            if not self._spoilers[name]:
                rates.pop(Fault.SPOILED, None)
            device.plan = FaultPlan(rates=rates, spoilers=self._spoilers[name], late_ms=(50, 300))

    def fault_counts(self) -> dict[str, dict[str, int]]:
        return {name: dict(device.counts) for name, device in self._faulty.items()}

    def tcp_ports(self) -> dict[str, int]:
        return {name: port.port for name, port in self.ports.items() if isinstance(port, TcpPort)}

    def description(self) -> dict[str, object]:
        """All that somebody must know who sets up an edge for this site; ports are known once plugged in."""
        plan = self.plan
        return {
            "site": plan.key,
            "name_zh": plan.name_zh,
            "name_en": plan.name_en,
            "division": plan.division,
            "people": plan.people,
            "bins": {zone.name: zone.bins for zone in plan.zones},
            "devices": {
                "scanner": {"kind": "serial_scanner", "link": str(self.scanner_link), "baud": _SCANNER_BAUD},
                "scale": self._where("scale", baud=9600)
                | {"kind": plan.scale.value, "unit": "kg", "division": str(_DIVISION_KG)},
                "rfid": self._where("rfid", baud=115_200) | {"kind": "r200"},
                "rs485": self._where("rs485", baud=BAUDS[plan.probe])
                | {
                    "kind": plan.probe.value,
                    "addresses": {zone.name: address for address, zone in enumerate(plan.zones, 1)},
                },
            },
        }

    def _where(self, name: str, *, baud: int) -> dict[str, object]:
        port = self.ports[name]
        if isinstance(port, TcpPort):
            return {"host": "127.0.0.1", "port": port.port}
        return {"link": str(self._folder / "dev" / name), "baud": baud}

    def _scale(self) -> Port:
        weighing = Weighing(self.warehouse.load, capacity=_CAPACITY_KG, division=_DIVISION_KG)
        if self.plan.scale is ScaleModel.MT_SICS:
            return TcpPort(self._with_faults("scale", MtSics(weighing)), "127.0.0.1", 0)
        scale = self._with_faults("scale", YaohuaTf0(weighing), yaohua_tf0.with_wrong_checksum)
        return PtyPort(scale, self._folder / "dev" / "scale")

    def _reader(self) -> Port:
        reader = R200(self.warehouse.field, round_ms=_ROUND_MS)
        return PtyPort(self._with_faults("rfid", reader, r200.with_wrong_checksum), self._folder / "dev" / "rfid")

    def _line(self) -> Port:
        baud = BAUDS[self.plan.probe]
        sensors = [
            self._with_faults(
                f"probe-{zone.name}",
                ModbusSensor(self._probe(self.warehouse.climates[zone.name], address), baud=baud),
                modbus_sensor.with_wrong_crc,
                modbus_sensor.from_another_address,
            )
            for address, zone in enumerate(self.plan.zones, 1)
        ]
        return PtyPort(ModbusLine(sensors, baud=baud), self._folder / "dev" / "rs485")

    def _probe(self, climate: Climate, address: int) -> XyMd02 | Pr3000:
        kind = XyMd02 if self.plan.probe is Probe.XY_MD02 else Pr3000
        return kind(ClimateElement(climate), address=address)

    def _with_faults(self, name: str, device: Device, *spoilers: Spoiler) -> FaultyDevice:
        self._faulty[name] = FaultyDevice(device, FaultPlan(), self._dice)
        self._spoilers[name] = spoilers
        return self._faulty[name]
