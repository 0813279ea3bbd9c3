"""What every metrics store promises, held against each of them with its real database.

Goal: in whatever pieces, order and repetition readings are written, reading gives what a naive computation over the distinct
readings gives. Method: the same tests over a SQLite file and a VictoriaMetrics process; every example has an edge of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebook_collector.metrics.influx_store import InfluxStore
from onebook_collector.metrics.sample import EventSamples, Point, SampleBlock, Series, ThinnedRange
from onebook_collector.metrics.sqlite_store import SqliteStore
from onebook_collector.metrics.store import MetricsStore
from tests.victoria_metrics import VictoriaMetrics

T0 = 1_780_000_000_000 - 1_780_000_000_000 % 3_600_000  # A whole hour in 2026.
EPOCH = "00000000000000aa"
DAY_BEGINS_MS = -8 * 3_600_000

Reopen = Callable[[], Awaitable[MetricsStore]]


class FixedClock:
    def now_ms(self) -> int:
        return T0 + 30 * 86_400_000


@pytest.fixture(scope="module")
def victoria(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VictoriaMetrics]:
    server = VictoriaMetrics(tmp_path_factory.mktemp("victoria"))
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture(params=["sqlite", "victoria"])
async def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Reopen]:
    """Opens the store, again and again over the same database."""
    opened: list[MetricsStore] = []

    async def open_store() -> MetricsStore:
        if request.param == "sqlite":
            opened.append(await SqliteStore.open(tmp_path / "metrics.db"))
        else:
            opened.append(InfluxStore(request.getfixturevalue("victoria").url, FixedClock()))
        return opened[-1]

    if request.param == "victoria":
        request.getfixturevalue("victoria")
    yield open_store
    for store in opened:
        await store.close()


@pytest_asyncio.fixture
async def store(reopen: Reopen) -> MetricsStore:
    return await reopen()


_numbers = count(1)


@pytest.fixture
def edge_id() -> str:
    return new_edge()


def new_edge() -> str:
    return f"edge-{next(_numbers)}"


def event(
    edge_id: str,
    sequence: int,
    samples: list[tuple[int, float | None]],
    *,
    quality: dict[int, str] | None = None,
    unit: str = "CEL",
    epoch: str = EPOCH,
    device: str = "probe-1",
) -> EventSamples:
    times, values = zip(*samples, strict=True)
    block = SampleBlock(Series(edge_id, device, "temperature_c", unit), times, values, quality or {})
    return EventSamples(edge_id, epoch, sequence, T0, (block,))


async def values_in(store: MetricsStore, edge_id: str, from_ms: int, until_ms: int) -> list[tuple[int, float | None]]:
    points = await store.read(edge_id, "probe-1", "temperature_c", from_ms, until_ms)
    return [(point.at_ms, point.value) for point in points]


async def test_an_event_that_is_written_twice_is_there_once(store: MetricsStore, edge_id: str) -> None:
    once = event(edge_id, 1, [(T0, 20.5), (T0 + 6_000, 20.75)])
    await store.write([once])
    await store.write([once, once])
    assert await values_in(store, edge_id, T0, T0 + 60_000) == [(T0, 20.5), (T0 + 6_000, 20.75)]
    (bucket,) = await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 1, 60_000)
    assert (bucket.samples, bucket.mean) == (2, 20.625)


async def test_readings_that_share_a_time_are_all_kept(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0, 1.0), (T0, 3.0), (T0, 2.0)])])
    await store.write([event(edge_id, 2, [(T0, 5.0)]), event(edge_id, 1, [(T0, 4.0)], epoch="00000000000000bb")])
    assert sorted(await values_in(store, edge_id, T0, T0 + 1)) == [(T0, float(n)) for n in (1, 2, 3, 4, 5)]


async def test_points_come_in_order_of_time_however_they_were_written(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0 + 3_000, 3.0), (T0 + 1_000, 1.0)])])
    await store.write([event(edge_id, 2, [(T0 + 2_000, 2.0)])])
    assert await values_in(store, edge_id, T0, T0 + 9_000) == [(T0 + n * 1_000, float(n)) for n in (1, 2, 3)]


async def test_slots_that_hold_a_value_are_counted_once(store: MetricsStore, edge_id: str) -> None:
    half_hour_ms = 1_800_000
    for sequence, (after_ms, value) in enumerate(
        [(0, 1.0), (60_000, 2.0), (half_hour_ms - 1, 3.0), (half_hour_ms, 4.0), (5 * half_hour_ms, None), (-1, 9.0)], 1
    ):
        await store.write([event(edge_id, sequence, [(T0 + after_ms, value)])])
    await store.write([event(edge_id, 7, [(T0 + 6 * half_hour_ms, 5.0), (T0 + 8 * half_hour_ms, 6.0)])])
    found = await store.filled_slots(T0, T0 + 8 * half_hour_ms, half_hour_ms)
    assert {key: count for key, count in found.items() if key[0] == edge_id} == {
        (edge_id, "probe-1", "temperature_c"): 3
    }


async def test_a_range_holds_its_beginning_and_not_its_end(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0 + n, float(n)) for n in range(4)])])
    assert await values_in(store, edge_id, T0 + 1, T0 + 3) == [(T0 + 1, 1.0), (T0 + 2, 2.0)]


async def test_a_reading_without_a_value_keeps_its_reason_and_counts_in_no_bucket(
    store: MetricsStore, edge_id: str
) -> None:
    reason = 'not valid, "80 00" = 传感器\nopen\\'
    quality = {1: reason, 2: "unstable"}
    await store.write([event(edge_id, 1, [(T0, 1.0), (T0 + 1, None), (T0 + 2, 3.0)], quality=quality)])
    points = await store.read(edge_id, "probe-1", "temperature_c", T0, T0 + 10)
    assert [(point.value, point.quality) for point in points] == [(1.0, "good"), (None, reason), (3.0, "unstable")]
    (bucket,) = await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 10, 60_000)
    assert (bucket.samples, bucket.low, bucket.high, bucket.last) == (2, 1.0, 3.0, 3.0)


async def test_a_late_reading_changes_the_buckets_of_its_time(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0, 10.0), (T0 + 7_200_000, 11.0)])])
    await store.write([event(edge_id, 2, [(T0 + 59_999, 4.0)])])
    for resolution_ms in (60_000, 3_600_000):
        (bucket,) = await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 60_000, resolution_ms)
        assert (bucket.low, bucket.high, bucket.samples, bucket.last) == (4.0, 10.0, 2, 4.0)


async def test_buckets_outlive_the_retention_of_raw_samples(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0, 10.0), (T0 + 1_000, 12.0)])])
    await store.enforce_retention(T0 + 91 * 86_400_000)
    (minute,) = await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 60_000, 60_000)
    await store.enforce_retention(T0 + 500 * 86_400_000)
    (hour,) = await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 60_000, 3_600_000)
    assert (minute.mean, hour.mean, hour.last_at_ms) == (11.0, 11.0, T0 + 1_000)


async def test_what_was_written_is_there_after_reopening(reopen: Reopen, edge_id: str) -> None:
    first = await reopen()
    await first.write([event(edge_id, 1, [(T0, 10.0)])])
    second = await reopen()
    await second.write([event(edge_id, 1, [(T0, 10.0)]), event(edge_id, 2, [(T0, 12.0)])])
    (bucket,) = await second.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 1, 3_600_000)
    assert (bucket.samples, bucket.total) == (2, 22.0)


async def test_the_latest_point_is_the_newest_by_its_own_time(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0 + 5_000, 5.0), (T0 + 9_123, None)], quality={1: "overload"})])
    await store.write([event(edge_id, 2, [(T0 + 1_000, 1.0)]), event(edge_id, 3, [(T0, 7.0)], device="probe-2")])
    found = [(point.series.device, point.at_ms, point.value, point.quality) for point in await store.latest(edge_id)]
    assert found == [("probe-1", T0 + 9_123, None, "overload"), ("probe-2", T0, 7.0, "good")]
    assert edge_id in {point.series.edge_id for point in await store.latest()}


async def test_series_are_listed_once(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, n, [(T0 + n, 1.0)], quality={0: "unstable"} if n > 1 else {}) for n in (1, 2, 3)])
    listed = [series for series in await store.series() if series.edge_id == edge_id]
    assert listed == [Series(edge_id, "probe-1", "temperature_c", "CEL")]


async def test_a_device_that_changes_its_unit_begins_another_series(store: MetricsStore, edge_id: str) -> None:
    await store.write([event(edge_id, 1, [(T0, 20.0)]), event(edge_id, 2, [(T0 + 1, 293.0)], unit="KEL")])
    newest = await store.read(edge_id, "probe-1", "temperature_c", T0, T0 + 10)
    older = await store.read(edge_id, "probe-1", "temperature_c", T0, T0 + 10, unit="CEL")
    assert [(point.series.unit, point.value) for point in newest + older] == [("KEL", 293.0), ("CEL", 20.0)]


async def test_buckets_of_many_weeks_are_of_the_newest_unit_alone(store: MetricsStore, edge_id: str) -> None:
    weeks_ms = 20 * 86_400_000
    await store.write([event(edge_id, 1, [(T0, 20.0)]), event(edge_id, 2, [(T0 + weeks_ms, 293.0)], unit="KEL")])
    newest = await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + weeks_ms + 1, 3_600_000)
    assert [(bucket.from_ms, bucket.mean) for bucket in newest] == [(T0 + weeks_ms, 293.0)]


async def test_nothing_is_known_of_a_series_that_was_never_written(store: MetricsStore, edge_id: str) -> None:
    assert await store.read(edge_id, "probe-1", "temperature_c", T0, T0 + 1) == []
    assert await store.read_buckets(edge_id, "probe-1", "temperature_c", T0, T0 + 1, 60_000) == []
    assert await store.latest(edge_id) == []
    assert await store.thinned(edge_id, T0, T0 + 1) == []


async def test_a_thinned_range_is_recorded_once_and_grows(store: MetricsStore, edge_id: str) -> None:
    def thinned(through: int, dropped: int) -> EventSamples:
        gap = ThinnedRange(edge_id, EPOCH, 5, through, T0, T0 + through * 1_000, dropped, dropped)
        block = SampleBlock(Series(edge_id, "probe-1", "temperature_c", "CEL"), (T0, T0 + 1), (1.0, 9.0))
        return EventSamples(edge_id, EPOCH, through, T0 + 60_000, (block,), gap)

    await store.write([thinned(20, 16)])
    await store.write([thinned(20, 16)])
    await store.write([thinned(30, 26)])
    (found,) = await store.thinned(edge_id, T0 + 25_000, T0 + 26_000)
    assert found == ThinnedRange(edge_id, EPOCH, 5, 30, T0, T0 + 30_000, 26, 26)
    assert await store.thinned(edge_id, T0 + 31_000, T0 + 99_000) == []
    assert await values_in(store, edge_id, T0, T0 + 10) == [(T0, 1.0), (T0 + 1, 9.0)]


# Against a naive computation ------------------------------------------------------------------------------------

_after_ms = st.integers(0, 3 * 3_600_000)
_values = st.none() | st.integers(-40_000, 85_000).map(lambda thousandths: thousandths / 1_000)
_events = st.lists(st.lists(st.tuples(_after_ms, _values), min_size=1, max_size=12), min_size=1, max_size=6).filter(
    lambda events: len({sample for event in events for sample in event}) == sum(map(len, events))
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=_events,
    repeats=st.lists(st.integers(0, 5), max_size=3),
    span=st.tuples(_after_ms, st.integers(1, 3 * 3_600_000)),
    resolution_ms=st.sampled_from([7_000, 60_000, 300_000, 3_600_000, 86_400_000]),
)
async def test_points_and_buckets_equal_a_naive_computation(
    store: MetricsStore,
    written: list[list[tuple[int, float | None]]],
    repeats: list[int],
    span: tuple[int, int],
    resolution_ms: int,
) -> None:
    edge_id = new_edge()
    events = [
        event(edge_id, n, [(T0 + after_ms, value) for after_ms, value in samples], quality=_reasons(samples))
        for n, samples in enumerate(written, start=1)
    ]
    for one in [*events, *(events[n % len(events)] for n in repeats)]:
        await store.write([one])
    from_ms, until_ms = T0 + span[0], T0 + span[0] + span[1]
    readings = sorted(
        ((T0 + after_ms, value) for samples in written for after_ms, value in samples),
        key=lambda reading: (reading[0], reading[1] is not None, reading[1] or 0.0),
    )

    points = await store.read(edge_id, "probe-1", "temperature_c", from_ms, until_ms)
    assert sorted(map(_comparable, points)) == [
        (at_ms, value is not None, value or 0.0) for at_ms, value in readings if from_ms <= at_ms < until_ms
    ]
    assert [point.at_ms for point in points] == sorted(point.at_ms for point in points)

    found = await store.read_buckets(edge_id, "probe-1", "temperature_c", from_ms, until_ms, resolution_ms)
    expected = _naive_buckets(readings, from_ms, until_ms, resolution_ms)
    assert [bucket.from_ms for bucket in found] == sorted(expected)
    for bucket in found:
        inside = expected[bucket.from_ms]
        values = [value for _, value in inside]
        assert (bucket.low, bucket.high, bucket.samples) == (min(values), max(values), len(values))
        assert bucket.mean == pytest.approx(sum(values) / len(values))
        assert (bucket.last_at_ms, bucket.last) in inside
        assert bucket.last_at_ms == max(at_ms for at_ms, _ in inside)


def _reasons(samples: list[tuple[int, float | None]]) -> dict[int, str]:
    return {n: "not_valid" for n, (_, value) in enumerate(samples) if value is None}


def _comparable(point: Point) -> tuple[int, bool, float]:
    return point.at_ms, point.value is not None, point.value or 0.0


def _naive_buckets(
    readings: list[tuple[int, float | None]], from_ms: int, until_ms: int, resolution_ms: int
) -> dict[int, list[tuple[int, float]]]:
    def start(at_ms: int) -> int:
        return (at_ms - DAY_BEGINS_MS) // resolution_ms * resolution_ms + DAY_BEGINS_MS

    expected: dict[int, list[tuple[int, float]]] = {}
    for at_ms, value in readings:
        if value is not None and start(from_ms) <= start(at_ms) <= start(until_ms - 1):
            expected.setdefault(start(at_ms), []).append((at_ms, value))
    return expected
