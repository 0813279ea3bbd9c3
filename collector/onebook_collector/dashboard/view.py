"""The overview as it is shown: facts and a language in, texts out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from onebook_collector.api.goods import MovementOut, Name
from onebook_collector.api.picture import WORST_FIRST, EdgePicture, worst
from onebook_collector.dashboard.moments import ago, clock_time, day_and_time, full
from onebook_collector.dashboard.movement_line import MovementLine, movement_line
from onebook_collector.dashboard.texts import Texts
from onebook_collector.early_warning.rule import EarlyWarning, Severity
from onebook_collector.early_warning.texts import render
from onebook_collector.live_board import Freshness
from onebook_schemas.uplink import LiveReading

MOVEMENTS_SHOWN_MAX = 30
WARNINGS_SHOWN_MAX = 100
CLIMATE = ("temperature", "humidity")
_SPEAKS_OF_NOW = (Freshness.FRESH, Freshness.LATE)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    site_id: str
    name: Name
    division_code: str
    division: Name
    edges: tuple[EdgePicture, ...]


@dataclass(frozen=True, slots=True)
class OverviewFacts:
    """Everything that the page shows, as the centre knows it at `now_ms`."""

    now_ms: int
    sites: Sequence[SiteFacts]
    movements: Sequence[MovementOut]  # Newest first.
    movements_today: int
    movements_total: int
    warnings: Sequence[EarlyWarning]
    quarantined: int


@dataclass(frozen=True, slots=True)
class Tile:
    key: str
    label: str
    value: str
    detail: str
    tone: str


@dataclass(frozen=True, slots=True)
class SiteRow:
    key: str
    name: str
    division: str
    freshness: str
    word: str
    hint: str
    last_seen: str
    ago: str
    waiting: str
    waits: str
    temperature: str
    humidity: str


@dataclass(frozen=True, slots=True)
class WarningLine:
    key: str
    severity: str
    word: str
    text: str
    since: str


@dataclass(frozen=True, slots=True)
class OverviewView:
    clock: str
    tiles: tuple[Tile, ...]
    sites: tuple[SiteRow, ...]
    movements: tuple[MovementLine, ...]
    warnings: tuple[WarningLine, ...]


def overview(facts: OverviewFacts, texts: Texts) -> OverviewView:
    names = {site.site_id: site.name for site in facts.sites}
    sites = sorted(facts.sites, key=_worst_first)
    return OverviewView(
        clock=clock_time(facts.now_ms),
        tiles=tuple(_tiles(facts, texts)),
        sites=tuple(site_row(site, texts, facts.now_ms) for site in sites),
        movements=tuple(movement_line(one, names, texts, facts.now_ms) for one in facts.movements),
        warnings=tuple(_warning_line(one, names, texts) for one in facts.warnings[:WARNINGS_SHOWN_MAX]),
    )


def everything(view: OverviewView) -> dict[str, Any]:
    """What a page must be told of which nobody knows what it shows."""
    return {
        "tiles": _told(view.tiles),
        "sites": _told(view.sites),
        "site_order": [row.key for row in view.sites],
        "movements": _told(view.movements[::-1]),  # The page puts one after the other on top.
        "warnings": _told(view.warnings),
    }


def changes(before: OverviewView, after: OverviewView) -> dict[str, Any]:
    """What a page that shows `before` must be told to show `after`; empty when there is nothing to tell."""
    told = everything(after)
    told["tiles"] = _told(_new(before.tiles, after.tiles))
    told["sites"] = _told(_new(before.sites, after.sites))
    told["movements"] = _told(_new(before.movements, after.movements)[::-1])
    same_order = told["site_order"] == [row.key for row in before.sites]
    unsaid = {name for name in ("tiles", "sites", "movements") if not told[name]}
    unsaid |= {"site_order"} if same_order else set()
    unsaid |= {"warnings"} if before.warnings == after.warnings else set()
    return {name: told[name] for name in told.keys() - unsaid}


def _told(views: Iterable[Any]) -> list[dict[str, Any]]:
    return [asdict(view) for view in views]


def _new(before: Iterable[Any], after: Iterable[Any]) -> list[Any]:
    known = set(before)
    return [one for one in after if one not in known]


def _worst_first(site: SiteFacts) -> tuple[int, str, str]:
    return WORST_FIRST.index(worst(site.edges)), site.division_code, site.site_id


def _tiles(facts: OverviewFacts, texts: Texts) -> Iterable[Tile]:
    edges = [edge for site in facts.sites for edge in site.edges]
    yield Tile(
        "sites",
        texts("tile_sites"),
        f"{len(facts.sites):,}",
        texts("tile_sites_detail", edges=f"{len(edges):,}"),
        "accent",
    )
    yield _fresh_tile(edges, texts)
    total = texts("tile_movements_detail", total=f"{facts.movements_total:,}")
    yield Tile("movements", texts("tile_movements"), f"{facts.movements_today:,}", total, "accent")
    high = sum(warning.severity >= Severity.HIGH for warning in facts.warnings)
    tone = ("dark" if high else "late") if facts.warnings else "fresh"
    detail = texts("tile_warnings_detail", high=high) if facts.warnings else texts("warnings_none")
    yield Tile("warnings", texts("tile_warnings"), f"{len(facts.warnings):,}", detail, tone)
    detail = texts("tile_quarantine_detail" if facts.quarantined else "tile_quarantine_none")
    tone = "late" if facts.quarantined else "fresh"
    yield Tile("quarantine", texts("tile_quarantine"), f"{facts.quarantined:,}", detail, tone)


def _fresh_tile(edges: Sequence[EdgePicture], texts: Texts) -> Tile:
    """Rounded down: 100 % means all."""
    label = texts("tile_fresh")
    if not edges:
        return Tile("fresh", label, "–", texts("tile_fresh_none"), "quiet")
    fresh = sum(edge.freshness is Freshness.FRESH for edge in edges)
    tone = worst(edges)
    detail = texts("tile_fresh_detail", fresh=f"{fresh:,}", edges=f"{len(edges):,}")
    return Tile("fresh", label, f"{fresh * 100 // len(edges)}%", detail, _quieter(tone))


def _quieter(tone: Freshness) -> str:
    return "late" if tone is Freshness.NEVER else str(tone)


def site_row(site: SiteFacts, texts: Texts, now_ms: int) -> SiteRow:
    state = worst(site.edges)
    seen = [edge.last_seen_ms for edge in site.edges if edge.last_seen_ms is not None]
    waiting = sum(sum(edge.waiting.values()) for edge in site.edges)
    readings = [reading for edge in site.edges if edge.freshness in _SPEAKS_OF_NOW for reading in edge.readings]
    return SiteRow(
        key=site.site_id,
        name=texts.choose(site.name.zh, site.name.en),
        division=texts.choose(site.division.zh, site.division.en),
        freshness=str(state),
        word=texts(f"freshness_{state}"),
        hint=texts(f"freshness_{state}_hint"),
        last_seen=full(min(seen)) if seen else "",
        ago=ago(min(seen), now_ms, texts) if seen else "–",
        waiting=texts("waiting_events", count=f"{waiting:,}") if waiting else texts("waiting_none"),
        waits="yes" if waiting else "no",
        temperature=_range(readings, "temperature", texts("climate_unit_temperature")),
        humidity=_range(readings, "humidity", texts("climate_unit_humidity")),
    )


def _range(readings: Sequence[LiveReading], quantity: str, unit: str) -> str:
    """All rooms of a site together: 18.2 ℃, or 17.9–18.6 ℃."""
    values = [one.value for one in readings if one.quantity.startswith(quantity) and one.value is not None]
    if not values:
        return ""
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return f"{low} {unit}" if low == high else f"{low}–{high} {unit}"


def _warning_line(warning: EarlyWarning, sites: Mapping[str, Name], texts: Texts) -> WarningLine:
    """In the words of early warnings, with names in place of codes."""
    severity = warning.severity.name.lower()
    subject = warning.subject
    site = sites.get(subject.site)
    kind = subject.quantity.split("_")[0]
    named = {
        **subject._asdict(),
        **warning.raised.values,
        "site": texts.choose(site.zh, site.en) if site else subject.site,
        "quantity": texts.of_code("climate", kind) if kind in CLIMATE else subject.quantity,
    }
    return WarningLine(
        key=warning.id,
        severity=severity,
        word=texts(f"severity_{severity}"),
        text=render(warning.raised.text, named, texts.language.value),
        since=texts("warning_since", time=day_and_time(warning.opened_ms)),
    )
