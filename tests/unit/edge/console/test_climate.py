"""The day's curve: what is remembered, and how it is drawn."""

from __future__ import annotations

from decimal import Decimal

from onebook_edge.console.climate_curve import HEIGHT, WIDTH, draw
from onebook_edge.console.climate_memory import BUCKET_MS, DAY_MS, Bucket, ClimateMemory, SeriesKey
from onebook_edge.device import Measured, Quality
from onebook_edge.machine import Instant

KEY = SeriesKey("probe", "temperature_c")


def reading(at_ms: int, value: str | None, quantity: str = "temperature_c") -> Measured:
    number = None if value is None else Decimal(value)
    return Measured("probe", Instant(at_ms, 0), quantity, number, "CEL", Quality.GOOD)


def test_a_day_is_remembered_in_lowest_and_highest_of_ten_minutes() -> None:
    memory = ClimateMemory()
    memory.take([reading(5, "20.5"), reading(5, "7", "current_a")])
    memory.take([reading(6, "22"), reading(7, "19"), reading(8, None), reading(BUCKET_MS, "30")])
    first, second = memory.of(KEY, BUCKET_MS)
    assert (first.low, first.high, first.last, second.last) == (19.0, 22.0, 19.0, 30.0)
    assert memory.of(SeriesKey("probe", "current_a"), 5) == []


def test_what_is_older_than_a_day_is_gone_and_the_memory_does_not_grow() -> None:
    memory = ClimateMemory()
    for n in range(1_000):
        memory.take([reading(n * BUCKET_MS, str(n))])
    kept = memory.of(KEY, 999 * BUCKET_MS)
    assert len(kept) == DAY_MS // BUCKET_MS
    assert kept[-1].last == 999.0


def test_the_curve_shows_the_limits_and_is_broken_where_nothing_was_measured() -> None:
    buckets = [Bucket(n * BUCKET_MS, 20, 20, 20) for n in (0, 1, 2, 40, 41)]
    curve = draw([buckets], 2, 30, DAY_MS, span_min=6)
    assert curve is not None
    assert curve.lines[0].count("M") == 2
    assert all(0 < y < HEIGHT for y in curve.limits)
    assert curve.limits[0] > curve.limits[1], "the lower limit is drawn below"
    xs = [float(point.split()[0]) for point in curve.lines[0].replace("M", "L").split("L")[1:]]
    assert xs == sorted(xs)
    assert 0 <= xs[0] < xs[-1] <= WIDTH


def test_noise_is_not_drawn_as_weather_and_nothing_is_drawn_of_nothing() -> None:
    curve = draw([[Bucket(0, 20.0, 20.1, 20.0)]], None, None, BUCKET_MS, span_min=6)
    assert curve is not None
    assert float(curve.top) - float(curve.bottom) >= 6
    assert draw([[], []], 2, 30, 0, span_min=6) is None
