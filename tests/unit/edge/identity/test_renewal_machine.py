"""When a certificate is renewed, whatever the clock of the box believes."""

from __future__ import annotations

from onebook_edge.identity.machine import AskForRenewal, Failed, RenewalMachine, RenewalSettings, Renewed
from onebook_edge.machine import Instant, Woken

DAY = 86_400_000
BEGAN = 1_790_000_000_000
SETTINGS = RenewalSettings()
ASK = (AskForRenewal(),)


def machine(share: float = 0.0) -> RenewalMachine:
    return RenewalMachine(BEGAN, BEGAN + 90 * DAY, share, SETTINGS)


def at(day: float, up_ms: int = 0) -> Instant:
    return Instant(monotonic_ms=up_ms, wall_ms=BEGAN + int(day * DAY))


def test_it_asks_at_two_thirds_of_the_life_and_not_before() -> None:
    renewal = machine()
    assert renewal.handle(Woken(), at(59.9)) == ()
    due = renewal.wakeup_at()
    assert due == SETTINGS.look_every_ms
    assert renewal.handle(Woken(), at(60.0, due)) == ASK


def test_it_asks_once_until_it_has_heard() -> None:
    renewal = machine()
    assert renewal.handle(Woken(), at(61)) == ASK
    assert (renewal.handle(Woken(), at(62, DAY)), renewal.wakeup_at()) == ((), None)


def test_a_new_certificate_has_a_life_of_its_own() -> None:
    renewal = machine()
    renewal.handle(Woken(), at(61))
    renewal.handle(Renewed(BEGAN + 61 * DAY, BEGAN + 151 * DAY), at(61, 1_000))
    assert renewal.handle(Woken(), at(100, 2 * DAY)) == ()
    assert renewal.handle(Woken(), at(122, 3 * DAY)) == ASK


def test_it_never_gives_up_and_asks_more_and_more_rarely() -> None:
    renewal, up_ms, waits = machine(), 0, []
    for _ in range(12):
        assert renewal.handle(Woken(), at(61, up_ms)) == ASK
        renewal.handle(Failed(refused=False), at(61, up_ms))
        due = renewal.wakeup_at()
        assert due is not None
        waits.append(due - up_ms)
        assert renewal.handle(Woken(), at(61, due - 1)) == ()
        up_ms = due
    assert waits[:3] == [60_000, 120_000, 240_000]
    assert set(waits[6:]) == {SETTINGS.retry_ms_max}


def test_a_refusal_is_asked_again_hours_later() -> None:
    renewal = machine()
    renewal.handle(Woken(), at(61))
    renewal.handle(Failed(refused=True), at(61))
    assert renewal.wakeup_at() == SETTINGS.refused_retry_ms


def test_a_certificate_that_has_ended_is_still_renewed() -> None:
    assert machine().handle(Woken(), at(200)) == ASK


def test_a_clock_that_is_set_late_is_noticed_within_minutes() -> None:
    """A box without a battery begins in 1970: it waits, and looks again."""
    renewal = machine()
    assert renewal.handle(Woken(), Instant(monotonic_ms=0, wall_ms=0)) == ()
    due = renewal.wakeup_at()
    assert due is not None
    assert due <= SETTINGS.look_every_ms
    assert renewal.handle(Woken(), at(61, due)) == ASK


def test_a_fleet_enrolled_in_one_day_does_not_ask_in_one_minute() -> None:
    assert machine(share=1.0).handle(Woken(), at(56)) == ASK
    assert machine(share=0.0).handle(Woken(), at(56)) == ()
