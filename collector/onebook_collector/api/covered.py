"""The coverage that is shown: one snapshot, narrowed to what somebody may see, with the present beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from onebook_collector.api.centre import Centre
from onebook_collector.api.errors import ForbiddenError
from onebook_collector.api.goods import Name
from onebook_collector.api.picture import EdgePicture, look_at_edges, worst
from onebook_collector.clock import business_date
from onebook_collector.coverage import snapshots
from onebook_collector.coverage.places import CITY_DIGITS, Place, places_of
from onebook_collector.coverage.snapshots import SiteDay, Snapshot
from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import Site
from onebook_collector.live_board import Freshness
from onebook_collector.reference import read_divisions
from onebook_collector.scope import Scope


@dataclass(frozen=True, slots=True)
class Division:
    """A city or a county of the province."""

    code: str  # Four digits of a city, six of a county.
    name: Name


@dataclass(frozen=True, slots=True)
class Covered:
    """`dark`: sites whose picture is too old for dispatch now; None for a day that is past."""

    snapshot: Snapshot
    scope: Scope
    sites: Mapping[str, Site]
    rows: tuple[SiteDay, ...]
    places: tuple[Place, ...]
    dark: frozenset[str] | None

    @property
    def on(self) -> date:
        return business_date(self.snapshot.day)

    @property
    def divisions(self) -> list[Division]:
        """Cities and counties that are seen as a whole, those without a warehouse too."""
        whole = self.scope.site is None
        return [one for one in every_division() if whole and one.code.startswith(self.scope.division)]

    def is_dark(self, place: Place) -> bool:
        return self.dark is not None and not self.dark.isdisjoint(place.parts)


async def look_at_coverage(centre: Centre, scope: Scope, on: date | None = None) -> Covered:
    """Of a day, or the newest. Raises NotFoundError when there is none, ForbiddenError for who sees some goods only."""
    if scope.categories is not None or scope.modes is not None:
        detail = "whoever sees some of the goods only is not told how whole warehouses are kept"
        raise ForbiddenError("narrow_scope", detail)
    day = None if on is None else (on - date(1970, 1, 1)).days
    snapshot = await centre.administration.read(lambda db: snapshots.snapshot_of(db, day))
    if snapshot is None:
        raise NotFoundError(
            "这一天没有覆盖率快照 / no coverage was computed for this day; it is, each night, for the day before"
        )
    rows = await centre.administration.read(lambda db: snapshots.sites_on(db, snapshot.day))
    found = await centre.ledger.read(lambda db: queries.sites(db, scope=scope))
    sites = {site.site_id: site for site in found}
    seen = tuple(row for row in rows if row.site_id in sites and scope.department in (None, row.facility.department))
    dark = None if on is not None else _dark(await look_at_edges(centre, scope))
    return Covered(snapshot, scope, sites, seen, tuple(places_of(seen)), dark)


@cache
def every_division() -> tuple[Division, ...]:
    return tuple(
        Division(row["code"][:CITY_DIGITS] if row["level"] == "prefecture" else row["code"], _name(row))
        for row in read_divisions()
        if row["level"] != "province"
    )


def _name(row: Mapping[str, str]) -> Name:
    return Name(zh=row["name_zh"], en=row["name_en"])


def _dark(edges: list[EdgePicture]) -> frozenset[str]:
    of_site: dict[str | None, list[EdgePicture]] = {}
    for edge in edges:
        of_site.setdefault(edge.site_id, []).append(edge)
    return frozenset(site_id for site_id, own in of_site.items() if site_id and worst(own) is Freshness.DARK)
