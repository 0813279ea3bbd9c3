"""What every byte driver of the catalog promises, whatever the wire brings.

Method: the recorded cases are cut anew at seeded places, garbled, and mixed with seeded noise.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from onebook_edge.catalog import DRIVERS
from onebook_edge.device import (
    Closed,
    CommandAnswered,
    CommandGiven,
    Faulted,
    Measured,
    Observed,
    Quality,
    RegistersRead,
)
from tests.unit.edge.drivers.cases import Case, all_cases, sample_settings
from tests.unit.edge.drivers.playing import START, Player

_BYTES = [name for name, entry in DRIVERS.items() if entry.kind == "bytes"]
_MODBUS = [name for name, entry in DRIVERS.items() if entry.kind == "modbus"]
_CASES = [case for case in all_cases() if case.driver in _BYTES]
_BUFFER_MAX = 8_193  # The longest code of a scanner, and the half of a two-byte end.
_WORDS = ("wait", "command", "opened", "closed")


def _player(case: Case) -> Player:
    return Player(DRIVERS[case.driver].build("d1", case.settings))


def _cut_anew(lines: tuple[str, ...], rng: random.Random) -> Iterator[str]:
    """The same bytes in the same order and at the same times, in other reads."""
    pending = b""
    for line in (*lines, "end"):
        if line != "end" and not line.startswith(_WORDS):
            pending += bytes.fromhex(line)
            continue
        while pending:
            size = rng.randint(1, 30)
            yield pending[:size].hex()
            pending = pending[size:]
        if line != "end":
            yield line


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.driver}-{case.name}") for case in _CASES])
def test_it_does_not_matter_how_the_bytes_are_cut_into_reads(case: Case) -> None:
    once = _player(case).play(case.lines)
    for seed in range(40):
        again = _player(case).play(_cut_anew(case.lines, random.Random(seed)))
        assert (again.readings, again.faults, again.sent) == (once.readings, once.faults, once.sent), seed


@pytest.mark.parametrize("driver", _BYTES)
def test_noise_never_raises_and_never_piles_up(driver: str) -> None:
    rng = random.Random(20_260_601)
    beginnings = [bytes.fromhex(line) for case in _CASES for line in case.lines if not line.startswith(_WORDS)]
    player = Player(DRIVERS[driver].build("d1", sample_settings(driver)))
    for _ in range(2_000):
        noise = rng.randbytes(rng.randint(0, 80))
        known = rng.choice(beginnings)
        player.receive(rng.choice((noise, known[: rng.randint(0, len(known))], noise + known)))
        assert player.driver.buffered_bytes <= _BUFFER_MAX
        if rng.random() < 0.1:
            player.wait(rng.randint(1, 3_000))


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.driver}-{case.name}") for case in _CASES])
def test_a_half_frame_dies_with_the_connection(case: Case) -> None:
    fresh = _player(case).play(case.lines)
    rng = random.Random(7)
    for _ in range(20):
        player = _player(case)
        whole = bytes.fromhex(rng.choice([line for line in case.lines if not line.startswith(_WORDS)]))
        player.receive(whole[: rng.randint(0, len(whole) - 1)])
        player.feed(Closed())
        assert player.driver.buffered_bytes == 0
        assert player.driver.wakeup_at() is None
        player.readings, player.sent = [], []
        player.faults.clear()
        player.play(("opened", *case.lines))
        assert player.faults == fresh.faults
        assert player.readings == fresh.readings


@pytest.mark.parametrize("driver", _BYTES)
def test_a_command_that_a_device_cannot_do_is_refused_to_the_person(driver: str) -> None:
    player = Player(DRIVERS[driver].build("d1", sample_settings(driver)))
    player.feed(CommandGiven("make_coffee"))
    assert player.readings == [CommandAnswered("d1", START, "make_coffee", False, "not-supported")]


@pytest.mark.parametrize("driver", _MODBUS)
def test_any_registers_give_one_reading_each_and_a_value_only_when_good(driver: str) -> None:
    rng = random.Random(5)
    built = DRIVERS[driver].build("d1", sample_settings(driver))
    for _ in range(2_000):
        values = {
            (asked.function, asked.address + i): rng.choice((rng.randrange(65_536), 0, 1, 0x7FFF, 0x8000, 0xFFFF))
            for asked in built.ranges()
            for i in range(asked.count)
        }
        readings = [output.reading for output in built.decode(RegistersRead(values, {}), START)]
        assert len(readings) == 2
        for reading in readings:
            assert isinstance(reading, Measured)
            assert (reading.value is None) == (reading.quality is not Quality.GOOD)


@pytest.mark.parametrize("driver", _MODBUS)
def test_silence_is_a_quality_and_an_exception_a_fault(driver: str) -> None:
    built = DRIVERS[driver].build("d1", sample_settings(driver))
    silent = built.decode(RegistersRead({}, dict.fromkeys(built.ranges(), "no-answer")), START)
    assert [output.reading.quality for output in silent if isinstance(output, Observed)] == [Quality.NO_ANSWER] * 2
    assert not any(isinstance(output, Faulted) for output in silent)
    refused = built.decode(RegistersRead({}, dict.fromkeys(built.ranges(), "exception-2")), START)
    assert [output.reason for output in refused if isinstance(output, Faulted)] == ["exception-2"]
    assert [output.reading.quality for output in refused if isinstance(output, Observed)] == [Quality.NOT_VALID] * 2
