"""Which backups stay: never less than the last one that is known to be good."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.backup.retention import Keeping, dispensable, name_of, named

T0 = 1_780_000_000_000
DAY = 86_400_000


def nightly(days: int) -> list[str]:
    return [name_of(T0 + day * DAY) for day in range(days)]


def test_a_name_says_when_the_backup_was_made_and_names_sort_by_age() -> None:
    found = named(name_of(T0 + 123))
    assert found is not None
    assert round(found.made_at.timestamp() * 1_000) == T0 + 123
    assert nightly(400) == sorted(nightly(400))
    assert named("onebook-20261125T0430Z.obk.partial") is None


def test_seven_days_five_weeks_and_twelve_months_stay_of_two_years_of_nights() -> None:
    names = nightly(730)
    gone = dispensable(names, Keeping(), good=names)
    left = [name for name in names if name not in gone]
    assert left[-7:] == names[-7:]
    assert 7 + 3 + 10 <= len(left) <= 7 + 5 + 12
    assert len({name[8:14] for name in left}) == 12, "a backup of each of twelve months"


def test_nothing_is_deleted_while_no_backup_is_known_to_be_good() -> None:
    assert dispensable(nightly(100), Keeping(daily=1, weekly=0, monthly=0), good=()) == []


def test_of_one_day_the_good_backup_is_kept_rather_than_a_later_one_nobody_has_read() -> None:
    early, late, newest = name_of(T0), name_of(T0 + 60_000), name_of(T0 + 3 * DAY)
    assert dispensable([early, late, newest], Keeping(daily=2, weekly=0, monthly=0), good={early, newest}) == [late]


@given(st.sets(st.integers(0, 2_000), min_size=1), st.data(), st.integers(1, 3), st.integers(0, 2), st.integers(0, 2))
def test_the_last_good_backup_and_all_after_it_always_stay(
    hours: set[int], data: st.DataObject, daily: int, weekly: int, monthly: int
) -> None:
    names = [name_of(T0 + hour * 3_600_000) for hour in sorted(hours)]
    good = data.draw(st.sets(st.sampled_from(names)))
    gone = dispensable(names, Keeping(daily=daily, weekly=weekly, monthly=monthly), good=good)
    if not good:
        assert gone == []
    else:
        kept = set(itertools.dropwhile(lambda name: name != max(good), names))
        assert not kept & set(gone)
