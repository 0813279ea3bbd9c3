from __future__ import annotations

from onebook_collector.early_warning.facts import (
    ClockSeen,
    EdgeFact,
    JournalKept,
    OutboxLevel,
    Reading,
    SignOfLife,
    TelemetryLost,
    facts_of_live,
    facts_of_telemetry,
)
from onebook_collector.metrics.sample import points_of
from onebook_schemas.envelope import TelemetryEvent, TelemetryFact
from onebook_schemas.sensor_events import EdgeHealth, SampleSeries, SamplesTaken, TelemetryThinned
from onebook_schemas.uplink import Live, LiveReading

RECEIVED = 1_780_000_000_000
COLUMN = SampleSeries(device="probe-1", quantity="temperature_c", unit="CEL", after_ms=(-5, 0), values=(4.5, None))


def told_by(fact: TelemetryFact) -> list[EdgeFact]:
    event = TelemetryEvent(
        sequence=1, wall_ms=RECEIVED - 100, monotonic_ms=5, boot_id="b" * 16, clock_synchronised=True, fact=fact
    )
    samples = points_of("edge-1", "e" * 16, event, {}, RECEIVED)
    return list(facts_of_telemetry(event, samples, "hz-01"))


def thinned(samples_dropped: int | None) -> TelemetryThinned:
    return TelemetryThinned(
        through=9,
        samples_dropped=samples_dropped,
        events_dropped=9,
        from_wall_ms=RECEIVED,
        until_wall_ms=RECEIVED,
        extremes=(COLUMN,),
    )


def test_a_live_message_is_a_sign_of_life_a_clock_and_readings() -> None:
    readings = (LiveReading(device="probe-1", quantity="temperature_c", unit="CEL", value=4.5),)
    live = Live(edge_id="edge-1", wall_ms=RECEIVED - 7, clock_synchronised=True, readings=readings)
    assert list(facts_of_live(live, "hz-01", RECEIVED)) == [
        SignOfLife("edge-1"),
        ClockSeen("edge-1", RECEIVED - 7, RECEIVED, True),
        Reading("edge-1", "hz-01", "probe-1", "temperature_c", RECEIVED - 7, 4.5),
    ]


def test_a_live_reading_is_dated_by_its_receipt_if_the_clock_cannot_be_believed() -> None:
    readings = (LiveReading(device="probe-1", quantity="temperature_c", unit="CEL", value=4.5),)
    unsynchronised = Live(edge_id="edge-1", wall_ms=12, clock_synchronised=False, readings=readings)
    ahead = Live(edge_id="edge-1", wall_ms=RECEIVED + 99, clock_synchronised=True, readings=readings)
    for live in (unsynchronised, ahead):
        *_, reading = facts_of_live(live, "hz-01", RECEIVED)
        assert reading == Reading("edge-1", "hz-01", "probe-1", "temperature_c", RECEIVED, 4.5)


def test_samples_are_readings_at_their_own_times() -> None:
    assert told_by(SamplesTaken(series=(COLUMN,))) == [
        Reading("edge-1", "hz-01", "probe-1", "temperature_c", RECEIVED - 105, 4.5),
        Reading("edge-1", "hz-01", "probe-1", "temperature_c", RECEIVED - 100, None),
    ]


def test_health_tells_how_full_the_outbox_is() -> None:
    health = EdgeHealth(
        journal_waiting=0,
        telemetry_waiting=0,
        outbox_bytes=70,
        outbox_budget_bytes=100,
        memory_bytes=0,
        cpu_ms=0,
        uptime_ms=0,
    )
    assert told_by(health) == [OutboxLevel("edge-1", RECEIVED - 100, 70, 100)]
    saying = health.model_copy(update={"journal_epoch": "00112233445566aa", "journal_refills_after": 7})
    assert told_by(saying)[1:] == [JournalKept("edge-1", "00112233445566aa", 7)]


def test_thinned_telemetry_is_a_loss_unless_it_was_delivered_before() -> None:
    assert told_by(thinned(12)) == [TelemetryLost("edge-1", 9)]
    assert told_by(thinned(None)) == []
