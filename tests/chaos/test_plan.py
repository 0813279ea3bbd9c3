from __future__ import annotations

from collections import Counter

from tests.chaos.plan import BROKER, COLLECTOR, Fault, Kind, plan

EDGES = ["edge-00", "edge-01"]


def schedule(seed: str, faults: int = 500) -> list[Fault]:
    return plan(seed, faults=faults, movements=10_000, edges=EDGES)


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another() -> None:
    assert schedule("7") == schedule("7")
    assert schedule("7") != schedule("8")


def test_faults_strike_in_order_while_there_is_work() -> None:
    moments = [fault.after_movements for fault in schedule("1")]
    assert moments == sorted(moments)
    assert 0 <= moments[0] <= moments[-1] < 10_000


def test_even_a_short_schedule_has_every_kind() -> None:
    assert {fault.kind for fault in schedule("1", faults=len(Kind))} == set(Kind)


def test_only_what_exists_is_struck() -> None:
    struck = Counter((fault.kind, fault.victim) for fault in schedule("1"))
    assert {victim for _, victim in struck} == {*EDGES, COLLECTOR, BROKER}
    assert {victim for kind, victim in struck if kind is Kind.FORGET} == {BROKER}
    assert {victim for kind, victim in struck if kind is Kind.NEW_CARD} == set(EDGES)


def test_kinds_that_this_machine_cannot_do_are_left_out() -> None:
    faults = plan("1", faults=50, movements=100, edges=EDGES, kinds={Kind.KILL, Kind.CUT})
    assert {fault.kind for fault in faults} == {Kind.KILL, Kind.CUT}


def test_a_kill_and_a_cut_line_of_the_same_edge_may_overlap_and_a_kill_and_a_power_cut_may_not() -> None:
    kill, cut, power = (Fault(1, 0, kind, "edge-00", 1.0) for kind in (Kind.KILL, Kind.CUT, Kind.POWER_CUT))
    assert not kill.holds & cut.holds
    assert kill.holds & power.holds
