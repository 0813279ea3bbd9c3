"""Measured readings -> samples -> one event with columns."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_edge.capture.sample_batch import SampleBatch
from onebook_edge.capture.sampled_measurement import SampledMeasurement
from onebook_edge.capture.settings import SampleSettings
from onebook_edge.device import Measured, Quality
from onebook_edge.machine import Instant
from onebook_schemas.encoding import EVENT_BYTES_MAX
from onebook_schemas.sensor_events import SamplesTaken

BY_CHANGE = SampleSettings(dead_band=Decimal("0.5"), heartbeat_s=60)
ALL = SampleSettings(keep="every")


def measured(
    at_ms: int,
    value: str | None,
    quality: Quality = Quality.GOOD,
    *,
    device: str = "probe-1",
    quantity: str = "temperature_c",
    unit: str = "CEL",
) -> Measured:
    number = None if value is None else Decimal(value)
    return Measured(device, Instant(at_ms, at_ms), quantity, number, unit, quality)


def drained(batch: SampleBatch, now: Instant) -> SamplesTaken | None:
    written = batch.drain(now)
    return None if written is None else SamplesTaken.model_validate_json(written.json)


NO, BAD = Quality.NO_ANSWER, Quality.NOT_VALID


@pytest.mark.parametrize(
    ("settings", "rows", "kept"),
    [
        (BY_CHANGE, [(0, "20.0", "good"), (1, "20.5", "good"), (2, "20.6", "good"), (3, "20.1", "good")], [0, 2]),
        (BY_CHANGE, [(0, "20.0", "good"), (59, "20.1", "good"), (60, "20.1", "good"), (61, "20.1", "good")], [0, 60]),
        (BY_CHANGE, [(0, "20", "good"), (1, None, "no_answer"), (2, None, "no_answer"), (3, "20", "good")], [0, 1, 3]),
        (BY_CHANGE, [(0, None, "no_answer"), (1, None, "not_valid"), (2, None, "no_answer")], [0, 1, 2]),
        (BY_CHANGE, [(0, None, "no_answer"), (30, None, "no_answer"), (61, None, "no_answer")], [0, 61]),
        (BY_CHANGE, [(0, "20.0", "good"), (1, "20.0", "unstable"), (2, "20.0", "good")], [0, 1, 2]),
        (BY_CHANGE, [(0, "20.0", "good"), (1, "20.3", "good"), (2, "20.6", "good"), (3, "19.4", "good")], [0, 2, 3]),
        (ALL, [(0, "20.0", "good"), (0, "20.0", "good"), (1, "20.0", "good")], [0, 0, 1]),
    ],
    ids=[
        "beyond the dead band", "heartbeat", "silence and return", "each reason", "silence has a heartbeat",
        "quality alone", "a slow drift", "every one",
    ],
)  # fmt: skip
def test_what_is_kept(settings: SampleSettings, rows: list[tuple[int, str | None, str]], kept: list[int]) -> None:
    rule = SampledMeasurement(settings)
    readings = [measured(seconds * 1_000, value, Quality(quality)) for seconds, value, quality in rows]
    given_out = [sample for reading in readings for sample in rule.handle(reading, reading.observed_at)]
    assert [sample.observed_at.monotonic_ms // 1_000 for sample in given_out] == kept
    assert all(sample in readings for sample in given_out)


def test_samples_become_columns_in_their_order() -> None:
    batch = SampleBatch()
    for sample in (
        measured(1_000, "20.1"),
        measured(1_000, "55", quantity="humidity_rh", unit="%"),
        measured(1_000, "20.1"),
        measured(2_000, None, NO),
        measured(1_500, "20.3"),
        measured(2_000, None, BAD, device="probe-2"),
    ):
        batch.add(sample)
    event = drained(batch, Instant(3_000, 99))
    assert event is not None
    temperature, humidity, other = event.series
    assert (temperature.device, temperature.quantity, temperature.unit) == ("probe-1", "temperature_c", "CEL")
    assert temperature.after_ms == (-2_000, -2_000, -1_000, -1_500)
    assert temperature.values == (20.1, 20.1, None, 20.3)
    assert temperature.quality == {2: "no_answer"}
    assert (humidity.unit, humidity.values) == ("P1", (55.0,))
    assert (other.device, other.values, other.quality) == ("probe-2", (None,), {0: "not_valid"})
    assert batch.drain(Instant(3_000, 99)) is None


def test_a_full_batch_takes_no_more_and_counts_them() -> None:
    batch = SampleBatch(waiting_max=2)
    for n in range(5):
        batch.add(measured(n, "1"))
    assert (len(batch), batch.not_taken) == (2, 3)
    event = drained(batch, Instant(10, 10))
    assert event is not None
    assert event.series[0].after_ms == (-10, -9)


@given(
    st.lists(
        st.tuples(
            st.integers(-(2**63), 2**63 - 1),
            st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
            st.sampled_from(Quality),
            st.integers(0, 700),
        ),
        max_size=300,
    ),
    st.integers(1, 30),
)
def test_no_event_is_too_large_and_nothing_is_lost_merged_or_reordered(
    rows: list[tuple[int, Decimal, Quality, int]], times: int
) -> None:
    batch = SampleBatch()
    samples = [
        Measured("d" * 59 + f"{device:04}", Instant(ms, 0), "q" * 64, value, "CEL", quality)
        for ms, value, quality, device in rows * times
    ]
    for sample in samples:
        batch.add(sample)
    columns: dict[str, list[tuple[int, float | None]]] = {}
    while written := batch.drain(Instant(0, 0)):
        assert len(written.json) <= EVENT_BYTES_MAX - 512
        series_taken = SamplesTaken.model_validate_json(written.json).series
        assert written.samples == sum(len(series.values) for series in series_taken)
        for series in series_taken:
            columns.setdefault(series.device, []).extend(zip(series.after_ms, series.values, strict=True))
    for device, found in columns.items():
        sent = [(s.observed_at.monotonic_ms, s.value) for s in samples if s.device_id == device]
        assert found == [(ms, None if value is None else float(value)) for ms, value in sent]
    assert sum(map(len, columns.values())) == len(samples)
