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
    return _page(
        "overview.html",
        texts,
        here="overview",
        also_asked="",
        view=view,
        zones=zones,
        climate=climate,
        person=person,
        nothing=defaultdict(str),  # What the patterns are drawn with.
        **_DRAWING,
    )


def map_page(view: MapView, person: str, texts: Texts) -> str:
    also_asked = f"&place={view.path[-1].code}" if view.path else ""
    return _page("map.html", texts, here="map", also_asked=also_asked, view=view, person=person, width=MAP_WIDTH)


def map_part(view: MapView, texts: Texts) -> str:
    """What of the page changes."""
    return _page("map_part.html", texts, view=view, width=MAP_WIDTH)


def coverage_page(view: CoverageView | None, person: str, texts: Texts) -> str:
    """None: nothing was computed yet."""
    also_asked = f"&city={view.chosen}" if view and view.chosen else ""
    return _page("coverage.html", texts, here="coverage", also_asked=also_asked, view=view, person=person)


def coverage_site_page(view: SiteCoverageView, person: str, texts: Texts) -> str:
    return _page("coverage_site.html", texts, here="coverage", also_asked="", view=view, person=person)


def entrance_page(form: str, problem: str, texts: Texts) -> str:
    """`form`: "sign_in" or "password"; `problem`: why the last attempt failed, in words."""
    return _page("entrance.html", texts, form=form, problem=problem)


def _page(template: str, texts: Texts, **shown: object) -> str:
    """`here`: the page in the menu; `also_asked`: what its address asks beside the language."""
    return _environment().get_template(template).render(t=texts, language=str(texts.language), **shown)


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
