"""Shares of warehouses: of the province, a city, a county, a department. Sums, never means of percentages. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from onebook_collector.coverage.evidence import Evidence, Key
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.rule import CoverageRule, percent

SMALL_UNIT_MAX = 10
"""With so few warehouses a percentage pretends to know more than "2/3" says."""


class Graded(Protocol):
    """A physical place in scope, with the grade that stands. Value in fen (1/100 CNY); None: not known."""

    @property
    def standing(self) -> Grade: ...
    @property
    def storage_area_m2(self) -> Decimal: ...
    @property
    def value_fen(self) -> int | None: ...
    @property
    def evidence(self) -> tuple[Evidence, ...]: ...


_GradedT = TypeVar("_GradedT", bound=Graded)


@dataclass(frozen=True, slots=True)
class Share:
    """`weakest`: the evidence that most of the places lack; None: nothing is lacking, or nothing is in scope."""

    in_scope: int
    informatized: int
    partial: int
    connected: int
    none: int
    still_needed: int
    weakest: Key | None
    pct: Decimal | None
    area_pct: Decimal | None
    value_pct: Decimal | None

    @property
    def words(self) -> str:
        """2/3 of a small unit, 96.4 % of a large one."""
        if self.pct is None:
            return "–"
        return f"{self.informatized}/{self.in_scope}" if self.in_scope <= SMALL_UNIT_MAX else f"{self.pct} %"


def share_of(places: Iterable[Graded], rule: CoverageRule) -> Share:
    places = tuple(places)
    grades = Counter(one.standing for one in places)
    done = [one for one in places if one.standing is Grade.INFORMATIZED]
    return Share(
        in_scope=len(places),
        informatized=len(done),
        partial=grades[Grade.PARTIAL],
        connected=grades[Grade.CONNECTED],
        none=grades[Grade.NONE],
        still_needed=max(still_needed(len(places), rule) - len(done), 0),
        weakest=_weakest(places),
        pct=percent(len(done), len(places)),
        area_pct=_weighted(places, lambda one: int(one.storage_area_m2 * 100)),
        value_pct=_weighted(places, lambda one: one.value_fen)
        if all(one.value_fen is not None for one in places)
        else None,
    )


def still_needed(in_scope: int, rule: CoverageRule) -> int:
    """How many of these must be informatized for the target: rounded up."""
    return math.ceil(rule.target_pct * in_scope / 100)


def nearest_to_passing(places: Sequence[_GradedT]) -> list[_GradedT]:
    """Those that lack one piece of evidence. The caller's order is kept."""
    return [one for one in places if one.standing is not Grade.INFORMATIZED and len(lacking(one)) == 1]


def lacking(place: Graded) -> list[Evidence]:
    return [one for one in place.evidence if not one.holds]


def _weakest(places: Iterable[Graded]) -> Key | None:
    """Of two that are lacked as often, the first: it comes first to be mended."""
    missed = Counter(one.key for place in places for one in lacking(place))
    return max(Key, key=lambda key: missed[key]) if missed else None


def _weighted(places: Iterable[Graded], weight: Callable[[Graded], int | None]) -> Decimal | None:
    weighed = [(one.standing is Grade.INFORMATIZED, weight(one) or 0) for one in places]
    return percent(sum(many for is_done, many in weighed if is_done), sum(many for _, many in weighed))
