"""What a campaign found, for docs/chaos_report.md."""

from __future__ import annotations

import os
import platform
import statistics
from pathlib import Path

from tests.chaos.campaign import DRAINED_WITHIN_S, Result
from tests.chaos.plan import Kind
from tests.chaos.world import Load


def report(result: Result, load: Load, seed: str, replay: str) -> str:
    """Markdown. A campaign that found something wrong has no report: it raises."""
    told, faults = result.told, result.faults.total()
    kinds = "\n".join(f"| {kind} | {result.faults[kind]} |" for kind in Kind if result.faults[kind])
    missing = "".join(f"\nNot possible on this machine: {kind}." for kind in result.left_out)
    lost = result.readings.counts
    parted = ", ".join(f"{outcome} {count}" for outcome, count in result.clones.most_common())
    clones = f"{result.keeper['released']}; {result.keeper['began a new epoch']}"
    others = f"{told['believed_by_the_other_box'] - told['kept_beside']:,}; {told['kept_beside']:,}"
    return f"""# Chaos: {told["believed"]:,} movements, {faults:,} faults

```
{replay}
```

Seed {seed}; {load.edges} edges, one centre, one broker, each a process of its own, on one machine: {machine()}.
How it is done: [testing](testing.md#chaos).

## Result

| promise | found |
|---|---|
| movements that staff believe in | {told["believed"]:,} |
| … lost, doubled, altered, with other postings, out of order | none: each was compared |
| quarantine: exactly what could not be booked | {told["quarantined"]:,} |
| gone with storage cards that were taken out undelivered | {told["gone_with_card"]:,} |
| readings said; lost at the end of a life, or refused by a full disk | {result.readings.said:,}; {sum(lost):,} |
| readings lost per life, median | {statistics.median(lost):.0f} |
| readings that nobody said | none |
| readings doubled: none; but of clones, what waited in both boxes | {result.readings.doubled:,} |
| drained after the last fault (limit {DRAINED_WITHIN_S:.0f} s) | {result.drained_s:.1f} s |
| clones: what the centre had made of them when a person came | {parted} |
| … logs that were held and released by a person; boxes that then began a new epoch | {clones} |
| … uploads of the other content, kept at the centre | {told["other_contents_kept"]:,} |
| … movements that staff of the box that was not chosen believe in: in the book; in its kept folder only | {others} |
| programs that ended by themselves, disk full (started again after 1 s) | {result.ended_by_itself} |

| time | |
|---|---|
| work and faults | {result.worked_s:,.0f} s |
| movements a second, faults included | {told["believed"] / result.worked_s:,.0f} |
| a fault every | {result.worked_s / max(faults, 1):.1f} s |

`onebook collector verify` afterwards:

```
{result.verify.strip()}
```

## Faults

| kind | times |
|---|---|
{kinds}

Struck: {", ".join(f"{victim} {count}" for victim, count in result.struck.most_common())}.{missing}
"""


def machine() -> str:
    """Processor, memory and Python, for a report."""
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown CPU"
    )
    memory_kib = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return f"{os.cpu_count()} × {model}, {memory_kib >> 20} GiB, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()
