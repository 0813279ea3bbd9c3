"""Physical places and the units that answer for them: what is graded, and what shares are of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from onebook_collector.coverage.evidence import Evidence
from onebook_collector.coverage.facility import Outside
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.snapshots import SiteDay

CITY_DIGITS, COUNTY_DIGITS = 4, 6


@dataclass(frozen=True, slots=True)
class Place:
    """A physical place in scope. Where it is three in one (3合1), its worst part speaks for it, and it counts once."""

    site_id: str
    division_code: str
    department: str
    standing: Grade
    storage_area_m2: Decimal
    value_fen: int | None
    evidence: tuple[Evidence, ...]
    parts: tuple[str, ...]  # The sites that it consists of.


def places_of(rows: Sequence[SiteDay]) -> list[Place]:
    """By the site that stands for each."""
    parts: dict[str, list[SiteDay]] = {}
    for row in rows:
        if row.facility.counts_with:
            parts.setdefault(row.facility.counts_with, []).append(row)
    return [_place(row, parts.get(row.site_id, [])) for row in rows if row.outside is None]


def in_division(places: Iterable[Place], code: str) -> list[Place]:
    """`code`: the beginning of a division code."""
    return [one for one in places if one.division_code.startswith(code)]


def _place(main: SiteDay, others: Sequence[SiteDay]) -> Place:
    every = (main, *(one for one in others if one.outside is Outside.SAME_PLACE))
    worst = min(every, key=lambda one: one.standing)
    values = [one.value_fen for one in every if one.value_fen is not None]
    return Place(
        site_id=main.site_id,
        division_code=main.division_code,
        department=main.facility.department,
        standing=worst.standing,
        storage_area_m2=main.storage_area_m2,
        value_fen=sum(values) if len(values) == len(every) else None,
        evidence=worst.evidence,
        parts=tuple(one.site_id for one in every),
    )
