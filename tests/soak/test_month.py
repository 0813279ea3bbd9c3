"""Goal: on a box that nobody visits nothing grows, and its disk stays within its budget, for a month and for ever.

Method: month.py: production machines and stores on real files, under a hand clock. ONEBOOK_MONTH=long lives through 30 days with
ten days of retention; without it eight days with three.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from onebook_edge.outbox.retention import MIB, DiskBudget
from tests.end_to_end.plant import read
from tests.soak.month import Evening, Month, Plan, month

KIB = 1024
IS_LONG = os.environ.get("ONEBOOK_MONTH") == "long"
LONG = Plan(30, 5, DiskBudget(journal_bytes=8 * MIB, telemetry_bytes=256 * KIB, retain_days=10, free_bytes_min=0))
SHORT = Plan(8, 30, DiskBudget(journal_bytes=MIB, telemetry_bytes=32 * KIB, retain_days=3, free_bytes_min=0))
PLAN = LONG if IS_LONG else SHORT
SETTLED_DAY = 3
MEMORY_RATIO_MAX = 1.10
WRITE_AHEAD_LOG_BYTES = 1_050 * 4 * KIB  # SQLite folds it into the file at 1,000 pages; one transaction may go beyond.
_TOLD = "SELECT coalesce(sum(samples_dropped), 0) FROM thinned"
_KEPT = """
    SELECT count(*) FROM point
    WHERE NOT EXISTS (SELECT 1 FROM thinned WHERE thinned.log = point.log AND thinned.through = point.sequence)
"""  # Extremes come with the event that says how many samples it stands for.
_BOOKED = """
    SELECT json_extract(body, '$.fact.movement_id') FROM envelope JOIN log USING (log_id)
    WHERE stream = 'journal' ORDER BY log_id, sequence
"""


@pytest.mark.slow
@pytest.mark.timeout(1_800)
async def test_a_month_leaves_memory_descriptors_and_disk_as_they_were(tmp_path: Path) -> None:
    async with month(tmp_path, PLAN) as one:
        evenings = [await one.day(number) for number in range(1, PLAN.days + 1)]
        await one.settle()
        _print(evenings)
        _check_truth(one)
    settled = evenings[SETTLED_DAY - 1 :]
    assert settled[-1].memory_bytes <= settled[0].memory_bytes * MEMORY_RATIO_MAX
    assert max(one.descriptors for one in settled) == settled[0].descriptors
    for evening in evenings:
        _check_disk(evening)
    assert evenings[-1].oldest_days == pytest.approx(PLAN.budget.retain_days, abs=1), "delivered events go in time"


def _check_disk(evening: Evening) -> None:
    budget = PLAN.budget
    assert evening.journal_bytes <= budget.journal_bytes
    assert evening.telemetry_bytes <= budget.telemetry_bytes
    assert evening.disk_bytes <= budget.journal_bytes + budget.telemetry_bytes + 2 * WRITE_AHEAD_LOG_BYTES


def _check_truth(one: Month) -> None:
    """Movements: each once, in order. Samples: each is at the centre, or is counted in what was said to be thinned."""
    centre = one.folder / "centre"
    assert [row[0] for row in read(centre / "ledger.db", _BOOKED)] == one.recorded_file.read_text().split()
    ((kept,),) = read(centre / "metrics.db", _KEPT)
    ((dropped,),) = read(centre / "metrics.db", _TOLD)
    assert dropped > 0, "the long outage was to be thinned"
    assert kept + dropped == one.said


def _print(evenings: list[Evening]) -> None:
    for one in evenings:
        sizes = f"{one.disk_bytes >> 10} KiB (journal {one.journal_bytes >> 10}, telemetry {one.telemetry_bytes >> 10})"
        print(f"day {one.day}: heap {one.memory_bytes >> 10} KiB, {one.descriptors} descriptors, folder {sizes}, "
              f"oldest {one.oldest_days:.1f} days")  # fmt: skip
