"""Modbus answers, on a serial line and over TCP, for every driver that reads registers."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from random import Random
from typing import cast

from onebook_edge.catalog import DRIVERS
from onebook_edge.device import Faulted, ModbusDriver, Observed, Quality, RegisterRange, RegistersRead
from onebook_edge.links.modbus_frames import Fault, Framing, RtuFraming, TcpFraming, crc
from tests.fuzz.bombardment import Hit, Target
from tests.fuzz.mutation import spoiled_bytes
from tests.unit.edge.drivers.cases import sample_settings
from tests.unit.edge.drivers.playing import START

UNIT = 1
_ODD_WORDS = (0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7F80, 0xFF80, 0x7FC0)


def targets() -> Iterator[Target]:
    for name, entry in DRIVERS.items():
        if entry.kind == "modbus":
            ranges = _build(name).ranges()
            yield Target(f"modbus-rtu-{name}", _forge_rtu(ranges[0]), _open(name, RtuFraming))
            yield Target(f"modbus-tcp-{name}", _forge_tcp(ranges[0]), _open(name, TcpFraming))


def _build(name: str) -> ModbusDriver:
    return cast(ModbusDriver, DRIVERS[name].build("device-1", sample_settings(name)))


def _pdu(wanted: RegisterRange, dice: Random) -> bytes:
    words = [dice.choice(_ODD_WORDS) if dice.random() < 0.5 else dice.randrange(65_536) for _ in range(wanted.count)]
    return struct.pack(f">BB{wanted.count}H", wanted.function, 2 * wanted.count, *words)


def _forge_rtu(wanted: RegisterRange) -> Callable[[Random], bytes]:
    def forge(dice: Random) -> bytes:
        body = bytes((UNIT,)) + _pdu(wanted, dice)
        if dice.random() < 0.5:
            body = spoiled_bytes(body, [body], dice)
            return body + crc(body)
        return spoiled_bytes(body + crc(body), [body], dice)

    return forge


def _forge_tcp(wanted: RegisterRange) -> Callable[[Random], bytes]:
    def forge(dice: Random) -> bytes:
        pdu = _pdu(wanted, dice)
        if dice.random() < 0.5:
            pdu = spoiled_bytes(pdu, [pdu], dice)[:250]
            return struct.pack(">HHHB", 1, 0, 1 + len(pdu), UNIT) + pdu
        return spoiled_bytes(struct.pack(">HHHB", 1, 0, 1 + len(pdu), UNIT) + pdu, [pdu], dice)

    return forge


def _open(name: str, framing: Callable[[], Framing]) -> Callable[[Random], Hit]:
    def open_(_: Random) -> Hit:
        driver = _build(name)
        wanted, *others = driver.ranges()

        def hit(body: bytes) -> str | None:
            asked = framing()
            asked.request(UNIT, wanted)
            heard = asked.receive(body)
            heard = asked.give_up() if heard is None else heard
            failed = dict.fromkeys(others, "no-answer")
            if isinstance(heard, Fault):
                failed[wanted] = heard.reason
                _check(driver, RegistersRead({}, failed))
                return heard.reason
            assert len(heard) == wanted.count
            values = {(wanted.function, wanted.address + n): word for n, word in enumerate(heard)}
            _check(driver, RegistersRead(values, failed))
            return None

        return hit

    return open_


def _check(driver: ModbusDriver, answer: RegistersRead) -> None:
    for output in driver.decode(answer, START):
        if isinstance(output, Faulted):
            assert output.reason
            continue
        assert isinstance(output, Observed)
        value, quality = output.reading.value, output.reading.quality  # type: ignore[union-attr]
        assert (value is not None and value.is_finite()) == (quality is Quality.GOOD)
