from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.metrics.rollup import HOUR_MS, MINUTE_MS, Bucket, bucket_start, fold, merge, whole_buckets

MIDNIGHT_IN_SHANGHAI = 1_780_243_200_000  # 2026-05-31T16:00:00Z
DAY_MS = 24 * HOUR_MS


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert bucket_start(MIDNIGHT_IN_SHANGHAI, DAY_MS) == MIDNIGHT_IN_SHANGHAI
    assert bucket_start(MIDNIGHT_IN_SHANGHAI - 1, DAY_MS) == MIDNIGHT_IN_SHANGHAI - DAY_MS


def test_a_range_is_widened_to_whole_buckets() -> None:
    assert whole_buckets(61_000, 120_000, MINUTE_MS) == (60_000, 120_000)
    assert whole_buckets(60_000, 120_001, MINUTE_MS) == (60_000, 180_000)


def test_a_bucket_says_low_high_mean_last_and_how_many() -> None:
    (bucket,) = fold([(5, 3.0), (1, 9.0), (2, None), (3, 6.0)], MINUTE_MS)
    assert bucket == Bucket(from_ms=0, low=3.0, high=9.0, total=18.0, samples=3, last=3.0, last_at_ms=5)
    assert bucket.mean == 6.0


def test_of_two_last_values_at_one_time_the_later_given_one_holds() -> None:
    (folded,) = fold([(1, 1.0), (1, 2.0)], MINUTE_MS)
    (merged,) = merge([*fold([(1, 1.0)], MINUTE_MS), *fold([(1, 2.0)], MINUTE_MS)], MINUTE_MS)
    assert folded.last == merged.last == 2.0


def test_samples_without_a_value_make_no_bucket() -> None:
    assert fold([(1, None)], MINUTE_MS) == []


@given(
    st.lists(st.tuples(st.integers(0, 3 * HOUR_MS), st.integers(-500, 500).map(float)), unique_by=lambda pair: pair[0]),
    st.integers(0, 20),
)
def test_pieces_merged_in_any_order_equal_the_whole(readings: list[tuple[int, float]], cut: int) -> None:
    pieces = fold(readings[cut:], MINUTE_MS) + fold(readings[:cut], MINUTE_MS)
    assert merge(pieces, HOUR_MS) == fold(readings, HOUR_MS)
