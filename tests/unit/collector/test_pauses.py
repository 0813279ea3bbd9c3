"""Pauses after failed sign-ins grow, end, and do not lock anybody out from afar; buckets empty and fill."""

from __future__ import annotations

import pytest

from onebook_collector.administration.pauses import FREE_FAILURES, PAUSE_S_MAX, Buckets, SignInPauses, network_of

HERE, THERE = "10.0.0.1", "203.0.113.9"


def fail(pauses: SignInPauses, name: str, address: str, times: int, now_ms: int = 0) -> None:
    for _ in range(times):
        pauses.note_failure(name, address, now_ms)


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    pauses, waits = SignInPauses(), []
    fail(pauses, "liwei", HERE, FREE_FAILURES["pair"] - 1)
    for _ in range(14):
        waits.append(pauses.wait_s("liwei", HERE, 0, is_known_address=False))
        pauses.note_failure("liwei", HERE, 0)
    assert waits[:6] == [0, 1, 2, 4, 8, 16]
    assert waits[-1] == PAUSE_S_MAX
    assert pauses.wait_s("liwei", HERE, PAUSE_S_MAX * 1_000, is_known_address=False) == 0


def test_a_flood_of_guesses_from_afar_does_not_hold_up_the_person_where_they_are_known() -> None:
    pauses = SignInPauses()
    for number in range(200):
        pauses.note_failure("liwei", f"198.51.100.{number}", 0)
    assert pauses.wait_s("liwei", THERE, 0, is_known_address=False) > 0
    assert pauses.wait_s("liwei", HERE, 0, is_known_address=True) == 0


def test_an_address_that_tries_many_names_has_to_wait_for_all_of_them() -> None:
    pauses = SignInPauses()
    for number in range(FREE_FAILURES["address"]):
        pauses.note_failure(f"name-{number}", THERE, 0)
    assert pauses.wait_s("another", THERE, 0, is_known_address=False) > 0


def test_a_success_forgives_the_person_but_not_the_address() -> None:
    pauses = SignInPauses()
    fail(pauses, "liwei", HERE, FREE_FAILURES["address"])
    pauses.note_success("liwei", HERE)
    assert pauses.wait_s("mallory", HERE, 0, is_known_address=False) > 0


def test_addresses_of_one_ipv6_customer_are_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff")
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")


def test_a_bucket_gives_its_burst_at_once_and_then_as_it_fills() -> None:
    buckets = Buckets(per_s=2, burst=3)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", 0.0) == pytest.approx(0.5)
    assert buckets.take("b", 0.0) == 0
    assert buckets.take("a", 0.6) == 0
