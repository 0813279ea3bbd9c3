"""What the box says of its own part of the six pieces of evidence; never more than it can know."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onebook_edge.console.evidence import DAY_MS, OwnFacts, Verdict, judge

WELL = OwnFacts(
    is_enrolled=True,
    devices_heard=3,
    people=2,
    is_connected=True,
    lines_captured=95,
    lines_by_hand=5,
    counted_days_ago=183,
    zones_with_limits=2,
    zones_measured=2,
    waits_ms=DAY_MS - 1,
)


def verdicts(facts: OwnFacts) -> dict[str, tuple[Verdict, str]]:
    return {one.key: (one.verdict, one.reason) for one in judge(facts)}


def test_what_only_the_centre_can_judge_is_never_called_fine() -> None:
    found = verdicts(WELL)
    fine = {key for key, (verdict, _) in found.items() if verdict is Verdict.FINE}
    assert (fine, len(found)) == ({"e1", "e3", "e5"}, 6)
    assert all(verdict is not Verdict.MISSING for verdict, _ in found.values())


@pytest.mark.parametrize(
    ("facts", "key", "reason"),
    [
        (replace(WELL, is_enrolled=False), "e1", "e1_not_enrolled"),
        (replace(WELL, devices_heard=0), "e1", "e1_no_device"),
        (replace(WELL, people=0), "e1", "e1_nobody"),
        (replace(WELL, people=None), "e1", "e1_nobody"),
        (replace(WELL, is_connected=False), "e2", "e2_away"),
        (replace(WELL, lines_captured=94), "e3", "e3_low"),
        (replace(WELL, counted_days_ago=None), "e4", "e4_never"),
        (replace(WELL, counted_days_ago=184), "e4", "e4_old"),
        (replace(WELL, zones_measured=1), "e5", "e5_silent"),
        (replace(WELL, waits_ms=DAY_MS), "e6", "e6_waits"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(facts: OwnFacts, key: str, reason: str) -> None:
    assert verdicts(facts)[key] == (Verdict.MISSING, reason)


def test_too_few_lines_and_no_description_of_the_site_say_nothing() -> None:
    found = verdicts(replace(WELL, lines_captured=0, lines_by_hand=4, zones_with_limits=None))
    assert (found["e3"], found["e5"]) == ((Verdict.UNKNOWN, "e3_few"), (Verdict.UNKNOWN, "e5_no_site"))
