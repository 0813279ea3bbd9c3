"""One simulated device behind a port, worked by typing: for trying a driver, or any program that reads such a device.

A line on standard input is what happens to the device; `KINDS` says what can be typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from onebook_firmware_sim.device import Device, DeviceInput
from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.climate_probe import ClimateProbe
from onebook_firmware_sim.devices.modbus_sensor import ModbusSensor
from onebook_firmware_sim.devices.mt_sics import MtSics
from onebook_firmware_sim.devices.pr3000 import Pr3000
from onebook_firmware_sim.devices.r200 import R200
from onebook_firmware_sim.devices.serial_scanner import CodePresented, SerialScanner
from onebook_firmware_sim.devices.weighing import Weighing
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.devices.yaohua_tf0 import YaohuaTf0
from onebook_firmware_sim.truth import AntennaField, Climate, LoadOnScale, Tag

Happens: TypeAlias = Callable[[str], DeviceInput | None]
"""Takes a typed line; gives what to tell the device, if it must be told. Raises ValueError for what cannot be understood."""


@dataclass(frozen=True, slots=True)
class ByHand:
    device: Device
    happens: Happens


@dataclass(frozen=True, slots=True)
class Kind:
    typed: str
    build: Callable[[], ByHand]


def _scanner() -> ByHand:
    def scan(line: str) -> CodePresented:
        aim, text = (line[:3], line[3:]) if line.startswith("]") else ("]C0", line)
        return CodePresented(text.replace("<GS>", "\x1d"), aim)

    return ByHand(SerialScanner(), scan)


def _scale(build: Callable[[Weighing], Device]) -> ByHand:
    load = LoadOnScale()

    def put(line: str) -> None:
        load.kg = _decimal(line)

    return ByHand(build(Weighing(load, capacity=Decimal(150), division=Decimal("0.05"))), put)


def _reader() -> ByHand:
    field = AntennaField()

    def enter_or_leave(line: str) -> None:
        epc = line.removeprefix("-").upper()
        if len(bytes.fromhex(epc)) % 2 or not epc:
            raise ValueError("an EPC is whole words of 16 bits, in hex")
        if line.startswith("-"):
            field.tags.pop(epc, None)
        else:
            field.enter(Tag(epc))

    return ByHand(R200(field), enter_or_leave)


def _probe(build: Callable[[ClimateElement], ClimateProbe], baud: int) -> ByHand:
    climate = Climate(Decimal(20), Decimal(50))

    def change(line: str) -> None:
        temperature_c, humidity_rh = line.split()
        climate.temperature_c, climate.humidity_rh = _decimal(temperature_c), _decimal(humidity_rh)

    return ByHand(ModbusSensor(build(ClimateElement(climate)), baud=baud), change)


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"{text!r} is no number") from error
    if not value.is_finite():
        raise ValueError(f"{text!r} is no number")
    return value


KINDS: Mapping[str, Kind] = {
    "serial_scanner": Kind("a code, with or without AIM identifier; <GS> is the separator", _scanner),
    "yaohua_tf0": Kind("kilograms on the scale", lambda: _scale(YaohuaTf0)),
    "mt_sics": Kind("kilograms on the scale", lambda: _scale(MtSics)),
    "r200": Kind("an EPC in hex enters the field; with - before it, it leaves", _reader),
    "xy_md02": Kind("temperature and humidity", lambda: _probe(XyMd02, 9600)),
    "pr3000": Kind("temperature and humidity", lambda: _probe(Pr3000, 4800)),
}
