"""The coverage as it is shown: one snapshot and a language in, texts out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onebook_collector.api.covered import Covered
from onebook_collector.api.goods import Name
from onebook_collector.clock import business_date
from onebook_collector.coverage.evidence import Evidence, Key, Verdict
from onebook_collector.coverage.facility import is_listed_removal
from onebook_collector.coverage.grade import Grade
from onebook_collector.coverage.places import CITY_DIGITS, Place, in_division
from onebook_collector.coverage.share import Share, lacking, nearest_to_passing, share_of
from onebook_collector.coverage.snapshots import SiteDay
from onebook_collector.coverage.texts import NAMES, words
from onebook_collector.dashboard.moments import full
from onebook_collector.dashboard.texts import Texts
from onebook_collector.dashboard.view import Tile

NEAREST_SHOWN_MAX = 100
_TONES = {
    Verdict.PASS: "fresh",
    Verdict.NOT_APPLICABLE: "never",
    Verdict.UNKNOWN: "late",
    Verdict.FAIL: "dark",
}
_GRADE_TONES = {
    Grade.INFORMATIZED: "fresh",
    Grade.PARTIAL: "late",
    Grade.CONNECTED: "stale",
    Grade.NONE: "dark",
}


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A city or a county. `percent`: for the bar; None: nothing is in scope."""

    key: str
    name: str
    in_scope: str
    informatized: str
    share: str
    percent: str | None
    needed: str
    others: str
    dark: str
    weakest: str


@dataclass(frozen=True, slots=True)
class SiteLine:
    key: str
    name: str
    evidence: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageView:
    made: str
    tiles: tuple[Tile, ...]
    cities: tuple[UnitRow, ...]
    chosen: str  # Whose counties are shown; empty: there is no city to choose.
    counties: tuple[UnitRow, ...]
    nearest: tuple[SiteLine, ...]
    removed: tuple[SiteLine, ...]
    unregistered: int


@dataclass(frozen=True, slots=True)
class Bar:
    key: str
    name: str
    word: str
    tone: str
    measured: str | None
    needed: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteCoverageView:
    name: str
    made: str
    tone: str
    standing: str
    since: str
    outside: str
    bars: tuple[Bar, ...]


def coverage(seen: Covered, city: str | None, texts: Texts) -> CoverageView:
    """`city`: whose counties are shown; the first, if none is named."""
    rows = [_unit(seen, one.code, one.name, texts) for one in seen.divisions]
    cities = tuple(row for row in rows if len(row.key) == CITY_DIGITS)
    known = [row.key for row in cities]
    chosen = city if city in known else (known[0] if known else "")
    counties = tuple(row for row in rows if len(row.key) > CITY_DIGITS and row.key.startswith(chosen))
    rule = seen.snapshot.rule
    return CoverageView(
        made=_made(seen, texts),
        tiles=tuple(_tiles(seen, share_of(seen.places, rule), texts)),
        cities=cities,
        chosen=chosen,
        counties=counties,
        nearest=tuple(_near(seen, one, texts) for one in nearest_to_passing(seen.places)[:NEAREST_SHOWN_MAX]),
        removed=tuple(
            _removed(seen, row, texts) for row in seen.rows if is_listed_removal(row.facility, seen.on, rule)
        ),
        unregistered=0 if seen.scope.department else len(seen.sites.keys() - {row.site_id for row in seen.rows}),
    )


def site_coverage(seen: Covered, row: SiteDay, texts: Texts) -> SiteCoverageView:
    return SiteCoverageView(
        name=_site_name(seen, row.site_id, texts),
        made=_made(seen, texts),
        tone=_GRADE_TONES[row.standing],
        standing=texts(f"grade_{row.standing.word}"),
        since=texts("coverage_since", date=business_date(row.standing_since)),
        outside=texts(f"outside_{row.outside}") if row.outside else "",
        bars=tuple(_bar(one, texts) for one in row.evidence),
    )


def _tiles(seen: Covered, share: Share, texts: Texts) -> Iterable[Tile]:
    target = f"{seen.snapshot.rule.target_pct.normalize():f}"
    done = not share.still_needed
    detail = texts("coverage_of", done=f"{share.informatized:,}", all=f"{share.in_scope:,}", target=target)
    weights = texts("coverage_weighted", area=_pct(share.area_pct), value=_pct(share.value_pct))
    yield Tile(
        "share", texts("coverage"), share.words, f"{detail} · {weights}", "fresh" if done and share.in_scope else "late"
    )
    detail = texts("coverage_needed_detail", target=target)
    yield Tile("needed", texts("coverage_needed"), f"{share.still_needed:,}", detail, "fresh" if done else "late")
    parts = texts("coverage_others", partial=share.partial, connected=share.connected, none=share.none)
    yield Tile("others", texts("coverage_underway"), f"{share.in_scope - share.informatized:,}", parts, "accent")
    dark = _dark(seen, seen.places)
    tone = "dark" if dark not in ("0", "–") else "fresh"
    yield Tile("dark", texts("coverage_dark"), dark, texts("coverage_dark_detail"), tone)
    detail = texts("coverage_weakest_detail")
    yield Tile("weakest", texts("coverage_weakest"), _evidence_name(share.weakest, texts), detail, "accent")


def _unit(seen: Covered, code: str, name: Name, texts: Texts) -> UnitRow:
    places = in_division(seen.places, code)
    share = share_of(places, seen.snapshot.rule)
    return UnitRow(
        key=code,
        name=texts.choose(name.zh, name.en),
        in_scope=f"{share.in_scope:,}",
        informatized=f"{share.informatized:,}",
        share=share.words,
        percent=None if share.pct is None else str(share.pct),
        needed=f"{share.still_needed:,}",
        others=f"{share.partial} / {share.connected} / {share.none}",
        dark=_dark(seen, places),
        weakest=_evidence_name(share.weakest, texts),
    )


def _dark(seen: Covered, places: Sequence[Place]) -> str:
    return "–" if seen.dark is None else f"{sum(seen.is_dark(one) for one in places):,}"


def _near(seen: Covered, place: Place, texts: Texts) -> SiteLine:
    (missing,) = lacking(place)
    name = _site_name(seen, place.site_id, texts)
    return SiteLine(place.site_id, name, _evidence_name(missing.key, texts), _reasons(missing, texts))


def _removed(seen: Covered, row: SiteDay, texts: Texts) -> SiteLine:
    facility = row.facility
    said = texts("coverage_removed_on", date=facility.removed_on, approval=facility.removal_approval)
    return SiteLine(row.site_id, _site_name(seen, row.site_id, texts), said, (facility.removal_reason,))


def _bar(one: Evidence, texts: Texts) -> Bar:
    return Bar(
        key=one.key,
        name=_evidence_name(one.key, texts),
        word=texts(f"verdict_{one.verdict}"),
        tone=_TONES[one.verdict],
        measured=None if one.measured is None else str(one.measured),
        needed=None if one.needed is None else str(one.needed),
        reasons=_reasons(one, texts),
    )


def _reasons(one: Evidence, texts: Texts) -> tuple[str, ...]:
    return tuple(texts.choose(text.zh, text.en) for text in map(words, one.reasons))


def _evidence_name(key: Key | None, texts: Texts) -> str:
    return "–" if key is None else texts.choose(*NAMES[key])


def _site_name(seen: Covered, site_id: str, texts: Texts) -> str:
    site = seen.sites[site_id]
    return texts.choose(site.name_zh, site.name_en)


def _made(seen: Covered, texts: Texts) -> str:
    version = seen.snapshot.rule.version
    return texts("coverage_made", date=seen.on, time=full(seen.snapshot.made_at_ms), version=version)


def _pct(value: object) -> str:
    return "–" if value is None else f"{value}%"
