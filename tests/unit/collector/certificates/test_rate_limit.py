"""How often an address may try."""

from __future__ import annotations

from onebook_collector.certificates.rate_limit import ADDRESSES_MAX, RateLimit


def test_ten_tries_at_once_are_admitted_and_the_eleventh_is_not() -> None:
    limit = RateLimit(10, 60_000)
    assert [limit.admit("a", 0) for _ in range(11)] == [True] * 10 + [False]


def test_the_allowance_comes_back_with_time_and_is_not_used_up_by_refusals() -> None:
    limit = RateLimit(10, 60_000)
    for _ in range(1_000):
        limit.admit("a", 0)
    assert [limit.admit("a", 6_000), limit.admit("a", 6_000)] == [True, False]


def test_one_address_takes_nothing_from_another() -> None:
    limit = RateLimit(1, 60_000)
    assert (limit.admit("a", 0), limit.admit("b", 0), limit.admit("a", 0)) == (True, True, False)


def test_it_does_not_grow_without_end() -> None:
    limit = RateLimit(1, 60_000)
    for number in range(ADDRESSES_MAX + 5):
        limit.admit(str(number), 0)
    assert limit.admit("0", 0)  # Forgotten, the oldest first.
    assert not limit.admit(str(ADDRESSES_MAX + 4), 0)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    limit = RateLimit(1, 60_000)
    limit.admit("a", 10_000_000)
    assert limit.admit("a", 0)
