"""Which part is begun anew, and when the service manager hears that all is well."""

from __future__ import annotations

import itertools

from onebook_edge.machine import Instant
from onebook_edge.watchdog import (
    LOOK_MS,
    STABLE_MS,
    Begin,
    Cancel,
    Ended,
    GiveUp,
    Looked,
    Part,
    Ping,
    Recovered,
    Troubled,
    WatchdogMachine,
    WatchdogOutput,
)

OUTBOX, SCALE, LIVE = Part("outbox", 5_000, is_vital=True), Part("scale", 5_000), Part("live", None)


class Bench:
    """Every part takes its turns unless it is named as stuck."""

    def __init__(self) -> None:
        self.machine = WatchdogMachine([OUTBOX, SCALE, LIVE])
        self.now_ms = 0
        self.turns = 0

    def look(self, *stuck: str, after_ms: int = LOOK_MS) -> list[WatchdogOutput]:
        self.now_ms += after_ms
        self.turns += 1
        turns = {name: 0 if name in stuck else self.turns for name in ("outbox", "scale", "live")}
        return self.machine.handle(Looked(turns), self._now())

    def looks(self, count: int, *stuck: str) -> list[WatchdogOutput]:
        return [output for _ in range(count) for output in self.look(*stuck)]

    def end(self, name: str, reason: str = "ValueError") -> list[WatchdogOutput]:
        return self.machine.handle(Ended(name, reason), self._now())

    def _now(self) -> Instant:
        return Instant(monotonic_ms=self.now_ms, wall_ms=0)


def begun() -> Bench:
    bench = Bench()
    assert bench.look() == [Begin("outbox"), Begin("scale"), Begin("live"), Ping()]
    return bench


def test_parts_that_take_their_turns_are_left_alone_and_pinged_for() -> None:
    assert begun().looks(100) == [Ping()] * 100


def test_a_stuck_part_is_cancelled_once_and_begun_anew_after_it_ended() -> None:
    bench = begun()
    said = bench.looks(8, "scale")
    assert [one for one in said if one != Ping()] == [Troubled("scale", "stuck"), Cancel("scale")]
    assert bench.end("scale", "ended") == []
    assert Begin("scale") in bench.looks(2)


def test_a_part_that_keeps_failing_is_told_once_and_begun_ever_more_rarely() -> None:
    bench = begun()
    told, begins = bench.end("scale"), []
    for _ in range(600):
        if Begin("scale") in bench.look():
            begins.append(bench.now_ms)
            told += bench.end("scale")
    pauses = [after - before for before, after in itertools.pairwise(begins)]
    assert told == [Troubled("scale", "ValueError")]
    assert pauses[:5] == [2_000, 4_000, 8_000, 16_000, 32_000]
    assert set(pauses[5:]) == {60_000}


def test_the_first_failure_is_told_and_so_is_a_steady_run() -> None:
    bench = begun()
    assert bench.end("scale") == [Troubled("scale", "ValueError")]
    said = [output for output in bench.looks(STABLE_MS // LOOK_MS + 2) if output != Ping()]
    assert said == [Begin("scale"), Recovered("scale", 1)]


def test_a_stuck_outbox_stops_the_pings_and_is_not_begun_beside_itself() -> None:
    bench = begun()
    said = bench.looks(20, "outbox")
    assert said == [Ping()] * 5


def test_an_outbox_that_ends_ends_the_agent() -> None:
    assert begun().end("outbox") == [GiveUp("outbox")]


def test_a_part_that_cannot_be_cancelled_stops_the_pings() -> None:
    bench = begun()
    bench.looks(15, "scale")
    assert bench.look("scale") == []


def test_a_loop_that_was_held_up_condemns_nobody() -> None:
    bench = begun()
    assert bench.look("scale", after_ms=600_000) == [Ping()]


def test_a_part_without_turns_is_never_stuck() -> None:
    assert begun().looks(100, "live") == [Ping()] * 100
