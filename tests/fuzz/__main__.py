"""`python -m tests.fuzz`: the long bombardment; with `--round`, one round again, input by input."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.bombardment import ROUND_INPUTS, CrashedError, Tally, fire_round
from tests.fuzz.targets import TARGETS, fire

SEED = 20261125
INPUTS = 1_000_000
PROCESSES = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--target", choices=sorted(TARGETS), help="only this one")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--round", type=int, help="play one round again and print its inputs")
    parser.add_argument("--inputs", type=int, default=INPUTS, help="in all")
    parser.add_argument("--report", type=Path, help="write the figures here, as JSON")
    asked = parser.parse_args()
    if asked.round is not None:
        fire_round(TARGETS[asked.target], asked.seed, asked.round, Tally(), print)
        return 0
    return _bombard_all([asked.target] if asked.target else list(TARGETS), asked.seed, asked.inputs, asked.report)


def _bombard_all(names: list[str], seed: int, inputs: int, report: Path | None) -> int:
    """Each target is a job for one of the processes."""
    rounds = range(-(-inputs // ROUND_INPUTS // len(names)))
    began, crashes, tallies = time.monotonic(), [], {}
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        jobs = {name: pool.submit(fire, name, seed, rounds) for name in names}
        for name, job in jobs.items():
            try:
                tally = tallies[name] = job.result()
                print(f"{name:45} {_in_words(tally)}", flush=True)
            except CrashedError as error:
                crashes.append(f"{name}: {error}")
                print(f"✗ {name}: {error}", file=sys.stderr, flush=True)
    total = sum(tally.inputs for tally in tallies.values())
    refused = sum((Counter(tally.refused) for tally in tallies.values()), Counter[str]())
    print(
        f"{total:,} inputs, {sum(t.taken for t in tallies.values()):,} taken, {refused.total():,} refused for "
        f"{len(refused)} reasons, {len(crashes)} crashes; {time.monotonic() - began:.0f} s on {PROCESSES} processes, "
        f"{sum(t.cpu_s for t in tallies.values()):.0f} s CPU; resident memory at most x"
        f"{max((t.resident_growth for t in tallies.values()), default=0)}, largest peak "
        f"{max((t.traced_peak_bytes for t in tallies.values()), default=0) / 2**20:.1f} MiB"
    )
    if report:
        report.write_text(
            json.dumps({name: tally.as_dict() for name, tally in tallies.items()}, indent=1, ensure_ascii=False)
        )
    return 1 if crashes else 0


def _in_words(tally: Tally) -> str:
    return (
        f"{tally.inputs:7} inputs {tally.taken:7} taken {len(tally.refused):4} reasons  {tally.cpu_s:7.1f} s CPU  "
        f"resident x{tally.resident_growth}  peak {tally.traced_peak_bytes / 2**20:.1f} MiB"
    )


if __name__ == "__main__":
    sys.exit(main())
