from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.modbus_line import ModbusLine
from onebook_firmware_sim.devices.modbus_sensor import ModbusSensor, crc16, rtu_frame
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.truth import Climate
from tests.unit.firmware_sim.bench import Bench

ANSWER_10_C = rtu_frame(1, bytes.fromhex("04020064"))


def sensor(address: int, temperature_c: str, latency_ms: int = 20) -> ModbusSensor:
    element = ClimateElement(Climate(Decimal(temperature_c), Decimal(50)))
    return ModbusSensor(XyMd02(element, address=address), latency_ms=latency_ms)


def read_temperature(address: int) -> bytes:
    return rtu_frame(address, bytes.fromhex("0400010001"))


def test_every_device_answers_to_its_own_address_only() -> None:
    bench = Bench(ModbusLine([sensor(1, "10.0"), sensor(2, "20.0"), sensor(3, "30.0")]))
    for address, expected in ((1, 100), (3, 300), (2, 200)):
        assert bench.ask(read_temperature(address)) == rtu_frame(address, b"\x04\x02" + expected.to_bytes(2))
    assert bench.ask(read_temperature(4)) == b""


def test_an_answer_arrives_when_its_last_character_has_passed() -> None:
    bench = Bench(ModbusLine([sensor(1, "10.0")], baud=9600))
    bench.ask(read_temperature(1))
    assert [at_ms for at_ms, _ in bench.sent] == [4 + 20 + 8]  # 7 characters take 7.3 ms.


@pytest.mark.parametrize("later_ms", range(7))
def test_two_devices_with_one_address_never_give_a_readable_answer(later_ms: int) -> None:
    bench = Bench(ModbusLine([sensor(1, "10.0"), sensor(1, "10.0", latency_ms=20 + later_ms)]))
    garbled = bench.ask(read_temperature(1))
    assert len(garbled) == 7 + max(1, later_ms * 1000 // 1041)
    assert ANSWER_10_C not in garbled
    assert crc16(garbled) != 0


def test_an_answer_of_a_second_device_after_the_first_is_a_second_answer() -> None:
    bench = Bench(ModbusLine([sensor(1, "10.0"), sensor(1, "10.0", latency_ms=28)]))
    assert bench.ask(read_temperature(1)) == ANSWER_10_C * 2


def test_a_request_too_soon_after_an_answer_melts_with_it_in_the_ears_of_the_others() -> None:
    bench = Bench(ModbusLine([sensor(1, "10.0"), sensor(2, "20.0")]))
    bench.ask(read_temperature(1), wait_ms=32)
    assert bench.ask(read_temperature(2)) == b""
    bench.ask(read_temperature(1), wait_ms=32)
    bench.run(4)
    assert bench.ask(read_temperature(2)) != b""
