"""Tag reads -> arrivals and departures, as tables of (milliseconds, EPC, signal) -> outputs."""

from __future__ import annotations

import pytest

from onebook_edge.capture.bench_tags import BenchTags
from onebook_edge.capture.dialogue_messages import TagsSeen
from onebook_edge.capture.settings import TagSettings
from onebook_edge.capture.tag_presence import PresenceFull, PresenceOutput, TagArrived, TagDeparted, TagPresence
from onebook_edge.device import TagRead
from onebook_edge.machine import Instant, Woken

SETTINGS = TagSettings(
    reads_min=2, arrival_window_ms=1_000, same_read_ms=20, rssi_dbm_min=-60, departed_after_ms=5_000, tags_max=3
)


def at(ms: int) -> Instant:
    return Instant(ms, ms)


def read(presence: TagPresence, ms: int, epc: str = "A", rssi: int | None = -50) -> list[PresenceOutput]:
    return presence.handle(TagRead("gate", at(ms), epc, rssi), at(ms))


@pytest.mark.parametrize(
    ("reads", "arrived_ms"),
    [
        ([(0, -50), (100, -50), (200, -50)], [100]),
        ([(0, -50)], []),
        ([(0, -50), (10, -50), (19, -50)], []),
        ([(0, -50), (10, -50), (30, -50)], [30]),
        ([(0, -50), (1_000, -50), (1_500, -50)], [1_500]),
        ([(0, -61), (100, -61), (200, -50)], []),
        ([(0, -61), (100, -60), (200, -60)], [200]),
        ([(0, None), (100, None)], [100]),
    ],
    ids=[
        "twice is here, once", "a stray read", "one read in three frames", "a second read", "out of the window",
        "a weak neighbour", "strong enough", "a reader without signal values",
    ],
)  # fmt: skip
def test_a_tag_arrives_when_it_was_read_often_and_strongly_enough(
    reads: list[tuple[int, int | None]], arrived_ms: list[int]
) -> None:
    presence = TagPresence("gate", SETTINGS)
    outputs = [output for ms, rssi in reads for output in read(presence, ms, "A", rssi)]
    assert [output.at.monotonic_ms for output in outputs if isinstance(output, TagArrived)] == arrived_ms


def test_a_tag_departs_after_silence_and_arrives_anew() -> None:
    presence = TagPresence("gate", SETTINGS)
    read(presence, 0)
    read(presence, 100)
    assert read(presence, 3_000, rssi=-90) == []  # Weak, but still here.
    assert presence.wakeup_at() == 8_000
    assert presence.handle(Woken(), at(7_999)) == []
    assert presence.handle(Woken(), at(8_000)) == [TagDeparted("gate", "A", at(3_000))]
    assert presence.wakeup_at() is None
    assert read(presence, 9_000) == []
    assert read(presence, 9_100) == [TagArrived("gate", "A", at(9_100), -50)]


def test_departures_come_in_the_order_of_the_silence() -> None:
    presence = TagPresence("gate", SETTINGS)
    for ms, epc in ((0, "A"), (0, "B"), (100, "A"), (100, "B"), (200, "A")):
        read(presence, ms, epc)
    outputs = presence.handle(Woken(), at(60_000))
    assert [output.epc for output in outputs if isinstance(output, TagDeparted)] == ["B", "A"]


def test_a_full_memory_lets_no_further_tag_in_and_says_so_once_until_there_is_room() -> None:
    presence = TagPresence("gate", SETTINGS)
    for epc in "ABC":
        read(presence, 0, epc)
        read(presence, 100, epc)
    outputs = [output for ms in (200, 300, 400, 500) for output in read(presence, ms, "D")]
    assert outputs == [PresenceFull("gate", at(300), 3)]
    assert presence.here == ("A", "B", "C")
    presence.handle(Woken(), at(5_100))
    outputs = [output for ms in (5_200, 5_300) for output in read(presence, ms, "D")]
    assert outputs == [TagArrived("gate", "D", at(5_300), -50)]


def test_a_parade_of_stray_reads_is_forgotten_oldest_first() -> None:
    presence = TagPresence("gate", SETTINGS)
    for n in range(1_000):
        assert read(presence, n, f"STRAY{n}") == []
    assert read(presence, 1_020, "STRAY999") == [TagArrived("gate", "STRAY999", at(1_020), -50)]
    assert read(presence, 1_020, "STRAY900") == []


def test_tags_on_a_bench_are_handed_over_together_once_no_new_one_comes() -> None:
    bench = BenchTags("bench", TagSettings(reads_min=1), quiet_ms=1_000)
    for ms, epc in ((0, "A"), (400, "B"), (800, "A"), (900, "C"), (1_500, "A")):
        assert bench.handle(TagRead("bench", at(ms), epc, None), at(ms)) == []
    assert bench.wakeup_at() == 1_900
    assert bench.handle(Woken(), at(1_900)) == [TagsSeen(("A", "B", "C"), "bench")]
    assert bench.handle(TagRead("bench", at(3_000), "A", None), at(3_000)) == []


def test_a_stream_of_tags_without_a_pause_is_handed_over_in_parts() -> None:
    bench = BenchTags("bench", TagSettings(reads_min=1), quiet_ms=1_000)
    outputs = [
        output for n in range(1_200) for output in bench.handle(TagRead("bench", at(n), f"{n:04X}", None), at(n))
    ]
    assert [len(output.epcs) for output in outputs if isinstance(output, TagsSeen)] == [500, 500]


def test_a_full_bench_says_so() -> None:
    bench = BenchTags("bench", TagSettings(reads_min=1, tags_max=1), quiet_ms=1_000)
    bench.handle(TagRead("bench", at(0), "A", None), at(0))
    assert bench.handle(TagRead("bench", at(1), "B", None), at(1)) == [PresenceFull("bench", at(1), 1)]
