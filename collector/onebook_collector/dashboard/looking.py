"""Gathers what the overview shows: one look at the centre."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection

from onebook_collector.api.centre import Centre
from onebook_collector.api.goods import Name, movement_out
from onebook_collector.api.picture import EdgePicture, look_at_edges
from onebook_collector.api.resources.warnings import open_warnings
from onebook_collector.clock import business_day
from onebook_collector.dashboard.climate_chart import WIDTH_MS, Frame
from onebook_collector.dashboard.climate_view import ClimateView, Zone, climate_view, climate_zones
from onebook_collector.dashboard.province_map import Division
from onebook_collector.dashboard.texts import Texts
from onebook_collector.dashboard.view import MOVEMENTS_SHOWN_MAX, OverviewFacts, SiteFacts
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import MovementFilter
from onebook_collector.ledger.registry import Site
from onebook_collector.metrics.sample import ThinnedRange
from onebook_collector.reference import read_divisions
from onebook_collector.scope import Scope


async def look(centre: Centre, scope: Scope) -> OverviewFacts:
    """Everything in scope at once. Some ten milliseconds for a hundred sites."""
    now_ms = centre.clock.now_ms()
    edges = await look_at_edges(centre, scope)
    sites, total, movements, today, quarantined = await centre.ledger.read(
        lambda connection: (
            queries.sites(connection, scope=scope),
            _count_all(connection, scope),
            queries.movements(connection, MovementFilter(), limit=MOVEMENTS_SHOWN_MAX, scope=scope),
            _count_today(connection, now_ms, scope),
            queries.count_waiting(connection, scope=scope),
        )
    )
    return OverviewFacts(
        now_ms=now_ms,
        sites=_with_edges(sites, edges),
        movements=[movement_out(entry) for entry in movements],
        movements_today=today,
        movements_total=total,
        warnings=await open_warnings(centre, scope),
        quarantined=quarantined,
    )


async def look_at_sites(centre: Centre, scope: Scope) -> list[SiteFacts]:
    """The warehouses in scope, and how fresh what they say is."""
    edges = await look_at_edges(centre, scope)
    return _with_edges(await centre.ledger.read(lambda connection: queries.sites(connection, scope=scope)), edges)


async def find_zones(centre: Centre, scope: Scope) -> tuple[list[Zone], dict[str, Name]]:
    """Rooms with a climate, and the name of the site where each edge stands."""
    edges, sites, seen = await centre.ledger.read(
        lambda connection: (
            queries.edges(connection, scope=scope),
            queries.sites(connection, scope=scope),
            queries.edges_in_sight(connection, scope),
        )
    )
    names = {site.site_id: Name(zh=site.name_zh, en=site.name_en) for site in sites}
    zones = climate_zones(one for one in await centre.metrics.series() if one.edge_id in seen)
    return zones, {edge_id: names[site_id] for edge_id, site_id in edges.items() if site_id in names}


async def look_at_climate(centre: Centre, zone: Zone | None, texts: Texts) -> ClimateView:
    """The last day of one room."""
    frame = Frame.ending_at(centre.clock.now_ms())
    measured = []
    thinned: list[ThinnedRange] = []
    if zone is not None:
        span = frame.from_ms, frame.until_ms
        for quantity in zone.quantities:
            buckets = await centre.metrics.read_buckets(zone.edge_id, zone.device, quantity, *span, WIDTH_MS)
            measured.append((quantity, buckets))
        thinned = await centre.metrics.thinned(zone.edge_id, *span)
    return climate_view(zone, measured, thinned, frame, texts)


def _count_all(connection: Connection, scope: Scope) -> int:
    """The province's number stands at the head of the book."""
    sees_all = scope.is_province and not scope.narrows_goods
    return queries.head(connection)[0] if sees_all else queries.count_movements(connection, scope=scope)


def _count_today(connection: Connection, now_ms: int, scope: Scope) -> int:
    """Movements that happened on this business day."""
    began_ms = business_day(now_ms) * 86_400_000 - 8 * 3_600_000
    return queries.count_movements(connection, scope=scope, from_ms=began_ms)


def _with_edges(sites: Iterable[Site], edges: Iterable[EdgePicture]) -> list[SiteFacts]:
    of_site: dict[str | None, list[EdgePicture]] = {}
    for edge in edges:
        of_site.setdefault(edge.site_id, []).append(edge)
    return [_site(site, of_site.get(site.site_id, [])) for site in sites]


def _site(site: Site, edges: list[EdgePicture]) -> SiteFacts:
    name = Name(zh=site.name_zh, en=site.name_en)
    return SiteFacts(site.site_id, name, site.division_code, _division(site.division_code), tuple(edges))


def _division(code: str) -> Name:
    division = all_divisions().get(code)
    return division.name if division else Name(zh=code, en=code)


@cache
def all_divisions() -> dict[str, Division]:
    """Of the province, by code."""
    return {
        row["code"]: Division(
            code=row["code"],
            name=Name(zh=row["name_zh"], en=row["name_en"]),
            level=row["level"],
            parent=row["parent"],
            lon=float(row["lon"]),
            lat=float(row["lat"]),
        )
        for row in read_divisions()
    }
