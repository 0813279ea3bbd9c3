"""Spans of time, (from, until) in Unix milliseconds: when somebody was heard, and when that was due. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Span = tuple[int, int]


def united(spans: Iterable[Span]) -> list[Span]:
    """What at least one of them covers."""
    found: list[Span] = []
    for from_ms, until_ms in sorted(span for span in spans if span[0] < span[1]):
        if found and from_ms <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], until_ms)
        else:
            found.append((from_ms, until_ms))
    return found


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """What both cover. Both are united."""
    found, first, second = [], 0, 0
    while first < len(one) and second < len(other):
        from_ms, until_ms = max(one[first][0], other[second][0]), min(one[first][1], other[second][1])
        if from_ms < until_ms:
            found.append((from_ms, until_ms))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return found


def without(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """What `spans` cover and `taken` do not. Both are united."""
    if not spans:
        return []
    low, high = spans[0][0], spans[-1][1]
    edges = [
        (low, low),
        *((max(one, low), min(two, high)) for one, two in taken if one < high and two > low),
        (high, high),
    ]
    return common(spans, [(before[1], after[0]) for before, after in pairwise(edges) if before[1] < after[0]])


def total(spans: Iterable[Span]) -> int:
    return sum(until_ms - from_ms for from_ms, until_ms in spans)


def longest_silence(due: Sequence[Span], heard: Sequence[Span]) -> int:
    """The most due time between two moments when somebody was heard; time that was not due does not count as silence."""
    if not due:
        return 0
    low, high = due[0][0], due[-1][1]
    edges = [(low, low), *(span for span in heard if span[0] < high and span[1] > low), (high, high)]
    return max(total(common(due, [(before[1], after[0])])) for before, after in pairwise(edges))
