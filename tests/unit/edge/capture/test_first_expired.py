"""First expired, first out, as tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebook_edge.capture.first_expired import is_usable, passed_over, propose
from onebook_edge.capture.held_goods import Held
from onebook_schemas.stock_events import Holding, Lot, StockStatus

TODAY = date(2026, 5, 28)


def held(bin_code: str, amount: int, lot: str | None = None, expires: date | None = None, **more: StockStatus) -> Held:
    named = Lot(number=lot, expires_on=expires) if lot else None
    status = more.get("status", StockStatus.AVAILABLE)
    return Held(bin_code, "LS01006", Decimal(amount), "EA", named, status, Holding())


OLD, NEW = held("A", 10, "OLD", date(2027, 1, 1)), held("B", 50, "NEW", date(2028, 1, 1))
UNDATED, EXPIRED = held("C", 5), held("D", 9, "GONE", date(2026, 5, 27))
LAST_DAY, FROZEN = held("E", 1, "LAST", TODAY), held("F", 9, "ICE", date(2026, 6, 1), status=StockStatus.FROZEN)
BELOW = held("G", -3, "OLD", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("demand", "picks", "shortfall"),
    [
        (5, [("E", 1), ("A", 4)], 0),
        (11, [("E", 1), ("A", 10)], 0),
        (20, [("E", 1), ("A", 10), ("B", 9)], 0),
        (70, [("E", 1), ("A", 10), ("B", 50), ("C", 5)], 4),
        (0, [], 0),
    ],
)
def test_what_expires_first_is_taken_first_and_a_shortfall_is_said(
    demand: int, picks: list[tuple[str, int]], shortfall: int
) -> None:
    found = propose(Decimal(demand), [NEW, UNDATED, EXPIRED, OLD, FROZEN, LAST_DAY, BELOW], TODAY)
    assert [(one.held.bin, one.amount) for one in found.picks] == picks
    assert found.shortfall == shortfall


def test_of_one_date_the_smaller_rest_is_taken_so_that_bins_become_empty() -> None:
    found = propose(Decimal(12), [held("A", 50, "L", date(2027, 1, 1)), held("B", 3, "L", date(2027, 1, 1))], TODAY)
    assert [(one.held.bin, one.amount) for one in found.picks] == [("B", 3), ("A", 9)]


@pytest.mark.parametrize(
    ("taken", "left"),
    [
        ({"NEW": 1}, ["OLD"]),
        ({"NEW": 1, "OLD": 10}, []),
        ({"NEW": 1, "OLD": 9}, ["OLD"]),
        ({"OLD": 1}, []),
        ({"GONE": 1}, []),
        ({"NOBODY KNOWS": 1}, []),
        ({}, []),
    ],
)
def test_an_earlier_lot_is_passed_over_only_while_some_of_it_is_left(taken: dict[str, int], left: list[str]) -> None:
    amounts = {lot: Decimal(amount) for lot, amount in taken.items()}
    assert [one.lot_number for one in passed_over(amounts, [NEW, OLD, EXPIRED, FROZEN], TODAY)] == left


@given(
    st.integers(0, 200),
    st.lists(st.builds(held, st.sampled_from("ABC"), st.integers(-5, 60), st.sampled_from(["L1", "L2"]), st.dates())),
)
def test_picks_and_shortfall_are_the_demand_and_nothing_is_taken_twice(demand: int, there: list[Held]) -> None:
    found = propose(Decimal(demand), there, TODAY)
    assert sum(pick.amount for pick in found.picks) + found.shortfall == demand
    assert all(0 < pick.amount <= pick.held.amount and is_usable(pick.held, TODAY) for pick in found.picks)
    dates = [pick.held.expires_on or date.max for pick in found.picks]
    assert dates == sorted(dates)
    if found.shortfall:
        assert sum(one.amount for one in there if is_usable(one, TODAY)) == demand - found.shortfall
