from __future__ import annotations

from decimal import Decimal

from onebook_firmware_sim.device import HostConnected, HostSent
from onebook_firmware_sim.devices.climate_element import ClimateElement
from onebook_firmware_sim.devices.modbus_tcp import AbsentUnit, ModbusTcp, with_wrong_transaction
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.truth import Climate
from tests.unit.firmware_sim.bench import Bench, vectors
from tests.unit.firmware_sim.test_modbus_sensor import Table

VECTORS = vectors("modbus.json")
READ_TEMPERATURE = bytes.fromhex("000700000006010400010001")
ANSWER_20_C = bytes.fromhex("000700000005010402" + "00c8")


def gateway(absent_unit: AbsentUnit = AbsentUnit.EXCEPTION) -> ModbusTcp:
    return ModbusTcp([XyMd02(ClimateElement(Climate(Decimal(20), Decimal(50))))], absent_unit=absent_unit)


def test_the_vectors_are_answered_byte_by_byte() -> None:
    absent = Table(4, 8, 1)
    absent.address = 0xFF
    answer = Bench(ModbusTcp([absent])).ask(bytes.fromhex(VECTORS["mt-02"]["request_hex"]))
    assert answer.hex() == VECTORS["mt-02"]["response_hex"]
    zero = Table(3, 0, 0)
    zero.address = 0xFF
    answer = Bench(ModbusTcp([zero])).ask(bytes.fromhex("001c00000006ff0300000001"))
    assert answer.hex() == VECTORS["mt-04"]["response_hex"]


def test_two_requests_in_one_segment_and_half_ones_are_all_answered() -> None:
    bench = Bench(gateway())
    assert bench.ask(READ_TEMPERATURE * 2 + READ_TEMPERATURE[:5]) == ANSWER_20_C * 2
    assert bench.ask(READ_TEMPERATURE[5:]) == ANSWER_20_C


def test_an_absent_unit_is_exception_0b_or_silence() -> None:
    request = READ_TEMPERATURE[:6] + b"\x09" + READ_TEMPERATURE[7:]
    assert Bench(gateway()).ask(request).hex() == "00070000000309840b"
    assert Bench(gateway(AbsentUnit.SILENCE)).ask(request) == b""


def test_half_a_request_dies_with_its_connection() -> None:
    bench = Bench(gateway())
    bench.tell(HostSent(READ_TEMPERATURE[:7]))
    bench.tell(HostConnected())
    assert bench.ask(READ_TEMPERATURE) == ANSWER_20_C


def test_a_wrong_transaction_number_is_the_only_change_of_its_spoiler() -> None:
    assert with_wrong_transaction(ANSWER_20_C) == b"\x00\x06" + ANSWER_20_C[2:]
