"""The climate card: which rooms there are, and the chart of one of them in words and paths. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onebook_collector.api.goods import Name
from onebook_collector.dashboard.climate_chart import WIDTH, Frame, Gap, Panel, draw, gaps
from onebook_collector.dashboard.moments import hour
from onebook_collector.dashboard.texts import Texts
from onebook_collector.metrics.rollup import Bucket
from onebook_collector.metrics.sample import Series, ThinnedRange

SPAN_MIN = {"temperature": 4.0, "humidity": 10.0}
"""The least that a scale covers, in degrees and in per cent."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A probe in a room: what it measures of the climate. `key` names it in an address."""

    edge_id: str
    device: str
    quantities: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.edge_id}/{self.device}"


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class PanelView:
    quantity: str
    name: str
    unit: str
    last: str
    summary: str
    ticks: tuple[str, ...]
    line: str
    band: str
    points: str  # JSON: [{x: 0 to 1, text}].


@dataclass(frozen=True, slots=True)
class ClimateView:
    zone: str
    panels: tuple[PanelView, ...] = ()
    hours: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    gap_word: str = ""
    nothing: str = ""


def climate_zones(series: Iterable[Series]) -> list[Zone]:
    """Every device that measures temperature or humidity, temperature first."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in series:
        if one.quantity.startswith(tuple(SPAN_MIN)):
            found.setdefault((one.edge_id, one.device), set()).add(one.quantity)
    return [
        Zone(edge_id, device, tuple(sorted(quantities, reverse=True)))
        for (edge_id, device), quantities in sorted(found.items())
    ]


def zone_choices(zones: Iterable[Zone], site_of: Mapping[str, Name], texts: Texts) -> list[ZoneChoice]:
    """Named by the site where the edge stands."""
    choices = []
    for zone in zones:
        site = site_of.get(zone.edge_id)
        name = texts.choose(site.zh, site.en) if site else zone.edge_id
        choices.append(ZoneChoice(zone.key, f"{name} · {zone.device}"))
    return choices


def climate_view(
    zone: Zone | None,
    measured: Sequence[tuple[str, Sequence[Bucket]]],
    thinned: Iterable[ThinnedRange],
    frame: Frame,
    texts: Texts,
) -> ClimateView:
    """`measured`: quantity and its buckets. A quantity without any has no panel."""
    if zone is None:
        return ClimateView("", nothing=texts("climate_none"))
    panels = [_panel(draw(frame, name, buckets, span_min=_span(name)), texts) for name, buckets in measured if buckets]
    if not panels:
        return ClimateView(zone.key, nothing=texts("climate_none_in_range"))
    return ClimateView(
        zone.key,
        tuple(panels),
        tuple(hour(at_ms) for at_ms in frame.labels_ms),
        tuple(gaps(frame, ((one.from_ms, one.until_ms) for one in thinned))),
        texts("climate_gap"),
    )


def _panel(panel: Panel, texts: Texts) -> PanelView:
    kind = _kind(panel.quantity)
    name, unit = texts(f"climate_{kind}"), texts(f"climate_unit_{kind}")

    def say(value: float) -> str:
        return f"{value:.1f} {unit}"

    summary = texts("climate_summary", name=name, low=say(panel.low), high=say(panel.high), last=say(panel.last))
    points = [
        {"x": round(one.x / WIDTH, 4), "text": f"{hour(one.from_ms)}  {say(one.mean)}  ({one.low:.1f}–{one.high:.1f})"}
        for one in panel.points
    ]
    return PanelView(
        kind,
        name,
        unit,
        say(panel.last),
        summary,
        tuple(f"{tick:g}" for tick in panel.ticks),
        panel.line,
        panel.band,
        json.dumps(points, ensure_ascii=False),
    )


def _kind(quantity: str) -> str:
    return next(kind for kind in SPAN_MIN if quantity.startswith(kind))


def _span(quantity: str) -> float:
    return SPAN_MIN[_kind(quantity)]
