"""Goal: whatever strangers send, nothing crashes, nothing grows, and every refusal has a reason. 29,000 inputs.

Method: a fixed seed gives inputs that are near to what is right (`mutation.py`); checksums, hash chains and compression are made
right again where a stranger could do so too. The long form is `make fuzz`: a million.
"""

from __future__ import annotations

from random import Random

import pytest

from onebook_schemas.encoding import UPLOAD_BYTES_MAX
from tests.fuzz.bombardment import ROUND_INPUTS, CrashedError, Hit, Target, bombard
from tests.fuzz.targets import TARGETS

SEED = 20261125
ROUNDS = 20
PEAK_PER_UPLOAD_MAX = 4.0
"""Memory that one round may need, in times of the largest upload that is let in."""
GROWTH_MAX = 1.3


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_crashes_and_every_refusal_has_a_reason(name: str) -> None:
    tally = bombard(TARGETS[name], SEED, range(ROUNDS))
    assert tally.inputs == ROUNDS * ROUND_INPUTS == tally.taken + tally.refused.total()
    assert tally.taken, "the inputs are too far from what is right to get anywhere"
    assert tally.refused, "the inputs are not hostile"
    assert tally.traced_peak_bytes < PEAK_PER_UPLOAD_MAX * UPLOAD_BYTES_MAX
    assert tally.resident_growth < GROWTH_MAX


def _raises_at_seven(body: bytes) -> str | None:
    if body.endswith(b"7"):
        raise KeyError(body)
    return "not seven"


def _target(hit: Hit) -> Target:
    return Target("planted", lambda dice: b"%d" % dice.randrange(100), lambda _: hit)


def test_a_crash_says_how_to_replay_it() -> None:
    with pytest.raises(CrashedError, match=r"KeyError.*\n.*last input b'\d*7'\n.*--target planted --seed 1 --round 0"):
        bombard(_target(_raises_at_seven), 1, range(1))


def test_a_refusal_without_a_word_counts_as_a_crash() -> None:
    with pytest.raises(CrashedError, match="refused without a word"):
        bombard(_target(lambda body: " "), 1, range(1))


def test_the_same_seed_gives_the_same_inputs() -> None:
    def heard(target: Target) -> list[bytes]:
        dice = Random("1/x")
        return [target.forge(dice) for _ in range(20)]

    assert all(heard(target) == heard(target) for target in TARGETS.values())
