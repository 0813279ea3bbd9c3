from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from onebook_edge.catalog import DRIVERS
from onebook_edge.device import Measured, Observed, RegisterRange, RegistersRead
from onebook_edge.machine import Instant
from onebook_edge.registers import ModbusSettings, Register, RegisterTable, decode_words
from tests.unit.edge.drivers.playing import START, frame
from tests.unit.edge.drivers.vectors import vectors

_TENTH = {"factor": "0.1"}
_T = {"quantity": "temperature_c", "unit": "CEL"}
_H = {"quantity": "humidity_rh", "unit": "P1"}


def _both(first: dict[str, str], second: dict[str, str], function: int = 3, address: int = 0) -> dict[str, Any]:
    rows = ({"address": address, **first}, {"address": address + 1, **second})
    return {"registers": [{"function": function, **_TENTH, **row} for row in rows]}


_SENSORS: dict[str, tuple[str, dict[str, Any]]] = {
    "xy-md02": ("xy_md02", {}),
    "xy-md02-x100": ("xy_md02", {"factor": "0.01"}),
    "rs-ws-n01": ("renke_pr3000", {}),
    "microrobotics-th": ("modbus_registers", _both(_T, _H)),
    "l-com-th": ("modbus_registers", _both(_T, _H)),
    "comwintop-th": ("modbus_registers", _both(_H, _T)),
    "huawei-th": ("modbus_registers", _both(_T, _H, address=2)),
    "kincony-sht30": ("modbus_registers", _both({**_T, "below_zero": "10000_plus"}, _H, function=4)),
}
_KINCONY_FLOAT = {"registers": [{"address": 2, "function": 4, "type": "float32", **_T}]}
_ADDRESS = {"registers": [{"address": 257, "type": "uint16", "quantity": "device_address", "unit": "C62"}]}
# Where the request is not given, the factor says which device, and the register is the first of its table.
_REQUESTS = {"mb-06": "010400010001600a", "mw-08": "010300000002c40b"}


def _sensor(vector: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if vector["id"] == "mb-18":
        return "modbus_registers", _KINCONY_FLOAT
    if "device_address" in vector["expect"]:
        return "modbus_registers", _ADDRESS
    return _SENSORS[vector["device"]]


def _registers(vector: dict[str, Any]) -> RegistersRead:
    request = frame(vector["request_hex"] or _REQUESTS[vector["id"]])
    answer = frame(vector["response_hex"])
    function, address = request[1], int.from_bytes(request[2:4], "big")
    words = [int.from_bytes(answer[i : i + 2], "big") for i in range(3, len(answer), 2)]
    return RegistersRead({(function, address + i): word for i, word in enumerate(words)}, {})


@pytest.mark.parametrize(
    "vector",
    [
        vector
        for vector in vectors("modbus.json")
        if vector.values[0]["device"] in _SENSORS and vector.values[0]["id"] != "mb-09"  # mb-09 writes.
    ],
)
def test_the_registers_of_a_vector_give_its_values(vector: dict[str, Any]) -> None:
    name, settings = _sensor(vector)
    outputs = DRIVERS[name].build("p1", settings).decode(_registers(vector), START)
    readings = [output.reading for output in outputs if isinstance(output, Observed)]
    values = {reading.quantity: reading.value for reading in readings if isinstance(reading, Measured)}
    for quantity, text in vector["expect"].items():
        assert values[quantity] == Decimal(text)


def test_a_float_is_the_number_that_its_sender_meant() -> None:
    (vector,) = (v.values[0] for v in vectors("modbus.json", device="generic-float"))
    words = list(_registers(vector).values.values())
    assert str(decode_words(_register(type="float32"), words)) == vector["expect"]["weight_abcd"]


def _register(**fields: Any) -> Register:
    return Register.model_validate({"address": 0, "quantity": "weight_kg", "unit": "KGM", **fields})


@pytest.mark.parametrize(
    ("byte_order", "words"),
    [
        ("ABCD", (0x4145, 0x70A4)),
        ("CDAB", (0x70A4, 0x4145)),
        ("BADC", (0x4541, 0xA470)),
        ("DCBA", (0xA470, 0x4541)),
    ],
)
def test_every_byte_order_gives_the_same_float(byte_order: str, words: tuple[int, int]) -> None:
    assert decode_words(_register(type="float32", byte_order=byte_order), words) == Decimal("12.34")


@pytest.mark.parametrize(
    ("kind", "words", "value"),
    [
        ("int16", (0xFF9B,), -101),
        ("uint16", (0xFF9B,), 65_435),
        ("int32", (0xFFFF, 0xFF9B), -101),
        ("uint32", (0x8000, 0), 2_147_483_648),
        ("float32", (0x7F7F, 0xFFFF), "3.4028235E+38"),
        ("float32", (0x0000, 0x0001), "1.4013E-45"),
        ("float32", (0x3DCC, 0xCCCD), "0.1"),
        ("float32", (0x4B80, 0x0001), "16777218"),
        ("float32", (0, 0), 0),
    ],
)
def test_each_type_of_number_is_read(kind: str, words: tuple[int, ...], value: object) -> None:
    assert decode_words(_register(type=kind), words) == Decimal(str(value))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("int16", (0x8000,)),
        ("int16", (0x7FFF,)),
        ("int16", (0xFFFF,)),
        ("uint16", (0xFFFF,)),
        ("int32", (0x8000, 0)),
        ("uint32", (0xFFFF, 0xFFFF)),
        ("float32", (0x7FC0, 0)),
        ("float32", (0x7F80, 0)),
        ("float32", (0xFFFF, 0xFFFF)),
    ],
)
def test_a_marker_of_no_value_is_no_value(kind: str, words: tuple[int, ...]) -> None:
    assert decode_words(_register(type=kind), words) is None


def test_the_markers_can_be_said_or_taken_away() -> None:
    assert decode_words(_register(invalid_raw=[]), (0xFFFF,)) == -1
    assert decode_words(_register(invalid_raw=[9999]), (9999,)) is None


@pytest.mark.parametrize(("raw", "value"), [(9999, "999.9"), (10_000, "0"), (10_100, "-10.0"), (0, "0")])
def test_ten_thousand_plus_is_below_zero(raw: int, value: str) -> None:
    register = _register(type="uint16", factor="0.1", below_zero="10000_plus")
    assert decode_words(register, (raw,)) == Decimal(value)


def test_factor_and_offset_are_exact_and_keep_the_resolution() -> None:
    assert str(decode_words(_register(factor="0.1"), (300,))) == "30.0"
    assert str(decode_words(_register(factor="0.01", offset="-273.15"), (29_315,))) == "20.00"


@pytest.mark.parametrize(("raw", "value"), [(1000, "100.0"), (1020, "102.0"), (1021, None), (0xFFFB, None)])
def test_humidity_is_passed_on_as_sent_up_to_102_and_never_clamped(raw: int, value: str | None) -> None:
    driver = DRIVERS["renke_pr3000"].build("p1", {})
    humidity = driver.decode(RegistersRead({(3, 0): raw, (3, 1): 200}, {}), START)[0].reading
    assert humidity.value == (None if value is None else Decimal(value))


def _ranges(*places: tuple[int, int], types: str = "int16", registers_max: int = 124) -> list[tuple[int, int, int]]:
    registers = [
        _register(function=function, address=address, type=types, quantity=f"q{i}")
        for i, (function, address) in enumerate(places)
    ]
    table = RegisterTable("p1", ModbusSettings(), registers, registers_max=registers_max)
    return [(asked.function, asked.address, asked.count) for asked in table.ranges()]


def test_neighbours_up_to_four_apart_share_a_request() -> None:
    assert _ranges((3, 5), (3, 0)) == [(3, 0, 6)]
    assert _ranges((3, 0), (3, 6)) == [(3, 0, 1), (3, 6, 1)]
    assert _ranges((3, 0), (4, 1)) == [(3, 0, 1), (4, 1, 1)]
    assert _ranges((3, 0), (3, 0)) == [(3, 0, 1)]
    assert _ranges((3, 0), (3, 2), types="float32") == [(3, 0, 4)]


def test_a_request_stays_below_the_limit_of_the_device_and_never_splits_a_pair() -> None:
    assert _ranges(*((4, address) for address in range(0, 10, 2)), types="int32", registers_max=5) == [
        (4, 0, 4),
        (4, 4, 4),
        (4, 8, 2),
    ]
    assert max(count for _, _, count in _ranges(*((3, address) for address in range(500)))) == 124


def test_a_range_that_stayed_silent_leaves_the_others_their_values() -> None:
    table = RegisterTable("p1", ModbusSettings(), [_register(), _register(address=50, quantity="other_kg")])
    answer = RegistersRead({(3, 0): 7}, {RegisterRange(3, 50, 1): "no-answer"})
    readings = [output.reading for output in table.decode(answer, START) if isinstance(output, Observed)]
    assert [(r.quality, r.value) for r in readings if isinstance(r, Measured)] == [("good", 7), ("no_answer", None)]


def test_each_reading_has_the_moment_of_the_answer_that_it_came_in() -> None:
    table = RegisterTable("p1", ModbusSettings(), [_register(), _register(address=50, quantity="other_kg")])
    earlier = Instant(START.monotonic_ms - 20, START.wall_ms - 20)
    answer = RegistersRead({(3, 0): 7, (3, 50): 8}, {}, {(3, 0): earlier})
    readings = [output.reading for output in table.decode(answer, START) if isinstance(output, Observed)]
    assert [reading.observed_at for reading in readings] == [earlier, START]
