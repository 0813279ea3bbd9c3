"""The figures of a run, printed as one table at its end."""

from __future__ import annotations

import os
from dataclasses import dataclass
from statistics import median

IS_LONG = os.environ.get("ONEBOOK_BENCH") == "long"
"""`make bench` takes minutes; without it each scenario takes seconds, so that the scenarios themselves stay tested."""


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    ours: str
    aim: str = ""
    peer: str = ""


FIGURES: list[Figure] = []


def note(what: str, ours: str, *, aim: str = "", peer: str = "") -> None:
    """Put a row into the table. `peer`: ThingsBoard IoT Gateway 3.8.5 in the same scenario, see docs/guarantees.md."""
    FIGURES.append(Figure(what, ours, aim, peer))


def percentile(values: list[float] | list[int], share: float) -> float:
    """The value below which this share lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def in_words(values: list[float] | list[int], unit: str = "ms", digits: int = 0) -> str:
    """Median, 99th percentile and maximum."""
    return f"{median(values):.{digits}f} / {percentile(values, 0.99):.{digits}f} / {max(values):.{digits}f} {unit}"


def table() -> list[str]:
    head = Figure("scenario", "ours", "aim", "peer")
    rows = [head, *FIGURES]
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("what", "ours", "aim", "peer")]
    return ["  ".join((row.what.ljust(widths[0]), row.ours.ljust(widths[1]), row.aim.ljust(widths[2]), row.peer)).rstrip()
            for row in rows]  # fmt: skip
