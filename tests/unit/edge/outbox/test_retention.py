"""What gives way when the disk fills up, as tables."""

from __future__ import annotations

import pytest

from onebook_edge.outbox.retention import (
    DAY_MS,
    MIB,
    Admission,
    DeliveryCalendar,
    DiskBudget,
    headroom_bytes,
    journal_admission,
    journal_keep_bytes,
    journal_reserve,
    log_bytes,
    telemetry_room,
)

BUDGET = DiskBudget(journal_bytes=1_000, telemetry_bytes=2_000, free_bytes_min=100, retain_days=90, thin_at=0.9)


@pytest.mark.parametrize(
    ("used_bytes", "free_bytes", "admission"),
    [
        (0, 10_000, Admission.TAKE),
        (999, 10_000, Admission.TAKE),
        (1_000, 10_000, Admission.REFUSE),  # The reserve is used up.
        (500, 50, Admission.TAKE),  # The system's last bytes are there for movements.
        (500, 0, Admission.REFUSE),
    ],
)
def test_the_journal_is_taken_while_its_reserve_lasts(used_bytes: int, free_bytes: int, admission: Admission) -> None:
    assert journal_admission(BUDGET, used_bytes, free_bytes) is admission


@pytest.mark.parametrize(
    ("used_bytes", "free_bytes", "admission", "keep_bytes"),
    [
        (0, 10_000, Admission.TAKE, 1_800),
        (1_999, 10_000, Admission.TAKE, 1_800),  # Taken, and room is made.
        (2_000, 10_000, Admission.REFUSE, 1_800),
        (500, 400, Admission.TAKE, 720),  # Others have filled the disk: 500 + 400 - 100 are allowed.
        (500, 100, Admission.REFUSE, 450),
        (500, 40, Admission.REFUSE, 396),
        (50, 20, Admission.REFUSE, 0),  # Never a negative target.
    ],
)
def test_telemetry_gives_way_to_its_budget_and_to_others(
    used_bytes: int, free_bytes: int, admission: Admission, keep_bytes: int
) -> None:
    room = telemetry_room(BUDGET, used_bytes, free_bytes)
    assert (room.admission, room.keep_bytes) == (admission, keep_bytes)


def test_room_is_made_before_anything_is_refused() -> None:
    for used_bytes in range(0, 4_000, 7):
        for free_bytes in range(0, 4_000, 97):
            room = telemetry_room(BUDGET, used_bytes, free_bytes)
            assert room.admission is Admission.TAKE or room.keep_bytes < used_bytes or used_bytes == 0


@pytest.mark.parametrize(
    ("used_bytes", "free_bytes", "keep_bytes"),
    [(500, 10_000, 900), (950, 10_000, 900), (500, 100, 540), (500, 20, 468), (500, -50, 405), (500, -900, 0)],
)
def test_history_gives_way_before_work_is_refused(used_bytes: int, free_bytes: int, keep_bytes: int) -> None:
    assert journal_keep_bytes(BUDGET, used_bytes, free_bytes) == keep_bytes


@pytest.mark.parametrize(
    ("journal_bytes", "telemetry_bytes", "free_bytes", "reserve"),
    [
        (0, 0, 10_000, 1_000),  # Room for both.
        (400, 0, 9_600, 600),
        (1_200, 0, 8_800, 0),
        (0, 0, 2_000, 500),  # Too small for both: a quarter is the journal's,
        (0, 1_500, 500, 500),  # and telemetry stops there.
        (300, 1_500, 200, 200),
        (0, 0, -50, 0),
    ],
)
def test_telemetry_leaves_the_journal_its_share_of_the_disk(
    journal_bytes: int, telemetry_bytes: int, free_bytes: int, reserve: int
) -> None:
    assert journal_reserve(BUDGET, journal_bytes, telemetry_bytes, free_bytes) == reserve


def test_the_logs_are_bounded_and_there_is_always_room_to_fold_them_in() -> None:
    assert (log_bytes(8 * MIB), log_bytes(2_048 * MIB)) == (MIB, 4 * MIB)
    assert headroom_bytes(DiskBudget()) == 2 * (4 + 4) * MIB


def days(calendar: DeliveryCalendar, count: float, delivered_through: int) -> DeliveryCalendar:
    """The box runs for some days, looked at every hour, while so much is delivered."""
    for _ in range(round(count * 24)):
        calendar = calendar.after(DAY_MS // 24, delivered_through, BUDGET)
    return calendar


def test_delivered_events_are_kept_for_their_days() -> None:
    calendar = days(days(DeliveryCalendar(), 10, 100), 89, 200)
    assert calendar.aged_through(BUDGET) <= 100
    assert days(calendar, 1, 300).aged_through(BUDGET) == 100
    assert days(calendar, 1.25, 300).aged_through(BUDGET) == 200
    assert len(days(calendar, 200, 300).delivered) == 361


def test_only_the_time_that_the_box_ran_counts() -> None:
    """A clock can leap; one look after however long a sleep is one mark."""
    calendar = days(DeliveryCalendar(), 1, 100).after(1_000 * DAY_MS, 100, BUDGET)
    assert calendar.aged_through(BUDGET) == 0


def test_what_a_restored_collector_lost_ages_anew() -> None:
    calendar = days(days(DeliveryCalendar(), 50, 100).stepped_back(40), 45, 100)
    assert calendar.aged_through(BUDGET) == 40
    assert days(calendar, 44, 100).aged_through(BUDGET) == 40
    assert days(calendar, 46, 100).aged_through(BUDGET) == 100
