"""The page as HTML. Everything is escaped unless a template of ours says otherwise, and none does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from onebook_collector.dashboard.climate_chart import HEIGHT, TICKS, WIDTH
from onebook_collector.dashboard.climate_view import ClimateView, ZoneChoice
from onebook_collector.dashboard.coverage_view import CoverageView, SiteCoverageView
from onebook_collector.dashboard.outline import WIDTH as MAP_WIDTH
from onebook_collector.dashboard.province_map import MapView
from onebook_collector.dashboard.texts import Texts
from onebook_collector.dashboard.view import OverviewView

_GRID = "".join(f"M0 {y}H{WIDTH}" for y in range(0, HEIGHT + 1, HEIGHT // (TICKS - 1)))
_DRAWING = {"width": WIDTH, "height": HEIGHT, "grid": _GRID}


def overview_page(
    view: OverviewView, zones: Sequence[ZoneChoice], climate: ClimateView, person: str, texts: Texts
) -> str:
    return (
        _environment()
        .get_template("overview.html")
        .render(
            view=view,
            zones=zones,
            climate=climate,
            person=person,
            t=texts,
            language=str(texts.language),
            nothing=defaultdict(str),  # What the patterns are drawn with.
            **_DRAWING,
        )
    )


def map_page(view: MapView, person: str, texts: Texts) -> str:
    return (
        _environment()
        .get_template("map.html")
        .render(view=view, person=person, t=texts, language=str(texts.language), width=MAP_WIDTH)
    )


def map_part(view: MapView, texts: Texts) -> str:
    """What of the page changes."""
    return (
        _environment()
        .get_template("map_part.html")
        .render(view=view, t=texts, language=str(texts.language), width=MAP_WIDTH)
    )


def entrance_page(form: str, problem: str, texts: Texts) -> str:
    """`form`: "sign_in" or "password"; `problem`: why the last attempt failed, in words."""
    return (
        _environment()
        .get_template("entrance.html")
        .render(form=form, problem=problem, t=texts, language=str(texts.language))
    )


def coverage_page(view: CoverageView | None, person: str, texts: Texts) -> str:
    """None: nothing was computed yet."""
    return _page("coverage.html", view, person, texts)


def coverage_site_page(view: SiteCoverageView, person: str, texts: Texts) -> str:
    return _page("coverage_site.html", view, person, texts)


def _page(template: str, view: object, person: str, texts: Texts) -> str:
    shown = {"view": view, "person": person, "t": texts, "language": str(texts.language)}
    return _environment().get_template(template).render(shown)


def climate_part(climate: ClimateView) -> str:
    return _environment().get_template("climate.html").render(climate=climate, **_DRAWING)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
