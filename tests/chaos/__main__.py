"""`python -m tests.chaos --seed 1 --movements 20000 --faults 100`: one campaign, and its report. `make chaos` calls this."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.campaign import conduct
from tests.chaos.plan import Kind
from tests.chaos.report import report
from tests.chaos.world import Load


def main() -> int:
    asked = _parser().parse_args()
    load = Load(asked.movements, asked.edges, asked.per_s / asked.edges, asked.at_once)
    folder = Path(tempfile.mkdtemp(prefix="onebook-chaos-"))  # Stays when something was found.
    print(f"seed {asked.seed}; faults are noted in {folder / 'faults.jsonl'}", flush=True)
    only = [Kind(name) for name in asked.only] if asked.only else None
    replay = f"make chaos SEED={asked.seed} MOVEMENTS={asked.movements} FAULTS={asked.faults}"
    with_tls = not asked.plain_text
    result = conduct(folder, load, asked.faults, asked.seed, replay=replay, with_tls=with_tls, only=only)
    text = report(result, load, asked.seed, replay)
    print(text)
    if asked.report:
        asked.report.write_text(text, encoding="utf-8")
    shutil.rmtree(folder)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--movements", type=int, default=20_000)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--edges", type=int, default=6)
    parser.add_argument("--per-s", type=float, default=800.0, help="movements in a second, all edges together")
    parser.add_argument("--at-once", type=int, default=24, help="at most so many movements in one commit")
    parser.add_argument("--plain-text", action="store_true", help="no TLS, and no certificates that expire")
    parser.add_argument("--only", action="append", help="only this kind of fault; may be repeated")
    parser.add_argument("--report", type=Path, help="write the report to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
