"""What counts in the 95 %, and what nobody takes out of it without the province's word."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from onebook_collector.coverage.facility import (
    Facility,
    Goods,
    Kind,
    Level,
    Outside,
    change_problems,
    is_listed_removal,
    outside,
)
from tests.unit.collector.coverage.made import RULE

TODAY = date(2026, 9, 21)
STORE = Facility(
    "wh-1", Level.COUNTY, Kind.FLOOD_DEPOT, frozenset({Goods.GOVERNMENT}), active_since=TODAY - timedelta(days=30)
)
REMOVED: dict[str, Any] = {"removed_on": TODAY, "removal_approval": "浙应急〔2026〕1号", "removal_reason": "关闭"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"level": Level.PROVINCE}, None),
        ({"level": Level.TOWNSHIP}, Outside.LEVEL),
        ({"level": Level.VILLAGE}, Outside.LEVEL),
        *(({"kind": kind}, None) for kind in list(Kind)[:6]),
        *(({"kind": kind}, Outside.KIND) for kind in list(Kind)[6:]),
        ({"goods": frozenset({Goods.COMMERCIAL})}, Outside.GOODS),
        ({"goods": frozenset()}, Outside.GOODS),
        ({"goods": frozenset({Goods.COMMERCIAL, Goods.ENTRUSTED})}, None),
        ({"active_since": None}, Outside.NOT_ACTIVE),
        ({"active_since": TODAY - timedelta(days=29)}, Outside.NEW),
        ({"counts_with": "wh-2"}, Outside.SAME_PLACE),
        (REMOVED, Outside.REMOVED),
        (REMOVED | {"removed_on": TODAY + timedelta(days=1)}, None),
    ],
)
def test_what_is_in_scope(change: dict[str, Any], expected: Outside | None) -> None:
    assert outside(replace(STORE, **change), TODAY, RULE) is expected


@pytest.mark.parametrize(
    ("before", "change", "is_refused"),
    [
        (STORE, {"storage_area_m2": 900}, False),
        (STORE, {"level": Level.TOWNSHIP}, True),
        (STORE, {"kind": Kind.TANK_FARM}, True),
        (STORE, {"goods": frozenset({Goods.COMMERCIAL})}, True),
        (STORE, {"active_since": None}, True),
        (STORE, {"active_since": TODAY}, True),  # It would be new again.
        (STORE, {"active_since": TODAY - timedelta(days=400)}, False),
        (STORE, {"counts_with": "wh-2"}, True),
        (STORE, {"removed_on": TODAY}, True),
        (STORE, REMOVED, False),
        (STORE, REMOVED | {"level": Level.TOWNSHIP}, False),
        (STORE, REMOVED | {"removal_approval": ""}, True),
        (None, {"removed_on": TODAY}, True),
        (None, {}, False),
        (replace(STORE, level=Level.VILLAGE), {"kind": Kind.OTHER}, False),
        (replace(STORE, **REMOVED), {}, False),  # Taken back into scope.
        (replace(STORE, **REMOVED), REMOVED | {"removed_on": TODAY - timedelta(days=9)}, True),
    ],
)
def test_taking_out_of_scope_needs_the_provinces_approval(
    before: Facility | None, change: dict[str, Any], is_refused: bool
) -> None:
    assert bool(list(change_problems(before, replace(STORE, **change)))) is is_refused


@pytest.mark.parametrize(("days", "expected"), [(-1, False), (0, True), (364, True), (365, False)])
def test_a_removal_is_listed_for_twelve_months(days: int, expected: bool) -> None:
    assert is_listed_removal(replace(STORE, **REMOVED), TODAY + timedelta(days=days), RULE) is expected
