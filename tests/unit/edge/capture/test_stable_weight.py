"""Weighed readings -> settled weights, as tables of (milliseconds, reading) -> weights."""

from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_edge.capture.settings import ScaleSettings
from onebook_edge.capture.stable_weight import StableWeight, StableWeightRule
from onebook_edge.device import Faulted, Quality, Weighed
from onebook_edge.machine import Instant

SETTINGS = ScaleSettings(division=Decimal("0.01"))  # Empty up to 0.20 kg, another placement beyond 0.05 kg.

Row = tuple[int, str, bool | None]


def reading(at_ms: int, value: str | None, stable: bool | None = None, **other: object) -> Weighed:
    fields: dict[str, object] = {"unit": "kg", "net": None, "quality": Quality.GOOD, **other}
    return Weighed("scale-1", Instant(at_ms, at_ms), None if value is None else Decimal(value), stable=stable, **fields)  # type: ignore[arg-type]


def weights(rows: list[Row], rule: StableWeightRule | None = None) -> list[tuple[int, str]]:
    rule = rule or StableWeightRule(SETTINGS)
    given = []
    for at_ms, value, stable in rows:
        for output in rule.handle(reading(at_ms, value, stable), Instant(at_ms, at_ms)):
            assert isinstance(output, StableWeight)
            given.append((at_ms, str(output.value)))
    return given


def every(step_ms: int, values: list[str], stable: bool | None = None, start_ms: int = 0) -> list[Row]:
    return [(start_ms + n * step_ms, value, stable) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(0, "12.50", True), (100, "12.50", True), (200, "12.50", True)], [(100, "12.50")]),
        ([(0, "12.50", True), (100, "12.51", True), (200, "12.51", True)], [(200, "12.51")]),
        ([(0, "12.50", True), (100, "12.50", False), (200, "12.50", True)], []),
        ([(0, "0.00", True), (100, "0.00", True), (200, "0.20", True), (300, "0.20", True)], []),
    ],
    ids=["two frames agree", "the second differs", "moving in between", "an empty scale is no placement"],
)
def test_a_stable_flag_needs_two_frames_that_agree(rows: list[Row], expected: list[tuple[int, str]]) -> None:
    assert weights(rows) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (every(250, ["12.50"] * 5), [(1_000, "12.50")]),
        (every(250, ["12.50"] * 4), []),
        (every(100, ["12.50"] * 10), []),
        (every(100, ["12.50"] * 11), [(1_000, "12.50")]),
        (every(250, ["12.50", "12.51", "12.50", "12.51", "12.51"]), [(1_000, "12.51")]),
        (every(250, ["12.50", "12.52", "12.51", "12.51", "12.51", "12.51"]), [(1_250, "12.51")]),
        (every(250, ["8.00", "11.00", *["12.50"] * 5]), [(1_500, "12.50")]),
        ([(0, "12.50", None), *every(50, ["12.50"] * 4, start_ms=60_000)], []),
        (every(600, ["12.50"] * 5), [(2_400, "12.50")]),
    ],
    ids=[
        "five over one second", "four are too few", "too short", "long enough", "within one division",
        "the outlier has left the window", "settles after moving", "silence is no stability", "slow but enough",
    ],
)  # fmt: skip
def test_without_a_flag_the_weight_is_watched(rows: list[Row], expected: list[tuple[int, str]]) -> None:
    assert weights(rows) == expected


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (["12.50", "12.50"], []),
        (["12.55", "12.55"], []),
        (["12.56", "12.56"], ["12.56"]),
        (["0.10", "12.50", "12.50"], ["12.50"]),
        (["-3.00", "12.50", "12.50"], ["12.50"]),
    ],
    ids=["stays", "drifts", "goods were added", "lifted and put back", "lifted with a tare set"],
)
def test_one_placement_gives_one_weight(later: list[str], expected: list[str]) -> None:
    rule = StableWeightRule(SETTINGS)
    assert len(weights(every(100, ["12.50", "12.50"], stable=True), rule)) == 1
    assert [value for _, value in weights(every(100, later, True, 1_000), rule)] == expected


def test_a_shaken_scale_that_comes_back_gives_no_second_weight() -> None:
    rule = StableWeightRule(SETTINGS)
    rows = [*every(100, ["12.50", "12.50"], stable=True), (200, "17.00", False), (300, "9.00", False)]
    assert len(weights(rows + every(100, ["12.50", "12.50"], True, 400), rule)) == 1


@pytest.mark.parametrize("quality", [Quality.OVERLOAD, Quality.UNDERLOAD, Quality.NOT_VALID, Quality.NO_ANSWER])
def test_a_reading_without_value_breaks_the_run(quality: Quality) -> None:
    rule = StableWeightRule(SETTINGS)
    now = Instant(0, 0)
    assert rule.handle(reading(0, "12.50", True), now) == []
    assert rule.handle(reading(0, None, True, quality=quality), now) == []
    assert rule.handle(reading(0, "12.50", True), now) == []
    assert len(rule.handle(reading(0, "12.50", True), now)) == 1


def test_gross_and_net_are_never_one_weight() -> None:
    rule = StableWeightRule(SETTINGS)
    now = Instant(0, 0)
    assert rule.handle(reading(0, "12.50", True, net=False), now) == []
    assert rule.handle(reading(0, "12.50", True, net=True), now) == []
    (weight,) = rule.handle(reading(0, "12.50", True, net=True), now)
    assert isinstance(weight, StableWeight)
    assert weight.net is True


def test_another_unit_than_the_setting_is_a_fault_and_no_conversion() -> None:
    rule = StableWeightRule(SETTINGS)
    (fault,) = rule.handle(reading(0, "12.50", True, unit="g"), Instant(0, 0))
    assert isinstance(fault, Faulted)
    assert fault.reason == "unit-mismatch"


def test_a_frame_without_unit_has_the_unit_of_the_setting() -> None:
    rule = StableWeightRule(ScaleSettings(unit="t", division=Decimal("0.02")))
    now = Instant(0, 0)
    rule.handle(reading(0, "12.50", True, unit=None), now)
    (weight,) = rule.handle(reading(0, "12.50", True, unit=None), now)
    assert isinstance(weight, StableWeight)
    assert (weight.unit, weight.unit_code, weight.at) == ("t", "TNE", now)


def test_the_live_value_is_the_latest_reading_whatever_it_is() -> None:
    rule = StableWeightRule(SETTINGS)
    assert rule.peek() is None
    moving = reading(0, "3.00", False)
    rule.handle(moving, Instant(0, 0))
    assert rule.peek() is moving
