"""One event in the place of many: what it must still say."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from onebook_edge.machine import Instant
from onebook_edge.outbox.store import EventDraft, StoredEvent
from onebook_edge.outbox.thinning import Thinned, gone, same_boot, thin
from onebook_schemas.sensor_events import EdgeHealth, SampleSeries, SamplesTaken, TelemetryThinned

BOOT, OTHER_BOOT = "0123456789abcdef", "fedcba9876543210"
WALL_MS = 1_790_000_000_000
HEALTH = EdgeHealth(
    journal_waiting=0,
    telemetry_waiting=0,
    outbox_bytes=1,
    outbox_budget_bytes=2,
    memory_bytes=3,
    cpu_ms=4,
    uptime_ms=5,
)


def stored(
    sequence: int,
    fact: SamplesTaken | TelemetryThinned | EdgeHealth,
    *,
    boot_id: str = BOOT,
    wall_ms: int | None = None,
) -> StoredEvent:
    """An event that was captured `sequence` seconds after the boot."""
    at = Instant(1_000 * sequence, WALL_MS + 1_000 * sequence if wall_ms is None else wall_ms)
    draft = EventDraft(fact.model_dump_json(exclude_none=True).encode(), at, boot_id, True)
    through = fact.through if isinstance(fact, TelemetryThinned) else sequence
    return StoredEvent(sequence, through, draft.body(sequence), None)


def samples(*values: float | None, quantity: str = "temperature_c", device: str = "probe") -> SamplesTaken:
    """One value every 100 ms, the last one at the moment of capture."""
    after_ms = tuple(range(-100 * (len(values) - 1), 1, 100))
    return SamplesTaken(
        series=(SampleSeries(device=device, quantity=quantity, unit="CEL", after_ms=after_ms, values=values),)
    )


def put_in_place(thinned: Thinned, sequence: int) -> StoredEvent:
    last = thinned.last
    at = Instant(last.monotonic_ms, last.wall_ms)
    body = EventDraft(thinned.fact.model_dump_json(exclude_none=True).encode(), at, last.boot_id, True).body(sequence)
    return StoredEvent(sequence, thinned.fact.through, body, None)


def points(thinned: Thinned) -> dict[tuple[str, str], list[tuple[int, float | None]]]:
    """Device and quantity -> (monotonic milliseconds, value)."""
    base_ms = thinned.last.monotonic_ms
    return {
        (one.device, one.quantity): [
            (base_ms + after, value) for after, value in zip(one.after_ms, one.values, strict=True)
        ]
        for one in thinned.fact.extremes
    }


def test_the_range_and_the_counts_are_told() -> None:
    fact = thin([stored(5, samples(1, 2, 3)), stored(6, samples(4)), stored(7, samples(5, 6))]).fact
    assert (fact.through, fact.events_dropped, fact.samples_dropped) == (7, 3, 6)
    assert (fact.from_wall_ms, fact.until_wall_ms) == (WALL_MS + 5_000, WALL_MS + 7_000)


def test_lowest_and_highest_of_each_series_stay_at_their_moments() -> None:
    events = [
        stored(1, samples(20.0, 21.0)),
        stored(2, samples(35.5, -4.0)),
        stored(3, samples(20.0)),
        stored(4, samples(60.0, 55.0, quantity="humidity_pct")),
        stored(5, samples(1.0, device="other")),
    ]
    assert points(thin(events)) == {
        ("probe", "temperature_c"): [(1_900, 35.5), (2_000, -4.0)],
        ("probe", "humidity_pct"): [(3_900, 60.0), (4_000, 55.0)],
        ("other", "temperature_c"): [(5_000, 1.0)],
    }


def test_the_first_of_equal_extremes_stays() -> None:
    assert points(thin([stored(1, samples(7.0)), stored(2, samples(7.0))])) == {
        ("probe", "temperature_c"): [(1_000, 7.0)]
    }


def test_samples_without_a_value_are_counted_but_are_no_extremes() -> None:
    thinned = thin([stored(1, samples(None, None)), stored(2, samples(None))])
    assert (thinned.fact.samples_dropped, thinned.fact.extremes) == (3, ())


def test_health_counts_as_an_event_without_samples() -> None:
    fact = thin([stored(1, HEALTH), stored(2, samples(1))]).fact
    assert (fact.events_dropped, fact.samples_dropped) == (2, 1)


def test_a_jump_of_the_wall_clock_does_not_move_samples() -> None:
    events = [stored(1, samples(1.0), wall_ms=WALL_MS), stored(2, samples(9.0), wall_ms=0)]
    thinned = thin(events)
    assert points(thinned) == {("probe", "temperature_c"): [(1_000, 1.0), (2_000, 9.0)]}
    assert (thinned.fact.from_wall_ms, thinned.fact.until_wall_ms) == (0, WALL_MS)


def test_only_events_of_one_boot_are_summed_up() -> None:
    events = [stored(1, samples(1)), stored(2, samples(2)), stored(3, samples(3), boot_id=OTHER_BOOT)]
    assert [same_boot(events), same_boot(events[2:]), same_boot([])] == [2, 1, 0]


def test_the_moment_is_borrowed_from_the_last_event() -> None:
    assert thin([stored(1, samples(1)), stored(2, samples(2))]).last.monotonic_ms == 2_000


@given(
    st.lists(st.lists(st.floats(-100, 100), min_size=1, max_size=4), min_size=3, max_size=12),
    st.integers(min_value=1, max_value=10),
)
def test_thinning_again_says_the_same_as_thinning_once(values: Sequence[Sequence[float]], cut: int) -> None:
    """However often a long outage makes the box thin, nothing of range, counts and extremes is lost."""
    events = [stored(sequence, samples(*one)) for sequence, one in enumerate(values, 1)]
    cut = min(cut, len(events) - 1)
    again = thin([put_in_place(thin(events[:cut]), 1), *events[cut:]]) if cut > 1 else thin(events)
    once = thin(events)
    assert again.fact.model_dump(exclude={"extremes"}) == once.fact.model_dump(exclude={"extremes"})
    assert points(again) == points(once)


def test_telemetry_that_is_no_longer_kept_is_stood_for() -> None:
    fact = gone(3, stored(9, samples(1))).fact
    assert (fact.through, fact.events_dropped, fact.samples_dropped) == (8, 5, None)


def test_what_stands_for_telemetry_can_be_read_by_the_collector() -> None:
    event = put_in_place(gone(3, stored(9, samples(1))), 4)
    assert TelemetryThinned.model_validate(json.loads(event.body)["fact"]).samples_dropped is None


def unreadable(sequence: int, body: bytes) -> StoredEvent:
    return StoredEvent(sequence, sequence, body, None)


def of_a_newer_version(sequence: int, *, boot_id: str = BOOT) -> StoredEvent:
    event = stored(sequence, samples(1), boot_id=boot_id)
    return unreadable(sequence, event.body.replace(b"samples_taken", b"samples_foretold"))


def test_an_event_that_cannot_be_read_gives_way_like_any_other() -> None:
    events = [unreadable(1, b"\xff\x00"), stored(2, samples(5, 6)), of_a_newer_version(3)]
    assert same_boot(events) == 3
    thinned = thin(events)
    assert (thinned.fact.through, thinned.fact.events_dropped, thinned.fact.samples_dropped) == (3, 3, 2)
    assert thinned.last.monotonic_ms == 3_000
    assert thinned.fact.until_wall_ms == WALL_MS + 3_000


def test_the_boot_of_an_event_is_known_though_its_fact_is_not() -> None:
    assert same_boot([stored(1, samples(1)), of_a_newer_version(2, boot_id=OTHER_BOOT)]) == 1


def test_events_that_say_nothing_at_all_are_counted() -> None:
    thinned = thin([unreadable(1, b"\xff"), unreadable(2, b"{}")])
    event = put_in_place(thinned, 1)
    fact = TelemetryThinned.model_validate(json.loads(event.body)["fact"])
    assert (fact.through, fact.events_dropped, fact.samples_dropped, fact.extremes) == (2, 2, 0, ())


def test_what_stands_before_an_event_that_cannot_be_read_is_stood_for() -> None:
    assert gone(3, unreadable(9, b"\xff")).fact.through == 8
