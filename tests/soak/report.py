"""What a soak found, for docs/soak_report.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.chaos.report import machine
from tests.soak.samples import Sample
from tests.soak.soak import BENCH, LOADED, MOVEMENTS_PER_S, Result
from tests.soak.trend import RATIO_MAX, WARMING, Trend, trend

_JUDGED: dict[str, Callable[[Sample], float]] = {
    "resident memory, MiB": lambda one: one.costs.resident_mib,
    "open descriptors": lambda one: one.descriptors,
    "threads": lambda one: one.threads,
}


def trends(result: Result) -> Iterator[tuple[str, str, Trend]]:
    """Process, what is looked at, how it developed."""
    for name, samples in result.samples.items():
        for what, value in _JUDGED.items():
            yield name, what, trend([(one.at_s, value(one)) for one in samples])


def report(result: Result) -> str:
    """Markdown. What was lost or doubled has no report: it raises before."""
    readings_lost = sum(result.readings.counts)
    rows = "\n".join(_trend_row(*row) for row in trends(result))
    uses = "\n".join(_use_row(name, samples) for name, samples in result.samples.items())
    struck = ", ".join(f"{what} {count}" for what, count in sorted(result.outages.items()))
    return f"""# Soak: {result.minutes:g} minutes

```
make soak SOAK_MINUTES={result.minutes:g}
```

One centre, one broker, {len(LOADED)} edges whose staff book {MOVEMENTS_PER_S:g} movements a second and whose probe speaks 20
times a second, and one ({BENCH}) with a simulated scanner, scale and probe on serial lines. Each is a process of its own, on
one machine: {machine()}. Nothing is killed; the lines to the broker fail now and then
({struck}). How it is done: [testing](testing.md#soak).

## Truth against book

| promise | found |
|---|---|
| movements that staff believe in, compared one by one | {result.told["believed"]:,} |
| receipts scanned, compared one by one | {result.scanned:,} |
| … lost, doubled, altered, out of order | none |
| quarantine: exactly what could not be booked | {result.told["quarantined"]:,} |
| readings said; not in the centre's book | {result.readings.said:,}; {readings_lost} (said while all was being stopped) |
| answers of the API asked for meanwhile | {result.pages:,} |

## Does anything grow?

Medians of the first and last third after the first {WARMING:.0%} of the time; the ratio must stay at {RATIO_MAX:.2f} or below.
Slopes by least squares over medians of a minute (a sixtieth of a shorter run), with one standard error.

| process | what | first third | last third | ratio | slope per hour |
|---|---|---|---|---|---|
{rows}

## Used

| process | processor, share of one core | folder at the end, MiB | sent to the disk, MiB an hour | log, bytes |
|---|---|---|---|---|
{uses}

The folders grow with what is in them: the book is kept for ever, an edge keeps what was delivered for `retain_days`.
"""


def _trend_row(name: str, what: str, one: Trend) -> str:
    mark = "" if one.is_flat else " **grows**"
    slope = f"{one.slope:+.3f} ± {one.uncertainty:.3f}"
    return f"| {name} | {what} | {one.first:.1f} | {one.last:.1f} | {one.ratio:.3f}{mark} | {slope} |"


def _use_row(name: str, samples: list[Sample]) -> str:
    first, last = samples[0], samples[-1]
    seconds = max(last.at_s - first.at_s, 1.0)
    cores = (last.costs.cpu_s - first.costs.cpu_s) / seconds
    written = (last.costs.written_bytes - first.costs.written_bytes) / 2**20 * 3600 / seconds
    return f"| {name} | {cores:.1%} | {last.disk_mib:.1f} | {written:.1f} | {last.costs.log_bytes:,} |"
