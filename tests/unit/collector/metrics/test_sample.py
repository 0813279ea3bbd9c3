from __future__ import annotations

import pytest

from onebook_collector.metrics.sample import EventSamples, Series, ThinnedRange, points_of
from onebook_schemas.envelope import TelemetryEvent, TelemetryFact
from onebook_schemas.sensor_events import EdgeHealth, SampleSeries, SamplesTaken, TelemetryThinned

BOOT, EPOCH = "b" * 16, "e" * 16
RECEIVED = 1_780_000_000_000


def series(after_ms: tuple[int, ...], quality: dict[int, str] | None = None, device: str = "probe-1") -> SampleSeries:
    return SampleSeries(
        device=device,
        quantity="temperature_c",
        unit="CEL",
        after_ms=after_ms,
        values=tuple(float(n) for n in range(len(after_ms))),
        quality=quality or {},
    )


def seen(
    fact: TelemetryFact,
    *,
    wall_ms: int = RECEIVED - 60_000,
    synchronised: bool = True,
    anchors: dict[str, int] | None = None,
    sequence: int = 7,
) -> EventSamples:
    event = TelemetryEvent(
        sequence=sequence,
        wall_ms=wall_ms,
        monotonic_ms=5_000,
        boot_id=BOOT,
        clock_synchronised=synchronised,
        fact=fact,
    )
    return points_of("edge-1", EPOCH, event, anchors or {}, RECEIVED)


@pytest.mark.parametrize(
    ("wall_ms", "synchronised", "anchors", "expected_ms", "known"),
    [
        (RECEIVED - 60_000, True, {}, RECEIVED - 60_000, True),
        (RECEIVED + 299_000, True, {}, RECEIVED + 299_000, True),  # Within what clocks may differ by.
        (RECEIVED + 300_001, True, {}, RECEIVED, False),  # Measured after it was received: cannot be.
        (0, True, {}, RECEIVED, False),
        (1_000, False, {BOOT: RECEIVED - 90_000}, RECEIVED - 85_000, True),
        (RECEIVED - 60_000, False, {"c" * 16: 1}, RECEIVED - 60_000, False),  # Another boot's anchor says nothing.
        (1_000, False, {}, RECEIVED, False),
        (RECEIVED + 1, False, {}, RECEIVED, False),
    ],
)
def test_an_event_is_dated_by_clock_then_anchor_then_receipt(
    wall_ms: int, synchronised: bool, anchors: dict[str, int], expected_ms: int, known: bool
) -> None:
    event = seen(SamplesTaken(series=(series((0,)),)), wall_ms=wall_ms, synchronised=synchronised, anchors=anchors)
    (block,) = event.blocks
    assert block.at_ms == (expected_ms,)
    assert block.quality == ({} if known else {0: "time_unknown"})


def test_samples_keep_their_distance_and_their_place_in_the_event() -> None:
    event = seen(SamplesTaken(series=(series((-2_000, -1_000)), series((-500,), device="probe-2"))))
    assert [block.at_ms for block in event.blocks] == [(RECEIVED - 62_000, RECEIVED - 61_000), (RECEIVED - 60_500,)]
    assert [block.first_position for block in event.blocks] == [0, 2]
    assert event.blocks[0].series == Series("edge-1", "probe-1", "temperature_c", "CEL")
    assert (event.epoch, event.through, event.thinned) == (EPOCH, 7, None)


def test_an_absurd_distance_is_bounded_by_the_receipt_and_said() -> None:
    (block,) = seen(SamplesTaken(series=(series((0, 2**62)),))).blocks
    assert block.at_ms == (RECEIVED, RECEIVED)
    assert set(block.quality.values()) == {"time_unknown"}


def test_a_reason_and_an_unknown_time_are_both_said() -> None:
    column = SampleSeries(
        device="d",
        quantity="weight_g",
        unit="GRM",
        after_ms=(0, 0, 0),
        values=(None, None, 1.0),
        quality={1: "overload"},
    )
    (known,) = seen(SamplesTaken(series=(column,))).blocks
    (unknown,) = seen(SamplesTaken(series=(column,)), synchronised=False).blocks
    assert known.quality == {0: "no_reason_given", 1: "overload"}
    assert unknown.quality == {0: "no_reason_given,time_unknown", 1: "overload,time_unknown", 2: "time_unknown"}


def test_health_becomes_series_of_the_device_edge() -> None:
    health = EdgeHealth(
        journal_waiting=1,
        telemetry_waiting=2,
        outbox_bytes=3,
        outbox_budget_bytes=4,
        memory_bytes=5,
        cpu_ms=6,
        uptime_ms=7,
    )
    event = seen(health)
    assert [(block.series.device, block.series.quantity, block.values) for block in event.blocks] == [
        ("edge", "journal_waiting", (1.0,)),
        ("edge", "telemetry_waiting", (2.0,)),
        ("edge", "outbox_bytes", (3.0,)),
        ("edge", "outbox_budget_bytes", (4.0,)),
        ("edge", "memory_bytes", (5.0,)),
        ("edge", "cpu_ms", (6.0,)),
        ("edge", "uptime_ms", (7.0,)),
    ]


def test_thinned_telemetry_gives_its_extremes_and_the_gap() -> None:
    fact = TelemetryThinned(
        through=20,
        samples_dropped=160,
        events_dropped=14,
        from_wall_ms=1,
        until_wall_ms=2,
        extremes=(series((-9, -5)),),
    )
    event = seen(fact)
    assert event.through == 20
    assert event.blocks[0].values == (0.0, 1.0)
    assert event.thinned == ThinnedRange("edge-1", EPOCH, 7, 20, 1, 2, 160, 14)


@pytest.mark.parametrize("wall_ms", [-1, RECEIVED + 86_400_000, 2**63 - 1])
def test_a_gap_at_a_time_that_cannot_be_is_dated_by_the_receipt(wall_ms: int) -> None:
    """A calendar ends in the year 9999: such a gap would make every chart that asks for it fail."""
    thinned = seen(TelemetryThinned(through=20, events_dropped=14, from_wall_ms=wall_ms, until_wall_ms=wall_ms)).thinned
    assert thinned is not None
    assert (thinned.from_ms, thinned.until_ms) == (RECEIVED, RECEIVED)
