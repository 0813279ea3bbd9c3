"""Each rule as a table: when what is seen -> what is said. Times in seconds after the watch began."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from onebook_collector.early_warning.facts import (
    BackupHolds,
    BackupsSeen,
    ClockSeen,
    EdgeKnown,
    Fact,
    JournalKept,
    OutboxLevel,
    Reading,
    SignOfLife,
    TelemetryLost,
    TimePassed,
)
from onebook_collector.early_warning.rule import Cleared, EarlyWarning, Kind, Raised, Rule, Severity, Subject
from onebook_collector.early_warning.rules.backup_overdue import BACKUP, PROOF, BackupOverdue, BackupOverdueLimits
from onebook_collector.early_warning.rules.clock_drift import ClockDrift, ClockDriftLimits
from onebook_collector.early_warning.rules.edge_silent import EdgeSilent, EdgeSilentLimits
from onebook_collector.early_warning.rules.environment_breach import (
    EnvironmentBreach,
    EnvironmentBreachLimits,
    EnvironmentLimit,
)
from onebook_collector.early_warning.rules.outbox_filling import OutboxFilling, OutboxFillingLimits
from onebook_collector.early_warning.rules.refill_gap import RefillGap

T0 = 1_780_000_000_000
MINUTE, HOUR = 60, 3_600
EDGE = Subject("edge-1")
ROOM = Subject("edge-1", "hz-01", "probe-1", "temperature_c")

Said = list[tuple[float, str]]


def said_by(rule: Rule[Any], subject: Subject, course: Iterable[tuple[float, Fact]]) -> Said:
    """(second, "severity text" or "cleared reason") for everything that the rule says."""
    state, said = rule.begin(subject, {}, T0), []
    for second, fact in course:
        state, changes = rule.judge(state, fact, T0 + round(second * 1_000))
        said += [(second, _said(change)) for change in changes]
    return said


def _said(change: Raised | Cleared) -> str:
    return f"{change.severity.name} {change.text}" if isinstance(change, Raised) else f"cleared {change.reason}"


# Silence of an edge ---------------------------------------------------------------------------------------------

LIFE, TICK = SignOfLife("edge-1"), TimePassed()


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param([(0, LIFE), (HOUR, TICK)], [], id="an hour is late, not silent"),
        pytest.param([(0, LIFE), (HOUR + 0.001, TICK)], [(HOUR + 0.001, "WARNING edge_stale")], id="beyond it is"),
        pytest.param([(0, LIFE), (2 * HOUR, TICK), (3 * HOUR, TICK)], [(2 * HOUR, "WARNING edge_stale")], id="once"),
        pytest.param(
            [(0, LIFE), (4 * HOUR, TICK), (4 * HOUR + 1, TICK), (9 * HOUR, TICK)],
            [(4 * HOUR, "WARNING edge_stale"), (4 * HOUR + 1, "HIGH edge_dark")],
            id="dark beyond four hours",
        ),
        pytest.param(
            [(0, LIFE), (5 * HOUR, TICK), (5 * HOUR + 1, LIFE), (5 * HOUR + 2, LIFE), (5 * HOUR + 3, TICK)],
            [(5 * HOUR, "HIGH edge_dark"), (5 * HOUR + 1, "cleared edge_spoke")],
            id="life clears it once",
        ),
        pytest.param(
            [(0, LIFE), (2 * HOUR, TICK), (2 * HOUR + 1, LIFE), (4 * HOUR, TICK)],
            [(2 * HOUR, "WARNING edge_stale"), (2 * HOUR + 1, "cleared edge_spoke"), (4 * HOUR, "WARNING edge_stale")],
            id="and it may come again",
        ),
        pytest.param(
            [(0, EdgeKnown("edge-1", None)), (HOUR, TICK), (2 * HOUR, TICK)],
            [(2 * HOUR, "WARNING edge_stale")],
            id="an edge that was never heard is given its hour from the start",
        ),
        pytest.param(
            [(0, EdgeKnown("edge-1", T0 - 5 * HOUR * 1_000)), (10 * MINUTE - 0.001, TICK), (10 * MINUTE, TICK)],
            [(10 * MINUTE, "HIGH edge_dark")],
            id="nobody is silent before the grace is over",
        ),
        pytest.param(
            [(0, EdgeKnown("edge-1", T0 - 5 * HOUR * 1_000)), (5 * MINUTE, LIFE), (10 * MINUTE, TICK)],
            [],
            id="who comes back in time was never silent",
        ),
        pytest.param(
            [(0, LIFE), (1, EdgeKnown("edge-1", T0 - 5 * HOUR * 1_000)), (10 * MINUTE, TICK)],
            [],
            id="what the ledger knows is older than what was heard",
        ),
    ],
)
def test_silence_of_an_edge(course: list[tuple[float, Fact]], expected: Said) -> None:
    assert said_by(EdgeSilent(EdgeSilentLimits()), EDGE, course) == expected


# Outbox ---------------------------------------------------------------------------------------------------------


def level(percent: float, at_s: float = 0) -> Fact:
    return OutboxLevel("edge-1", T0 + round(at_s * 1_000), round(percent * 100), 10_000)


LOST = TelemetryLost("edge-1", 12)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param([(1, level(69.99))], [], id="below seven tenths is in order"),
        pytest.param([(1, level(70)), (2, level(75)), (3, level(89.99))], [(1, "WARNING outbox_filling")], id="once"),
        pytest.param(
            [(1, level(70)), (2, level(90)), (3, level(95))],
            [(1, "WARNING outbox_filling"), (2, "HIGH outbox_nearly_full")],
            id="it gets worse",
        ),
        pytest.param(
            [(1, level(92)), (2, level(80))], [(1, "HIGH outbox_nearly_full")], id="a little better is not well"
        ),
        pytest.param(
            [(1, level(70)), (2, level(60)), (3, level(59.99)), (4, level(10))],
            [(1, "WARNING outbox_filling"), (3, "cleared outbox_drained")],
            id="it clears below six tenths, once",
        ),
        pytest.param([(1, LOST), (2, LOST), (3, level(95))], [(1, "HIGH telemetry_lost")], id="loss is said once"),
        pytest.param(
            [(1, level(95)), (2, LOST), (3, level(20))],
            [(1, "HIGH outbox_nearly_full"), (2, "HIGH telemetry_lost"), (3, "cleared outbox_drained")],
            id="loss is worse than nearly full",
        ),
        pytest.param([(1, level(20, at_s=100)), (2, level(95, at_s=50))], [], id="a backlog says nothing of now"),
    ],
)
def test_an_outbox_that_fills_up(course: list[tuple[float, Fact]], expected: Said) -> None:
    assert said_by(OutboxFilling(OutboxFillingLimits()), EDGE, course) == expected


# Clock ----------------------------------------------------------------------------------------------------------


def clock(second: float, drift_s: float, *, synchronised: bool = True) -> tuple[float, Fact]:
    received_ms = T0 + round(second * 1_000)
    return second, ClockSeen("edge-1", received_ms + round(drift_s * 1_000), received_ms, synchronised)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param([clock(0, 30), clock(600, -30)], [], id="thirty seconds are in order"),
        pytest.param([clock(0, 31), clock(119, 31)], [], id="not yet lasting"),
        pytest.param([clock(0, 30.001), clock(120, 30.001)], [(120, "WARNING clock_drift")], id="lasting"),
        pytest.param([clock(0, -31), clock(120, -31), clock(240, -31)], [(120, "WARNING clock_drift")], id="once"),
        pytest.param([clock(0, 31), clock(60, 0), clock(120, 31), clock(239, 31)], [], id="a right clock starts anew"),
        pytest.param(
            [clock(0, 300), clock(120, 300), clock(121, 300.001)],
            [(120, "WARNING clock_drift"), (121, "HIGH clock_drift")],
            id="more than five minutes is high",
        ),
        pytest.param(
            [clock(0, 400), clock(120, 400), clock(130, 40), clock(140, 1), clock(150, 1)],
            [(120, "HIGH clock_drift"), (140, "cleared clock_right")],
            id="it clears when the clock is right, once",
        ),
        pytest.param(
            [clock(0, 0, synchronised=False), clock(120, 0, synchronised=False)],
            [(120, "WARNING clock_unsynchronised")],
            id="a clock that is right by chance",
        ),
        pytest.param(
            [clock(0, -9_999, synchronised=False), clock(120, -9_999, synchronised=False)],
            [(120, "HIGH clock_unsynchronised")],
            id="a clock that was never set",
        ),
    ],
)
def test_a_clock_that_is_wrong(course: list[tuple[float, Fact]], expected: Said) -> None:
    assert said_by(ClockDrift(ClockDriftLimits()), EDGE, course) == expected


# Environment ----------------------------------------------------------------------------------------------------

LIMITS = EnvironmentBreachLimits(
    limits=(
        EnvironmentLimit(site="hz-01", quantity="temperature_c", low=2, high=8, hysteresis=0.5),
        EnvironmentLimit(site="hz-01", device="freezer", quantity="temperature_c", high=-15),
    )
)


def reading(second: float, value: float | None, *, at_s: float | None = None) -> tuple[float, Fact]:
    at_ms = T0 + round((second if at_s is None else at_s) * 1_000)
    return second, Reading("edge-1", "hz-01", "probe-1", "temperature_c", at_ms, value)


def alive(from_s: float, until_s: float) -> list[tuple[float, Fact]]:
    return [(second, LIFE) for second in range(int(from_s), int(until_s), MINUTE)]


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        pytest.param([reading(0, 8), reading(600, 2)], [], id="the limits themselves are in order"),
        pytest.param([reading(0, 8.1), reading(599, 9)], [], id="out for less than ten minutes"),
        pytest.param([reading(0, 8.1), reading(600, 9)], [(600, "WARNING above_limit")], id="out for ten minutes"),
        pytest.param([reading(0, 1.9), reading(600, 1.9)], [(600, "WARNING below_limit")], id="too cold"),
        pytest.param(
            [reading(0, 9), reading(300, 8), reading(600, 9), reading(1_199, 9)], [], id="in between it was fine"
        ),
        pytest.param([reading(n * 300, 9) for n in range(9)], [(600, "WARNING above_limit")], id="once"),
        pytest.param(
            [reading(0, 9), reading(600, 9), reading(700, 7.6), reading(800, 9), reading(900, 7.5), reading(999, 7.5)],
            [(600, "WARNING above_limit"), (900, "cleared back_within_limits")],
            id="it clears inside by the hysteresis, once",
        ),
        pytest.param(
            [reading(0, 9), reading(600, 9), reading(700, 5), reading(800, 9), reading(1_400, 9)],
            [(600, "WARNING above_limit"), (700, "cleared back_within_limits"), (1_400, "WARNING above_limit")],
            id="and it may come again",
        ),
        pytest.param(
            [reading(600, 5), reading(601, 9, at_s=0), reading(602, 9, at_s=599)], [], id="a backlog is ignored"
        ),
        pytest.param([reading(0, 9), reading(300, None), reading(599, None)], [], id="no value is no breach"),
        pytest.param(
            [reading(0, 5), *alive(MINUTE, 30 * MINUTE), (30 * MINUTE, LIFE), (40 * MINUTE, LIFE)],
            [(30 * MINUTE, "WARNING sensor_silent")],
            id="the edge speaks and the sensor does not",
        ),
        pytest.param(
            [
                (0, LIFE),
                *(reading(n * MINUTE, None) for n in range(31)),
                reading(32 * MINUTE, 5),
                reading(33 * MINUTE, 5),
            ],
            [(30 * MINUTE, "WARNING sensor_silent"), (32 * MINUTE, "cleared sensor_spoke")],
            id="answers without a value are silence",
        ),
        pytest.param(
            [reading(0, 5), (2 * HOUR, LIFE), *alive(2 * HOUR, 2 * HOUR + 30 * MINUTE)],
            [],
            id="an edge that was away is given its half hour",
        ),
    ],
)
def test_the_environment_of_a_room(course: list[tuple[float, Fact]], expected: Said) -> None:
    assert said_by(EnvironmentBreach(LIMITS), ROOM, course) == expected


def test_a_limit_of_a_device_goes_before_one_of_its_site() -> None:
    rule = EnvironmentBreach(LIMITS)
    begun = [rule.begin(ROOM._replace(device=device), {}, T0) for device in ("freezer", "probe-1")]
    assert [state and state.limit.high for state in begun] == [-15, 8]
    assert rule.begin(ROOM._replace(site="nb-02"), {}, T0) is None


def test_only_what_has_a_limit_is_watched() -> None:
    rule = EnvironmentBreach(LIMITS)
    assert list(rule.subjects(Reading("edge-1", "hz-01", "probe-1", "temperature_c", T0, 1.0), ())) == [ROOM]
    assert list(rule.subjects(Reading("edge-1", "hz-01", "probe-1", "humidity_rh", T0, 1.0), ())) == []
    assert list(rule.subjects(SignOfLife("edge-1"), [ROOM])) == [ROOM]


@pytest.mark.parametrize(
    ("bounds", "problem"),
    [({}, "give low, high or both"), ({"low": 2, "high": 4, "hysteresis": 1.5}, "must leave room")],
)
def test_limits_that_cannot_be_kept_are_refused(bounds: dict[str, float], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        EnvironmentLimit.model_validate({"site": "hz-01", "quantity": "temperature_c", **bounds})


def test_a_backup_or_a_drill_that_is_missing_or_too_old_is_told_once_and_ends_with_the_next() -> None:
    day = 24 * HOUR
    rule = BackupOverdue(BackupOverdueLimits(backup_days=2, proof_days=30))
    made, later = T0 + 1_000, T0 + 3 * day * 1_000
    course = [
        (0, BackupsSeen(None, None)),
        (1, BackupsSeen(None, None)),
        (2, BackupsSeen(made, made)),
        (2 * day, BackupsSeen(made, made)),
        (2 * day + 2, BackupsSeen(made, made)),
        (3 * day, BackupsSeen(later, made)),
        (31 * day, BackupsSeen(T0 + 31 * day * 1_000, made)),
    ]
    assert said_by(rule, BACKUP, course) == [
        (0, "HIGH backup_overdue_never"),
        (2, "cleared backup_made"),
        (2 * day + 2, "HIGH backup_overdue"),
        (3 * day, "cleared backup_made"),
    ]
    assert said_by(rule, PROOF, course) == [
        (0, "HIGH proof_overdue_never"),
        (2, "cleared backup_made"),
        (31 * day, "HIGH proof_overdue"),
    ]


# What a restored centre could not be refilled with --------------------------------------------------------------------


def held(**through: int) -> BackupHolds:
    return BackupHolds("edge-1", through)


def kept(epoch: str, refills_after: int) -> JournalKept:
    return JournalKept("edge-1", epoch, refills_after)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ([(0, kept("a", 900)), (1, held(a=900)), (2, kept("a", 901))], [(2, "HIGH refill_gap")]),
        ([(0, held(a=5)), (1, kept("a", 0)), (2, kept("a", 5)), (3, held(a=5))], []),
        ([(0, held()), (1, kept("a", 0))], []),  # Nothing went: a new epoch that no backup knows.
        ([(0, held()), (1, kept("a", 1)), (2, kept("a", 2))], [(1, "HIGH refill_gap")]),
        (
            [(0, held(a=5)), (1, kept("a", 9)), (2, held(a=8)), (3, held(a=9))],
            [(1, "HIGH refill_gap"), (3, "cleared backup_holds_all")],
        ),
        # A new epoch does not bring back what was let go under the old one; the next backup holds it.
        (
            [(0, held(a=5)), (1, kept("a", 9)), (2, kept("b", 0)), (3, held(a=20, b=3))],
            [(1, "HIGH refill_gap"), (3, "cleared backup_holds_all")],
        ),
    ],
)  # fmt: skip
def test_what_an_edge_let_go_before_a_backup_held_it_is_told(course: list[tuple[float, Fact]], expected: Said) -> None:
    assert said_by(RefillGap(), EDGE, course) == expected


def test_a_refill_gap_outlives_a_restart_until_both_sides_are_heard_again() -> None:
    rule = RefillGap()
    values = {"events": 4}
    open_now = EarlyWarning("1", EDGE, Raised(Kind.REFILL_GAP, Severity.HIGH, "refill_gap", values), T0, T0)
    assert "4 条" in open_now.text_zh
    state = rule.begin(EDGE, {Kind.REFILL_GAP: open_now}, T0)
    state, changes = rule.judge(state, held(a=5), T0)
    assert changes == []
    state, changes = rule.judge(state, kept("a", 9), T0)
    assert changes == [], "it is so still, and was said"
    _, changes = rule.judge(state, held(a=9), T0)
    assert [_said(change) for change in changes] == ["cleared backup_holds_all"]
