"""`python -m tests.soak --minutes 60 --report FILE`: exit code 1 when something grows. `make soak` calls this."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.soak.report import report, trends
from tests.soak.soak import Soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--report", type=Path, help="write the report to this file")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="onebook-soak-"))  # Stays when something was found.
    print(f"{asked.minutes:g} minutes in {folder}", flush=True)
    with Soak(folder, asked.minutes) as soak:
        result = soak.run()
    text = report(result)
    print(text)
    if asked.report:
        asked.report.write_text(text, encoding="utf-8")
    growing = [f"{name}: {what} x {one.ratio:.3f}" for name, what, one in trends(result) if not one.is_flat]
    print("\n".join(growing) or "Nothing grows.")
    if not growing:
        shutil.rmtree(folder)
    return 1 if growing else 0


if __name__ == "__main__":
    sys.exit(main())
