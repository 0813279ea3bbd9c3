"""Command line of the simulation: replay a seed, run many, plant a bug, tell a scenario."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Sequence

from tests.simulation.checkers import BrokenError
from tests.simulation.mutants import MUTANTS
from tests.simulation.scenarios import SCENARIOS, run_scenario
from tests.simulation.trial import replay_command, run_seed, run_seeds


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seed", type=int, help="run this seed")
    what.add_argument("--seeds", type=int, help="run so many seeds, from --first")
    what.add_argument("--scenario", choices=SCENARIOS, help="run this scenario")
    parser.add_argument("--first", type=int, default=0, help="the first of many seeds (default 0)")
    parser.add_argument("--processes", type=int, default=2, help="for many seeds (default 2)")
    parser.add_argument("--trace", action="store_true", help="print every step of a seed or a scenario")
    parser.add_argument("--mutant", choices=MUTANTS, help="plant this bug first (one seed or scenario)")
    options = parser.parse_args(arguments)
    if options.seeds is not None:
        return _sweep(range(options.first, options.first + options.seeds), options.processes)
    planted = MUTANTS[options.mutant].planted() if options.mutant else contextlib.nullcontext()
    try:
        with planted:
            if options.scenario:
                run_scenario(options.scenario, tracing=options.trace)
            else:
                run_seed(options.seed, tracing=options.trace)
    except BrokenError as broken:
        print(f"the promise is broken: {broken}")
        return 1
    print("the promise is kept")
    return 0


def _sweep(seeds: range, processes: int) -> int:
    begun_s = time.monotonic()
    sweep = run_seeds(seeds, processes)
    for seed, what in sorted(sweep.broken.items()):
        print(f"seed {seed}: {what}\n  replay: {replay_command(seed)}")
    for what, times in sorted(sweep.seen.items()):
        print(f"{times:>9} x {what}")
    print(f"{len(seeds)} seeds, {len(sweep.broken)} broken, {time.monotonic() - begun_s:.0f} s")
    return 1 if sweep.broken else 0


if __name__ == "__main__":
    sys.exit(main())
