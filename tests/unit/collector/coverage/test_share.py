"""Shares: sums, weights, three in one, and a second way to compute them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_collector.coverage.evidence import Key, Verdict
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level, Outside
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.places import Place, in_division, places_of
from onebook_collector.coverage.rule import percent
from onebook_collector.coverage.share import nearest_to_passing, share_of, still_needed
from onebook_collector.coverage.snapshots import SiteDay
from tests.unit.collector.coverage.made import RULE, verdicts

NONE, CONNECTED, PARTIAL, INFORMATIZED = Grade
FAIL, UNKNOWN, NOT_APPLICABLE = Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE


def site_day(site_id: str, standing: Grade = INFORMATIZED, **more: Any) -> SiteDay:
    facility = Facility(
        site_id,
        Level.COUNTY,
        Kind.GRAIN_DEPOT,
        frozenset({Goods.GOVERNMENT}),
        storage_area_m2=Decimal(more.pop("area", 100)),
        counts_with=more.pop("counts_with", ""),
        active_since=date(2026, 1, 1),
    )
    outside = more.pop("outside", Outside.SAME_PLACE if facility.counts_with else None)
    found = SiteDay(1, site_id, "330102", facility, outside, standing, standing, 1, None, 100, tuple(verdicts()))
    return replace(found, **more)


def place(standing: Grade = INFORMATIZED, **more: Any) -> Place:
    return places_of([site_day("wh", standing, **more)])[0]


@pytest.mark.parametrize(
    ("in_scope", "needed"), [(0, 0), (1, 1), (3, 3), (19, 19), (20, 19), (21, 20), (100, 95), (101, 96)]
)
def test_what_is_needed_for_the_target_is_rounded_up(in_scope: int, needed: int) -> None:
    assert still_needed(in_scope, RULE) == needed


@pytest.mark.parametrize(
    ("done", "all_of", "words"), [(2, 3, "2/3"), (10, 10, "10/10"), (11, 12, "91.6 %"), (0, 0, "–")]
)
def test_small_units_say_how_many_of_how_many(done: int, all_of: int, words: str) -> None:
    places = [place(INFORMATIZED if number < done else CONNECTED) for number in range(all_of)]
    assert share_of(places, RULE).words == words


def test_a_share_of_all_is_no_mean_of_shares() -> None:
    few, many = [place()], [place(NONE)] * 9
    assert [share_of(one, RULE).pct for one in (few, many, few + many)] == [100, 0, 10]


def test_it_is_weighted_by_area_and_by_value() -> None:
    share = share_of([place(area=300, value_fen=1), place(PARTIAL, area="99.5", value_fen=2)], RULE)
    assert (share.pct, share.area_pct, share.value_pct) == (50, Decimal("75.0"), Decimal("33.3"))
    assert share_of([place(), place(PARTIAL, value_fen=None)], RULE).value_pct is None
    assert share_of([place(area=0)], RULE).area_pct is None


def test_three_in_one_counts_once_and_its_worst_part_speaks() -> None:
    rows = [
        site_day("a", value_fen=1),
        site_day("b", PARTIAL, counts_with="a", value_fen=2, evidence=tuple(verdicts(e4=FAIL))),
        site_day("c", counts_with="a", value_fen=4),
        site_day("d", NONE, counts_with="a", outside=Outside.REMOVED),
        site_day("e"),
    ]
    first, second = places_of(rows)
    assert (first.site_id, first.parts, first.standing, first.value_fen) == ("a", ("a", "b", "c"), PARTIAL, 7)
    assert (second.parts, second.standing) == (("e",), INFORMATIZED)
    assert [one.site_id for one in nearest_to_passing([first, second])] == ["a"]


def test_what_is_outside_changes_no_share() -> None:
    rows = [site_day("a"), site_day("b", NONE)]
    assert share_of(places_of(rows), RULE).pct == 50
    assert share_of(places_of([rows[0], replace(rows[1], outside=Outside.REMOVED)]), RULE).pct == 100


def test_the_weakest_evidence_is_lacked_most() -> None:
    lacks = [{"e3": FAIL, "e4": UNKNOWN}, {"e4": FAIL}, {"e5": NOT_APPLICABLE}, {"e5": NOT_APPLICABLE}]
    places = [place(PARTIAL, evidence=tuple(verdicts(**one))) for one in lacks]
    assert share_of(places, RULE).weakest is Key.E4_COUNTED
    assert share_of(places[:1], RULE).weakest is Key.E3_CAPTURED
    assert share_of(places[2:], RULE).weakest is None


def test_a_division_holds_what_lies_below_it() -> None:
    places = [replace(place(), division_code=code) for code in ("330102", "330106", "330203")]
    assert [len(in_division(places, code)) for code in ("33", "3301", "330106", "3304")] == [3, 2, 1, 0]


# A second way, without the code under test: by hand, in fractions -------------------------------------------------

graded = st.tuples(
    st.sampled_from(Grade),
    st.integers(0, 10**6),
    st.integers(0, 10**12),
    st.dictionaries(st.sampled_from(["e1", "e2", "e3", "e4", "e5", "e6"]), st.sampled_from(Verdict)),
)


def naive_percent(part: int, whole: int) -> Decimal | None:
    if not whole:
        return None
    tenths = Fraction(part, whole) * 1000
    return Decimal(tenths.numerator // tenths.denominator) / 10


@given(st.lists(graded, max_size=40))
def test_it_agrees_with_counting_by_hand(drawn: list[tuple[Grade, int, int, dict[str, Verdict]]]) -> None:
    places = [place(g, area=a, value_fen=v, evidence=tuple(verdicts(**lacks))) for g, a, v, lacks in drawn]
    share = share_of(places, RULE)
    done = [one for one in drawn if one[0] is INFORMATIZED]
    assert (share.in_scope, share.informatized) == (len(drawn), len(done))
    assert share.informatized + share.partial + share.connected + share.none == share.in_scope
    assert share.pct == naive_percent(len(done), len(drawn))
    assert share.area_pct == naive_percent(sum(one[1] for one in done), sum(one[1] for one in drawn))
    assert share.value_pct == naive_percent(sum(one[2] for one in done), sum(one[2] for one in drawn))
    # So many more, and not one less, bring it to the target.
    reached = Fraction(len(done) + share.still_needed, max(len(drawn), 1)) * 100
    assert reached >= RULE.target_pct or not drawn
    if share.still_needed:
        assert Fraction(len(done) + share.still_needed - 1, len(drawn)) * 100 < RULE.target_pct
    missing = {key: sum(lacks.get(key.value[:2]) in (FAIL, UNKNOWN) for *_, lacks in drawn) for key in Key}
    most = max(missing.values(), default=0)
    assert share.weakest == (next(key for key in Key if missing[key] == most) if most else None)


def test_a_percentage_never_claims_what_is_not_reached() -> None:
    assert [percent(94_999, 100_000), percent(95_000, 100_000), percent(0, 0)] == [Decimal("94.9"), Decimal(95), None]
