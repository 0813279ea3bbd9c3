from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_firmware_sim.device import HostSent, PoweredOn
from onebook_firmware_sim.devices.mt_sics import MtSics, UnitSwitched
from onebook_firmware_sim.devices.weighing import Key, KeyPressed, Weighing
from onebook_firmware_sim.truth import LoadOnScale
from tests.unit.firmware_sim.bench import Bench, vectors

VECTORS = vectors("scale_frames.json")


def scale(
    load: LoadOnScale, *, division: str = "0.005", unit: str = "kg", width: int = 10, capacity: str = "150"
) -> MtSics:
    weighing = Weighing(load, capacity=Decimal(capacity), division=Decimal(division), unit=unit)
    return MtSics(weighing, value_width=width)


def lines(answer: bytes) -> list[str]:
    return answer.decode("ascii").split("\r\n")[:-1]


@pytest.mark.parametrize(
    ("vector", "kg", "division", "unit", "width"),
    [
        ("ms-01", "12.345", "0.005", "kg", 10),
        ("ms-04", "0.01234", "0.01", "g", 10),
        ("ms-07", "0.1", "0.01", "g", 10),
        ("ms-08", "0.12567", "0.01", "g", 9),
    ],
)
def test_a_published_weight_line_is_sent_for_its_load(
    vector: str, kg: str, division: str, unit: str, width: int
) -> None:
    bench = Bench(scale(LoadOnScale(Decimal(kg)), division=division, unit=unit, width=width, capacity="6200"))
    assert bench.ask(b"SI\r\n").hex() == VECTORS[vector]["hex"]


def test_a_negative_net_weight_is_sent_as_published() -> None:
    load = LoadOnScale(Decimal("12.340"))
    bench = Bench(scale(load, width=11))
    bench.tell(KeyPressed(Key.TARE))
    load.kg = Decimal(0)
    assert bench.ask(b"S\r\n").hex() == VECTORS["ms-03"]["hex"]


@pytest.mark.parametrize(
    ("vector", "kg", "command"),
    [
        ("ms-11", "150.05", b"S\r\n"),
        ("ms-12", "-0.105", b"SI\r\n"),
        ("ms-13", "0", b"s\r\n"),
        ("ms-13", "0", b"WHAT\r\n"),
        ("ms-14", "0", b"\xd3\x49\r\n"),
        ("ms-17", "1.250", b"T\r\n"),
        ("ms-18", "3.005", b"Z\r\n"),
        ("ms-19", "1.250", b"TAC\r\n"),
    ],
)
def test_published_answers_come_for_their_command_and_load(vector: str, kg: str, command: bytes) -> None:
    assert Bench(scale(LoadOnScale(Decimal(kg)))).ask(command).hex() == VECTORS[vector]["hex"]


def test_the_published_stream_of_a_load_that_settles_is_reproduced() -> None:
    load = LoadOnScale(Decimal("1.250"), moving=True)
    bench = Bench(scale(load))
    bench.run(800)
    bench.tell(HostSent(b"SIR\r\n"))
    load.moving = False
    bench.run(200)
    stream = "".join(vectors("scale_streams.json")["sst-04"]["chunks_hex"])
    assert b"".join(data for _, data in bench.sent).hex() == stream


def test_the_serial_number_is_said_at_power_up_and_when_asked() -> None:
    bench = Bench(scale(LoadOnScale()))
    assert bench.at_power_on == [b'I4 A "B021002593"\r\n']
    assert bench.ask(b"I4\r\n") == bench.at_power_on[0]
    assert bench.ask(b"@\r\n") == bench.at_power_on[0]


def test_s_waits_until_the_load_is_stable() -> None:
    load = LoadOnScale(Decimal(20), moving=True)
    bench = Bench(scale(load))
    assert bench.ask(b"S\r\n") == b""
    load.moving = False
    bench.run(200)
    assert bench.sent == [(1200, b"S S     20.000 kg\r\n")]
    bench.run(10_000)
    assert len(bench.sent) == 1


def test_s_that_never_becomes_stable_is_not_executable() -> None:
    bench = Bench(scale(LoadOnScale(Decimal(20), moving=True)))
    assert lines(bench.ask(b"S\r\n", wait_ms=20_000)) == ["S I"]


def test_while_one_command_waits_others_are_not_executed_and_at_cancels() -> None:
    load = LoadOnScale(Decimal(20), moving=True)
    bench = Bench(scale(load))
    assert lines(bench.ask(b"T\r\nSI\r\nZI\r\n")) == ["SI I", "ZI I"]
    assert lines(bench.ask(b"@\r\n")) == ['I4 A "B021002593"']
    load.moving = False
    bench.run(10_000)
    assert lines(bench.ask(b"SI\r\n")) == ["S S     20.000 kg"]


def test_si_tells_that_the_load_moves() -> None:
    bench = Bench(scale(LoadOnScale(Decimal(20), moving=True)))
    assert lines(bench.ask(b"SI\r\n")) == ["S D     20.000 kg"]


def test_sir_repeats_until_a_weight_is_asked_for_once() -> None:
    bench = Bench(scale(LoadOnScale(Decimal(20))))
    assert lines(bench.ask(b"SIR\r\n", wait_ms=1000)) == ["S S     20.000 kg"] * 6
    assert lines(bench.ask(b"SI\r\n", wait_ms=1000)) == ["S S     20.000 kg"]


def test_sr_speaks_only_on_change() -> None:
    load = LoadOnScale(Decimal(20))
    bench = Bench(scale(load))
    assert lines(bench.ask(b"SR\r\n")) == ["S S     20.000 kg"]
    load.kg, load.moving = Decimal(25), True
    bench.run(1000)
    load.moving = False
    bench.run(1000)
    assert [data[:3] for _, data in bench.sent] == [b"S S", b"S D", b"S S"]
    load.kg += Decimal("0.1")
    bench.run(1000)
    assert len(bench.sent) == 3


def test_tare_is_subtracted_preset_read_and_cleared() -> None:
    load = LoadOnScale(Decimal("1.250"))
    bench = Bench(scale(load))
    assert lines(bench.ask(b"T\r\n")) == ["T S      1.250 kg"]
    load.kg = Decimal("5.250")
    assert lines(bench.ask(b"SI\r\nTA\r\n")) == ["S S      4.000 kg", "TA A      1.250 kg"]
    assert lines(bench.ask(b"TA 2.001 kg\r\nSI\r\n")) == ["TA A      2.000 kg", "S S      3.250 kg"]
    assert lines(bench.ask(b"TA 2 lb\r\nTA x kg\r\nTA -1 kg\r\nTA 1e999 kg\r\nTA nan kg\r\n")) == ["TA L"] * 5
    assert lines(bench.ask(b"TAC\r\nSI\r\n")) == ["TAC A", "S S      5.250 kg"]


def test_zero_is_set_within_its_range_only() -> None:
    load = LoadOnScale(Decimal("0.4"))
    bench = Bench(scale(load))
    assert lines(bench.ask(b"Z\r\nSI\r\n")) == ["Z A", "S S      0.000 kg"]
    load.kg = Decimal(-4)
    assert lines(bench.ask(b"Z\r\n")) == ["Z -"]
    load.kg = Decimal("0.1")
    assert lines(bench.ask(b"ZI\r\n")) == ["ZI S"]
    load.moving = True
    assert lines(bench.ask(b"ZI\r\n")) == ["ZI D"]


def test_tare_of_an_overload_or_below_zero_is_refused() -> None:
    load = LoadOnScale(Decimal(200))
    bench = Bench(scale(load))
    assert lines(bench.ask(b"T\r\n")) == ["T +"]
    load.kg = Decimal("-0.05")
    assert lines(bench.ask(b"TI\r\n")) == ["TI -"]


def test_a_switched_unit_shows_in_the_line_and_keeps_the_tare_as_a_weight() -> None:
    load = LoadOnScale(Decimal("1.250"))
    bench = Bench(scale(load))
    bench.ask(b"T\r\n")
    load.kg = Decimal("2.000")
    bench.tell(UnitSwitched("g"))
    assert lines(bench.ask(b"SI\r\nTA\r\n")) == ["S S        750 g", "TA A       1250 g"]


def test_power_off_ends_repeating_and_loses_the_tare() -> None:
    bench = Bench(scale(LoadOnScale(Decimal(10))))
    bench.ask(b"T\r\nSIR\r\n")
    bench.tell(PoweredOn())
    before = len(bench.sent)
    bench.run(5000)
    assert len(bench.sent) == before
    assert lines(bench.ask(b"SI\r\n")) == ["S S     10.000 kg"]


def test_a_line_without_end_is_a_transmission_error() -> None:
    bench = Bench(scale(LoadOnScale()))
    assert lines(bench.ask(b"S" * 100)) == ["ET"]
    assert lines(bench.ask(b"SI 5\r\nTAC\n")) == ["SI L", "TAC A"]
