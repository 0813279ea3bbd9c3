"""Spans of time against a count of single moments."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.coverage.attendance import prolonged
from onebook_collector.coverage.spans import Span, common, longest_silence, total, united, without

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (min(pair), max(pair))), max_size=8)


def moments(found: list[Span]) -> set[int]:
    return {at for from_ms, until_ms in found for at in range(from_ms, until_ms)}


@given(spans, spans)
def test_they_do_what_sets_of_moments_do(one: list[Span], other: list[Span]) -> None:
    first, second = united(one), united(other)
    assert moments(first) == moments(one)
    assert total(first) == len(moments(one))
    assert moments(common(first, second)) == moments(one) & moments(other)
    assert moments(without(first, second)) == moments(one) - moments(other)


@given(spans, spans)
def test_the_longest_silence_counts_due_moments_between_two_that_were_heard(due: list[Span], heard: list[Span]) -> None:
    silence = longest = 0
    for at in range(41):
        silence = 0 if at in moments(heard) else silence + (at in moments(due))
        longest = max(longest, silence)
    assert longest_silence(united(due), united(heard)) == longest


def test_heartbeats_that_follow_closely_are_one_span() -> None:
    assert prolonged(None, 10, 5) == (10, 10)
    assert prolonged((10, 20), 25, 5) == (10, 25)
    assert prolonged((10, 20), 26, 5) == (26, 26)
    assert prolonged((10, 20), 15, 5) == (10, 20)
