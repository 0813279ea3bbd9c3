"""The map as it is shown: which dots, which places, which warehouses, for whom."""

from __future__ import annotations

from onebook_collector.api.goods import Name
from onebook_collector.dashboard.looking import all_divisions
from onebook_collector.dashboard.outline import outline_of
from onebook_collector.dashboard.province_map import MapView, province_map
from onebook_collector.dashboard.texts import Language, texts_of
from onebook_collector.dashboard.view import SiteFacts
from onebook_collector.reference import read_outline
from onebook_collector.scope import Scope

PROVINCE = Scope("33")
OUTLINE = outline_of(read_outline())


def site(site_id: str, division_code: str) -> SiteFacts:
    return SiteFacts(site_id, Name(zh=f"{site_id}库", en=site_id), division_code, Name(zh="", en=""), ())


def shown(*sites: SiteFacts, scope: Scope = PROVINCE, opened: str = "") -> MapView:
    return province_map(sites, 0, OUTLINE, all_divisions(), scope, opened, texts_of(Language.ZH))


def names(view: MapView) -> list[str]:
    return [row.name for row in view.path]


def test_the_province_lists_every_prefecture_also_those_without_a_warehouse() -> None:
    view = shown(site("a", "330902"), site("b", "330902"), site("c", "330110"))
    assert names(view) == ["浙江省"]
    assert [(row.name, row.sites) for row in view.places if row.sites != "0"] == [("杭州市", "1"), ("舟山市", "2")]
    assert len(view.places) == 11
    assert view.sites == ()
    assert [(dot.code, dot.count) for dot in view.dots] == [("330902", 2), ("330110", 1)]
    assert view.dots[0].radius > view.dots[1].radius


def test_a_county_whose_code_ends_in_zero_is_not_taken_for_more() -> None:
    view = shown(site("a", "330110"), site("b", "330111"), opened="330110")
    assert names(view) == ["浙江省", "杭州市", "余杭区"]
    assert ([row.key for row in view.sites], view.places) == (["a"], ())


def test_a_warehouse_of_the_prefecture_itself_stands_beside_its_counties() -> None:
    view = shown(site("own", "330100"), site("county", "330110"), opened="330100")
    assert [row.key for row in view.sites] == ["own"]
    assert sum(int(row.sites) for row in view.places) == 1
    assert view.path[-1].sites == "2"


def test_whoever_sees_one_county_is_shown_the_way_to_it_and_nothing_beside_it() -> None:
    view = shown(site("a", "330902"), scope=Scope("330902"), opened="330100")
    assert names(view) == ["浙江省", "舟山市", "定海区"]
    assert [row.name for row in shown(site("a", "330902"), scope=Scope("330902"), opened="330000").places] == ["舟山市"]


def test_whoever_sees_one_warehouse_is_shown_no_place_without_it() -> None:
    view = shown(site("a", "330902"), scope=Scope("33", site="a"))
    assert [row.name for row in view.places] == ["舟山市"]


def test_a_place_that_there_is_not_opens_what_is_in_scope() -> None:
    assert names(shown(opened="999999")) == ["浙江省"]
    assert names(shown(scope=Scope("3301"), opened="'><")) == ["浙江省", "杭州市"]


def test_a_code_that_is_no_longer_in_use_has_no_dot_and_breaks_nothing() -> None:
    assert shown(site("old", "330103")).dots == ()
