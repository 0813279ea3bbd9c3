"""What devices sent, and what their drivers make of it: one test per folder in tests/testdata/drivers."""

from __future__ import annotations

from collections import Counter

import pytest

from onebook_edge.catalog import DRIVERS
from onebook_edge.device import Faulted, Observed
from tests.unit.edge.drivers.cases import Case, all_cases
from tests.unit.edge.drivers.playing import START, Player, answers, assert_readings

_CASES = all_cases()


def _named(kind: str) -> list[object]:
    chosen = [case for case in _CASES if DRIVERS[case.driver].kind == kind]
    return [pytest.param(case, id=f"{case.driver}-{case.name}") for case in chosen]


@pytest.mark.parametrize("case", _named("bytes"))
def test_a_recorded_byte_stream_gives_the_expected_readings(case: Case) -> None:
    played = Player(DRIVERS[case.driver].build("d1", case.settings)).play(case.lines)
    assert_readings(played.readings, case.expected["readings"])
    assert played.faults == case.expected["faults"]
    if "sends" in case.expected:
        assert [data.hex() for data in played.sent] == case.expected["sends"]


@pytest.mark.parametrize("case", _named("modbus"))
def test_a_recorded_poll_gives_the_expected_readings(case: Case) -> None:
    driver = DRIVERS[case.driver].build("d1", case.settings)
    answer = answers(case.lines)
    asked = {(asked.function, asked.address + i) for asked in driver.ranges() for i in range(asked.count)}
    assert set(answer.values) <= asked
    outputs = driver.decode(answer, START)
    assert_readings([output.reading for output in outputs if isinstance(output, Observed)], case.expected["readings"])
    faults = Counter(output.reason for output in outputs if isinstance(output, Faulted))
    assert faults == case.expected["faults"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_has_recorded_cases(driver: str) -> None:
    assert sum(case.driver == driver for case in _CASES) >= 2
