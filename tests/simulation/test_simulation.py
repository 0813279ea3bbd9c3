"""The promise of the uplink, over thousands of seeds; and the proof that a broken promise would be noticed.

Each seed runs the production machines in a virtual world whose faults it chooses: see trial.py. `ONEBOOK_SEEDS` says how many.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.simulation.checkers import BrokenError
from tests.simulation.mutants import CAUGHT_WITHIN, MUTANTS
from tests.simulation.scenarios import SCENARIOS, run_scenario
from tests.simulation.trial import replay_command, run_seed, run_seeds

SEEDS = int(os.environ.get("ONEBOOK_SEEDS", "10000"))
ENOUGH_TO_MEET_ALL = 5_000

MET = {
    "journal damaged", "journal duplicate", "journal fork", "journal fresh", "journal gap", "journal probe",
    "journal history_gone", "journal outbox_is_old_copy", "journal stepped back",
    "telemetry duplicate", "telemetry fresh", "telemetry gap", "telemetry probe", "telemetry outbox_is_old_copy",
    "telemetry stepped back", "telemetry stood for", "telemetry thinned", "telemetry began before the cursor",
    "samples told as refused", "work refused", "sent again", "gave up", "rejected",
    "posted", "noted", "quarantined", "time synced", "time estimated", "time unknown",
}  # fmt: skip
"""What a sweep must have been through: a case that no seed meets is a case that nobody has tried."""


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_every_seed_keeps_the_promise(capsys: pytest.CaptureFixture[str]) -> None:
    begun_s = time.monotonic()
    sweep = run_seeds(range(SEEDS))
    with capsys.disabled():
        print(f"\n{SEEDS} seeds over 2 processes in {time.monotonic() - begun_s:.0f} s")
    assert not sweep.broken, "\n".join(
        f"{what}\n  replay: {replay_command(seed)}" for seed, what in sweep.broken.items()
    )
    if SEEDS >= ENOUGH_TO_MEET_ALL:
        assert {what for what in MET if not sweep.seen[what]} == set()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    run_scenario(name)


@pytest.mark.parametrize("name", MUTANTS)
def test_planted_bug_is_caught(name: str) -> None:
    mutant = MUTANTS[name]
    with mutant.planted(), pytest.raises(BrokenError):
        if mutant.caught_by:
            run_scenario(mutant.caught_by)
        else:
            for seed in range(CAUGHT_WITHIN):
                run_seed(seed)


def test_a_seed_replays_exactly() -> None:
    """To the last byte of its trace, in other processes too."""
    first, second = _trace(164, hash_seed="1"), _trace(164, hash_seed="2")
    assert first == second
    assert len(first.splitlines()) > 100


def test_a_broken_seed_says_how_to_replay_it() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "0", "--mutant", "advance_on_puback"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "the promise is broken: delivered means that the book has it" in done.stdout
    assert replay_command(0) == "python -m tests.simulation --seed 0 --trace"


def _trace(seed: int, *, hash_seed: str) -> str:
    command = [sys.executable, *replay_command(seed).split()[1:]]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environment).stdout
