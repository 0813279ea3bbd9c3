"""What became of a probe's readings: what is missing is the end of a life, or was given up for want of disk, and said so."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from tests.end_to_end.plant import Plant, read
from tests.end_to_end.truth import EdgeTruth, Life

WAITED_MS_MAX = 30_000  # Longer no line of a campaign is down.
_POINTS = """
    SELECT cast(value AS INTEGER), log, sequence FROM point JOIN series ON series.id = point.series
    WHERE edge_id = ? AND device = ? ORDER BY value
"""
_THINNED = """
    SELECT log, first_sequence, through, samples_dropped FROM thinned JOIN log ON log.id = thinned.log WHERE edge_id = ?
"""


@dataclass(frozen=True, slots=True)
class ReadingsLost:
    """Telemetry that was not yet committed when a process was killed: the last readings of each life."""

    said: int
    lost: list[Life]  # Per life that ended; but for those of the time when two boxes wrote into one log.
    doubled: int = 0  # Of two boxes with one log: both had them waiting.

    def __add__(self, other: ReadingsLost) -> ReadingsLost:
        return ReadingsLost(self.said + other.said, self.lost + other.lost, self.doubled + other.doubled)

    @property
    def counts(self) -> list[int]:
        return sorted(len(one) for one in self.lost)

    @property
    def spans_ms(self) -> list[int]:
        """How far back the loss of each life reaches, seen from its last reading."""
        return sorted(one[-1][1] - one[0][1] if one else 0 for one in self.lost)


def check_readings(plant: Plant, edge_id: str, truth: EdgeTruth, device: str) -> ReadingsLost:
    """None is doubled, none invented; what is lost is the end of a life, and never anything before it.

    Holes are left while a disk is full (readings are refused), where waiting telemetry was thinned (an event says so), and
    while two boxes wrote into one log (the first content of a sequence is kept; what waited in both boxes may be said by
    both, under two epochs).
    """
    points = read(plant.metrics_file, _POINTS, (edge_id, device))
    numbers = [number for number, _, _ in points]
    kept = set(numbers)
    said = {number: at_ms for life in truth.lives for number, at_ms in life}
    assert kept <= said.keys(), "readings nobody said"
    doubled = [number for number, behind in itertools.pairwise(numbers) if number == behind]
    may_be = [(since - WAITED_MS_MAX, until) for since, until in truth.damage.cloned_ms]
    assert not (wrong := [one for one in doubled if not _falls_into(may_be, said[one])]), f"doubled: {wrong[:5]}"
    thinned = read(plant.metrics_file, _THINNED, [edge_id])
    windows = (*truth.damage.full_ms, *truth.damage.cloned_ms)
    lost: list[Life] = []
    given_up = 0
    for life in truth.lives:
        gone = [reading for reading in life if reading[0] not in kept]
        last_kept = max((number for number, _ in life if number in kept), default=0)
        holes = [one for one in gone if one[0] < last_kept and not _falls_into(windows, one[1])]
        unsaid = [one for one in holes if not _is_thinned(points, numbers, thinned, one[0])]
        assert not unsaid, f"a hole in the middle of a life: {unsaid[:5]}"
        given_up += len(holes)
        lost.append([one for one in gone if not _falls_into(truth.damage.cloned_ms, one[1])])
    said_so = sum(samples for _, _, _, samples in thinned if samples is not None)
    assert given_up <= said_so, f"{given_up} readings are missing, {said_so} were said to be given up"
    return ReadingsLost(len(said), lost, len(doubled))


def _falls_into(windows: Iterable[tuple[int, int]], at_ms: int) -> bool:
    return any(since <= at_ms <= until for since, until in windows)


def _is_thinned(
    points: list[tuple[int, int, int]], numbers: list[int], thinned: list[tuple[int, int, int, int]], number: int
) -> bool:
    """Whether between the readings beside it stands an event that says: something was given up here."""
    at = bisect.bisect(numbers, number)
    (_, log_before, before), (_, log_behind, behind) = points[at - 1], points[min(at, len(points) - 1)]
    return any(
        (log == log_before and before <= through and (log != log_behind or first <= behind))
        or (log == log_behind != log_before and first <= behind)
        for log, first, through, _ in thinned
    )
