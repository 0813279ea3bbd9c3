"""Coverage: how many reserve warehouses are informatized, by evidence, and what each of them still lacks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.covered import Covered, look_at_coverage
from onebook_collector.api.goods import Name
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, ExactText, Key, Moment
from onebook_collector.clock import business_date
from onebook_collector.coverage import evidence as judged
from onebook_collector.coverage import snapshots
from onebook_collector.coverage.facility import Goods, Kind, Level, Outside, is_listed_removal
from onebook_collector.coverage.places import CITY_DIGITS, Place, in_division
from onebook_collector.coverage.share import lacking, nearest_to_passing, share_of
from onebook_collector.coverage.snapshots import SiteDay
from onebook_collector.coverage.texts import NAMES, words
from onebook_collector.errors import NotFoundError
from onebook_schemas import reference

router = APIRouter(
    prefix="/coverage",
    tags=["coverage"],
    dependencies=[Depends(Needs(Verb.READ, Resource.COVERAGE))],
    responses=refusals(404),
)
Day = date  # Also the name of fields.
OnDay = Annotated[reference.Day | None, Query(alias="date", description="of this business day; left out: the newest")]
GradeName = Literal["informatized", "partial", "connected", "none"]
HISTORY_DAYS = 90
_GOOD_ENOUGH = "percent, rounded down to a tenth"


class ShareOut(ApiModel):
    """Warehouses of one unit. A share is of sums, never a mean of shares; without anything in scope there is none."""

    in_scope: int = Field(description="physical places that count", examples=[3])
    informatized: int = Field(examples=[2])
    partial: int = Field(examples=[1])
    connected: int = Field(examples=[0])
    none: int = Field(examples=[0])
    words: str = Field(description="2/3 of few, 96.4 % of many", examples=["2/3"])
    percent: ExactText | None = Field(description=_GOOD_ENOUGH)
    percent_by_area: ExactText | None = Field(description="weighted by storage area")
    percent_by_value: ExactText | None = Field(description="weighted by stock value; null: prices are lacking")
    still_needed: int = Field(description="so many more for the target", examples=[1])
    dark_now: int | None = Field(description="whose picture is too old for dispatch; null: of a day that is past")
    weakest_evidence: judged.Key | None = Field(description="what most of them lack; null: nothing")


class DivisionShare(ApiModel):
    division: str = Field(description="beginning of its division code", examples=["3301"])
    name: Name
    share: ShareOut


class DepartmentShare(ApiModel):
    department: str = Field(examples=["省应急管理厅"])
    share: ShareOut


class ReasonOut(ApiModel):
    zh: str = Field(examples=["盘点已过 212 天，不得超过 183 天，请再盘一次"])
    en: str = Field(examples=["the last count is 212 days old, 183 at most; count again"])


class NearOut(ApiModel):
    """A warehouse that lacks one thing."""

    site_id: str
    name: Name
    missing: judged.Key
    reasons: list[ReasonOut]


class RemovedOut(ApiModel):
    site_id: str
    name: Name
    removed_on: Day
    approval: str
    reason: str


class CoverageOut(ApiModel):
    """Everything in the scope of whoever asks. Units that are seen in part are not listed."""

    date: Day
    made_at: Moment
    rule_version: str
    target_percent: ExactText
    total: ShareOut
    cities: list[DivisionShare]
    counties: list[DivisionShare] = Field(description="also those without any warehouse in scope")
    departments: list[DepartmentShare]
    nearest: list[NearOut] = Field(description="nearest to passing: one piece of evidence is missing")
    outside: dict[Outside, int] = Field(description="facilities that do not count, by why")
    removed: list[RemovedOut] = Field(
        description="taken out of scope within twelve months, with the province's approval"
    )
    unregistered: list[str] = Field(description="sites that the register of facilities does not know")


class EvidenceOut(ApiModel):
    """One bar."""

    key: judged.Key
    name: Name
    verdict: judged.Verdict = Field(description="unknown: nothing is known yet, which counts as little as fail")
    measured_percent: ExactText | None
    needed_percent: ExactText | None
    reasons: list[ReasonOut]
    figures: dict[str, int | str | None]


class DayOut(ApiModel):
    date: Day
    grade: GradeName = Field(description="of this day alone")
    standing: GradeName = Field(description="the one that stood: it does not flap")


class SiteCoverageOut(ApiModel):
    site_id: str
    name: Name
    division_code: str
    date: Day
    made_at: Moment
    rule_version: str
    level: Level
    kind: Kind
    goods: list[Goods]
    department: str
    storage_area_m2: ExactText
    systems: list[str]
    counts_with: str | None = Field(description="the site that stands for the same place; null: it stands for itself")
    outside: Outside | None = Field(description="why it does not count; null: it does")
    grade: GradeName
    standing: GradeName
    standing_since: Day
    evidence: list[EvidenceOut]
    days: list[DayOut] = Field(
        description=f"up to {HISTORY_DAYS} days, the oldest first; a day that is missing was not computed"
    )


@router.get("", summary="How many reserve warehouses are informatized")
async def read_coverage(centre: CentreDep, scope: ScopeDep, on: OnDay = None) -> CoverageOut:
    seen = await look_at_coverage(centre, scope, on)
    divisions = [
        DivisionShare(division=one.code, name=one.name, share=share_out(seen, in_division(seen.places, one.code)))
        for one in seen.divisions
    ]
    departments = sorted({place.department for place in seen.places})
    return CoverageOut(
        date=seen.on,
        made_at=seen.snapshot.made_at_ms,
        rule_version=seen.snapshot.rule.version,
        target_percent=seen.snapshot.rule.target_pct,
        total=share_out(seen, seen.places),
        cities=[one for one in divisions if len(one.division) == CITY_DIGITS],
        counties=[one for one in divisions if len(one.division) > CITY_DIGITS],
        departments=[
            DepartmentShare(
                department=name, share=share_out(seen, [one for one in seen.places if one.department == name])
            )
            for name in departments
        ],
        nearest=[_near(seen, place) for place in nearest_to_passing(seen.places)],
        outside={why: count for why in Outside if (count := sum(row.outside is why for row in seen.rows))},
        removed=[
            _removed(seen, row) for row in seen.rows if is_listed_removal(row.facility, seen.on, seen.snapshot.rule)
        ],
        unregistered=sorted(seen.sites.keys() - {row.site_id for row in seen.rows}) if scope.department is None else [],
    )


@router.get("/sites/{site_id}", summary="One warehouse: six bars, and what they rest on")
async def read_site_coverage(centre: CentreDep, scope: ScopeDep, site_id: Key, on: OnDay = None) -> SiteCoverageOut:
    seen = await look_at_coverage(centre, scope, on)
    row = next((one for one in seen.rows if one.site_id == site_id), None)
    if row is None:
        raise NotFoundError(f"{site_id!r}: 名录中没有此储备库 / no facility is called so; import it: --facilities")
    from_day = row.day - HISTORY_DAYS + 1
    days = await centre.administration.read(lambda db: snapshots.grades_since(db, from_day, site_id=site_id))
    facility = row.facility
    return SiteCoverageOut(
        site_id=site_id,
        name=_name(seen, site_id),
        division_code=row.division_code,
        date=seen.on,
        made_at=seen.snapshot.made_at_ms,
        rule_version=seen.snapshot.rule.version,
        level=facility.level,
        kind=facility.kind,
        goods=sorted(facility.goods),
        department=facility.department,
        storage_area_m2=facility.storage_area_m2,
        systems=list(facility.systems),
        counts_with=facility.counts_with if facility.counts_with in seen.sites else None,
        outside=row.outside,
        grade=row.grade.word,
        standing=row.standing.word,
        standing_since=business_date(row.standing_since),
        evidence=[evidence_out(one) for one in row.evidence],
        days=[
            DayOut(date=business_date(one.day), grade=one.grade.word, standing=one.standing.word)
            for one in days.get(site_id, ())
            if one.day <= row.day
        ],
    )


def share_out(seen: Covered, places: Iterable[Place]) -> ShareOut:
    places = tuple(places)
    share = share_of(places, seen.snapshot.rule)
    return ShareOut(
        in_scope=share.in_scope,
        informatized=share.informatized,
        partial=share.partial,
        connected=share.connected,
        none=share.none,
        words=share.words,
        percent=share.pct,
        percent_by_area=share.area_pct,
        percent_by_value=share.value_pct,
        still_needed=share.still_needed,
        dark_now=None if seen.dark is None else sum(seen.is_dark(one) for one in places),
        weakest_evidence=share.weakest,
    )


def evidence_out(one: judged.Evidence) -> EvidenceOut:
    name = NAMES[one.key]
    return EvidenceOut(
        key=one.key,
        name=Name(zh=name.zh, en=name.en),
        verdict=one.verdict,
        measured_percent=one.measured,
        needed_percent=one.needed,
        reasons=_reasons(one),
        figures=dict(one.figures),
    )


def _near(seen: Covered, place: Place) -> NearOut:
    (missing,) = lacking(place)
    return NearOut(
        site_id=place.site_id, name=_name(seen, place.site_id), missing=missing.key, reasons=_reasons(missing)
    )


def _removed(seen: Covered, row: SiteDay) -> RemovedOut:
    facility = row.facility
    assert facility.removed_on is not None
    return RemovedOut(
        site_id=row.site_id,
        name=_name(seen, row.site_id),
        removed_on=facility.removed_on,
        approval=facility.removal_approval,
        reason=facility.removal_reason,
    )


def _reasons(one: judged.Evidence) -> list[ReasonOut]:
    return [ReasonOut(zh=text.zh, en=text.en) for text in map(words, one.reasons)]


def _name(seen: Covered, site_id: str) -> Name:
    site = seen.sites[site_id]
    return Name(zh=site.name_zh, en=site.name_en)
