"""Goal: what staff were told is booked is in the book, once, whatever happens to processes, lines, disks, clocks and power.

Method: the short form of `make chaos`: every kind of fault at least once, faults overlapping; then the book is compared with the
truth, movement by movement. ONEBOOK_SEED gives another schedule.
"""

from __future__ import annotations

import os
import statistics
from pathlib import Path

import pytest

from tests.chaos.campaign import conduct
from tests.chaos.plan import Kind
from tests.chaos.report import report
from tests.chaos.world import Load

SEED = os.environ.get("ONEBOOK_SEED", "1")
LOAD = Load(movements=8_000, edges=4, per_s=80.0, at_once=16)
FAULTS = 45
MANY = Load(movements=20_000, edges=10, per_s=60.0, at_once=16)
KILLS = 60


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_eight_thousand_movements_outlive_faults_of_every_kind(tmp_path: Path) -> None:
    replay = f"ONEBOOK_SEED={SEED} pytest tests/chaos"
    result = conduct(tmp_path, LOAD, FAULTS, SEED, replay=replay)
    print("\n" + report(result, LOAD, SEED, replay))
    assert result.told["believed"] >= LOAD.movements  # And what staff of the clones believe in.
    assert result.told["quarantined"] > 0
    assert result.faults.total() == FAULTS
    assert result.faults[Kind.CLONE] >= 1
    # One commit every 100 ms: two readings, and those that came while it was being written.
    assert statistics.median(result.readings.counts) <= 4


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_twenty_thousand_movements_of_ten_edges_outlive_sixty_kills(tmp_path: Path) -> None:
    """SIGKILL to edges, centre and broker, at random; the broker now and then without its memory."""
    replay = f"ONEBOOK_SEED={SEED} pytest tests/chaos -k kills"
    result = conduct(tmp_path, MANY, KILLS, SEED, replay=replay, only=[Kind.KILL, Kind.FORGET])
    print("\n" + report(result, MANY, SEED, replay))
    assert result.told["believed"] == MANY.movements
    assert result.faults.total() == KILLS
    assert result.faults[Kind.KILL] >= 50
