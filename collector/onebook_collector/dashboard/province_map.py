"""The province as a map: a dot for each county with warehouses, and beside it the places in words. Pure.

Whoever asks opens it from the province to a prefecture, to a county, to its warehouses. Places without a warehouse are listed
too: what is missing must not be invisible. State is said by an icon and a word, never by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onebook_collector.api.goods import Name
from onebook_collector.api.picture import worst
from onebook_collector.dashboard.moments import clock_time
from onebook_collector.dashboard.outline import City, Outline, Point
from onebook_collector.dashboard.texts import Texts
from onebook_collector.dashboard.view import SiteFacts, SiteRow, site_row
from onebook_collector.live_board import Freshness
from onebook_collector.scope import Scope

_DIGITS = {"province": 2, "prefecture": 4}
_RADIUS, _RADIUS_MORE = 28.0, 8.0  # Of a dot with one warehouse; for each time that their number doubles.


@dataclass(frozen=True, slots=True)
class Division:
    """A row of divisions.csv. `parent`: the code of what it belongs to."""

    code: str
    name: Name
    level: str
    parent: str
    lon: float
    lat: float

    @property
    def digits(self) -> str:
        """What the codes of everything in it begin with."""
        return self.code[: _DIGITS.get(self.level, len(self.code))]


@dataclass(frozen=True, slots=True)
class Dot:
    """`title` says in words what the dot shows."""

    code: str
    place: Point
    radius: float
    count: int
    freshness: str
    title: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A prefecture or a county. `heard`: of how many edges there was news in five minutes."""

    code: str
    name: str
    sites: str
    heard: str
    freshness: str
    word: str


@dataclass(frozen=True, slots=True)
class MapView:
    clock: str
    outline: Outline
    cities: tuple[tuple[City, str], ...]  # Each with its name.
    dots: tuple[Dot, ...]
    path: tuple[PlaceRow, ...]  # From the province down to what is opened.
    places: tuple[PlaceRow, ...]  # What it is divided into.
    sites: tuple[SiteRow, ...]  # What belongs to it and to none of these.


def province_map(
    sites: Sequence[SiteFacts],
    now_ms: int,
    outline: Outline,
    divisions: Mapping[str, Division],
    scope: Scope,
    opened: str,
    texts: Texts,
) -> MapView:
    """`opened`: code of a division; one that there is not, or that is out of scope, opens what is in scope."""
    seen = {code: one for code, one in divisions.items() if _concerns(one, scope, sites)}
    path = _path(seen, opened if opened in seen else scope.division.ljust(6, "0"))
    here = path[-1].code if path else ""
    return MapView(
        clock=clock_time(now_ms),
        outline=outline,
        cities=tuple((city, _name(divisions, city.code, texts)) for city in outline.cities),
        dots=tuple(_dots(sites, outline, divisions, texts)),
        path=tuple(_row(one, sites, texts) for one in path),
        places=tuple(_row(one, sites, texts) for one in seen.values() if one.parent == here),
        sites=tuple(site_row(one, texts, now_ms) for one in sites if one.division_code == here),
    )


def _concerns(division: Division, scope: Scope, sites: Iterable[SiteFacts]) -> bool:
    """In scope, or on the way to it. Whoever sees one warehouse only is shown no places without one."""
    if scope.site is not None:
        return any(_is_in(site, division) for site in sites)
    return division.digits.startswith(scope.division) or scope.division.startswith(division.digits)


def _path(seen: Mapping[str, Division], opened: str) -> list[Division]:
    path: list[Division] = []
    at = seen.get(opened)
    while at is not None:
        path.insert(0, at)
        at = seen.get(at.parent)
    return path


def _is_in(site: SiteFacts, division: Division) -> bool:
    return site.division_code.startswith(division.digits)


def _row(division: Division, sites: Iterable[SiteFacts], texts: Texts) -> PlaceRow:
    inside = [site for site in sites if _is_in(site, division)]
    edges = [edge for site in inside for edge in site.edges]
    state = worst(edges)
    heard = sum(edge.freshness is Freshness.FRESH for edge in edges)
    return PlaceRow(
        code=division.code,
        name=texts.choose(division.name.zh, division.name.en),
        sites=f"{len(inside):,}",
        heard=f"{heard:,}/{len(edges):,}" if edges else "–",
        freshness=str(state),
        word=texts(f"freshness_{state}") if inside else texts("map_no_site"),
    )


def _dots(
    sites: Iterable[SiteFacts], outline: Outline, divisions: Mapping[str, Division], texts: Texts
) -> Iterable[Dot]:
    """The largest first, so that a smaller one beside it can be reached."""
    by_place: dict[str, list[SiteFacts]] = {}
    for site in sites:
        by_place.setdefault(site.division_code, []).append(site)
    for code, here in sorted(by_place.items(), key=lambda found: (-len(found[1]), found[0])):
        division = divisions.get(code)
        if division is None:
            continue  # A code that is no longer in use: its warehouses stand in the lists.
        state = worst([edge for site in here for edge in site.edges])
        name = texts.choose(division.name.zh, division.name.en)
        title = texts("map_dot", place=name, sites=len(here), state=texts(f"freshness_{state}"))
        radius = round(_RADIUS + _RADIUS_MORE * (len(here).bit_length() - 1), 1)
        yield Dot(code, outline.place(division.lon, division.lat), radius, len(here), str(state), title)


def _name(divisions: Mapping[str, Division], code: str, texts: Texts) -> str:
    division = divisions.get(code)
    return texts.choose(division.name.zh, division.name.en) if division else code
