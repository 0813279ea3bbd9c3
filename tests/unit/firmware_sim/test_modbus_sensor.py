from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from onebook_firmware_sim.device import HostSent, PoweredOn
from onebook_firmware_sim.devices.climate_element import ClimateElement, ElementCondition
from onebook_firmware_sim.devices.modbus_pdu import BUSY, DEVICE_FAILURE, RegisterMap
from onebook_firmware_sim.devices.modbus_sensor import ModbusSensor, crc16, rtu_frame, with_a_register_less
from onebook_firmware_sim.devices.pr3000 import Pr3000
from onebook_firmware_sim.devices.xy_md02 import XyMd02
from onebook_firmware_sim.truth import Climate, Drift
from tests.unit.firmware_sim.bench import Bench, vectors

VECTORS = vectors("modbus.json")
READ_BOTH_XY = rtu_frame(1, bytes.fromhex("0400010002"))
READ_BOTH_PR = bytes.fromhex("010300000002c40b")


class Table(RegisterMap):
    """Registers of a device whose map this test takes straight from a vector."""

    def __init__(self, function: int, start: int, *values: int) -> None:
        self.address = 1
        self.failure = None
        self._function = function
        self._values = dict(enumerate(values, start))

    def registers(self, function: int, now_ms: int) -> Mapping[int, int] | None:
        return self._values if function == self._function else None

    def write(self, address: int, value: int) -> None:
        self._values[address] = value

    def power_up(self) -> None: ...


def xy_md02(temperature_c: str = "30.5", humidity_rh: str = "54.6", address: int = 1) -> XyMd02:
    return XyMd02(ClimateElement(Climate(Decimal(temperature_c), Decimal(humidity_rh))), address=address)


def pr3000(temperature_c: str, humidity_rh: str) -> Pr3000:
    return Pr3000(ClimateElement(Climate(Decimal(temperature_c), Decimal(humidity_rh))))


def both_of(answer: bytes) -> tuple[int, int]:
    assert len(answer) == 9
    assert crc16(answer) == 0
    return int.from_bytes(answer[3:5]), int.from_bytes(answer[5:7])


@pytest.mark.parametrize(
    ("vector", "registers"),
    [
        ("mb-01", xy_md02("30.5", "50")),
        ("mb-02", xy_md02("20", "54.6")),
        ("mb-08", xy_md02()),
        ("mb-09", xy_md02()),
        ("mb-11", pr3000("-10.1", "65.8")),
        ("mb-12", Table(3, 0, 273, 626)),
        ("mb-13", Table(3, 2, 246, 287)),
        ("mb-15", pr3000("-9.7", "48.6")),
        ("mb-17", Table(4, 0, 250, 500)),
        ("mb-18", Table(4, 2, 0xC148, 0)),
        ("mb-19", Table(3, 0, 0xFF9B, 329)),
        ("mw-01", Table(3, 6, 0x0800, 0, 12500, 0, 10000)),
        ("mw-04", Table(3, 6, 1, 0, 0, 0, 0)),
    ],
)
def test_the_manuals_request_gets_the_manuals_answer(vector: str, registers: RegisterMap) -> None:
    bench = Bench(ModbusSensor(registers))
    answer = bench.ask(bytes.fromhex(VECTORS[vector]["request_hex"]))
    assert answer.hex() == VECTORS[vector]["response_hex"]


def test_an_absent_register_is_exception_2() -> None:
    assert Bench(ModbusSensor(xy_md02())).ask(rtu_frame(1, bytes.fromhex("0300000002"))).hex() == "018302c0f1"


def test_a_busy_and_a_failed_device_answer_exceptions_6_and_4() -> None:
    probe = xy_md02()
    probe.failure = BUSY
    assert Bench(ModbusSensor(probe)).ask(READ_BOTH_XY).hex() == VECTORS["mb-25"]["response_hex"]
    failed = Table(3, 0, 1)
    failed.address, failed.failure = 0x11, DEVICE_FAILURE
    answer = Bench(ModbusSensor(failed)).ask(rtu_frame(0x11, bytes.fromhex("0300000001")))
    assert answer.hex() == VECTORS["mb-26"]["response_hex"]


@pytest.mark.parametrize(
    ("request_pdu", "code"),
    [("0100000001", 1), ("0400010000", 3), ("040001007e", 3), ("0601010000", 3), ("0609990001", 2)],
)
def test_wrong_requests_get_the_exception_of_the_standard(request_pdu: str, code: int) -> None:
    pdu = bytes.fromhex(request_pdu)
    assert Bench(ModbusSensor(xy_md02())).ask(rtu_frame(1, pdu)) == rtu_frame(1, bytes((pdu[0] | 0x80, code)))


@pytest.mark.parametrize("pdu", ["0400", "8402", "04020131", "1001010002", "100101000204002025", "0601010001ff"])
def test_what_cannot_be_a_request_is_not_answered(pdu: str) -> None:
    assert Bench(ModbusSensor(xy_md02())).ask(rtu_frame(1, bytes.fromhex(pdu))) == b""


def test_a_function_that_the_probe_does_not_know_is_exception_1() -> None:
    assert Bench(ModbusSensor(pr3000("20", "50"))).ask(rtu_frame(1, bytes.fromhex("0400000001"))) == rtu_frame(
        1, b"\x84\x01"
    )


def test_a_frame_with_a_wrong_crc_or_another_address_is_passed_over() -> None:
    bench = Bench(ModbusSensor(xy_md02()))
    assert bench.ask(READ_BOTH_XY[:-1] + b"\x00") == b""
    assert bench.ask(rtu_frame(2, bytes.fromhex("0400010002"))) == b""
    assert both_of(bench.ask(READ_BOTH_XY)) == (305, 546)


def test_a_frame_ends_by_silence_and_a_pause_inside_breaks_it() -> None:
    bench = Bench(ModbusSensor(xy_md02(), baud=9600))
    bench.tell(HostSent(READ_BOTH_XY[:3]))
    bench.run(3)
    assert bench.ask(READ_BOTH_XY[3:]) != b""
    bench.tell(HostSent(READ_BOTH_XY[:3]))
    bench.run(5)
    assert bench.ask(READ_BOTH_XY[3:]) == b""


def test_the_answer_comes_after_silence_and_latency() -> None:
    bench = Bench(ModbusSensor(xy_md02(), baud=9600, latency_ms=20))
    bench.ask(READ_BOTH_XY)
    assert [at_ms for at_ms, _ in bench.sent] == [4 + 20]


def test_a_broadcast_is_carried_out_and_not_answered() -> None:
    bench = Bench(ModbusSensor(xy_md02()))
    assert bench.ask(rtu_frame(0, bytes.fromhex("0601030005"))) == b""
    assert both_of(bench.ask(READ_BOTH_XY)) == (310, 546)


def test_a_new_address_counts_after_power_up() -> None:
    bench = Bench(ModbusSensor(xy_md02()))
    bench.ask(bytes.fromhex(VECTORS["mb-09"]["request_hex"]))
    assert bench.ask(READ_BOTH_XY) != b""
    bench.tell(PoweredOn())
    assert bench.ask(READ_BOTH_XY) == b""
    assert both_of(bench.ask(rtu_frame(32, bytes.fromhex("0400010002")))) == (305, 546)


def test_a_negative_correction_is_added() -> None:
    bench = Bench(ModbusSensor(xy_md02("-10.0")))
    bench.ask(rtu_frame(1, bytes.fromhex("060103ffff")))
    assert both_of(bench.ask(READ_BOTH_XY)) == (0xFF9B, 546)


def test_a_frozen_element_shows_its_last_values_and_a_disconnected_one_none() -> None:
    climate = Climate(Decimal("20.0"), Decimal("50.0"))
    probe = Pr3000(ClimateElement(climate))
    bench = Bench(ModbusSensor(probe, baud=4800))
    assert both_of(bench.ask(READ_BOTH_PR)) == (500, 200)
    probe.element.condition = ElementCondition.FROZEN
    climate.temperature_c = Decimal("28.0")
    assert both_of(bench.ask(READ_BOTH_PR)) == (500, 200)
    probe.element.condition = ElementCondition.DISCONNECTED
    assert both_of(bench.ask(READ_BOTH_PR)) == (0x8000, 0x8000)
    probe.element.condition = ElementCondition.WORKING
    assert both_of(bench.ask(READ_BOTH_PR)) == (500, 280)


def test_a_temperature_outside_the_elements_range_is_no_value() -> None:
    assert both_of(Bench(ModbusSensor(xy_md02("-40.1"))).ask(READ_BOTH_XY)) == (0x8000, 546)


def test_a_drifting_element_departs_from_the_truth_by_the_hour() -> None:
    element = ClimateElement(Climate(Decimal(20), Decimal(50)), drift_c=Drift(Decimal("0.5")))
    bench = Bench(ModbusSensor(XyMd02(element)))
    assert both_of(bench.ask(READ_BOTH_XY)) == (200, 500)
    bench.run(2 * 3_600_000)
    assert both_of(bench.ask(READ_BOTH_XY)) == (210, 500)


def test_a_short_answer_is_a_right_frame_with_a_register_less() -> None:
    short = with_a_register_less(Bench(ModbusSensor(xy_md02())).ask(READ_BOTH_XY))
    assert short == rtu_frame(1, bytes.fromhex("04020131"))
