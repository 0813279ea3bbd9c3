from __future__ import annotations

from dataclasses import replace

import pytest

from onebook_collector.dashboard.texts import Language, texts_of
from onebook_collector.dashboard.view import OverviewView, SiteRow, Tile, changes, everything, overview
from onebook_collector.early_warning.rule import Severity
from onebook_collector.live_board import Freshness
from tests.unit.collector.dashboard.facts import (
    HOUR_MS,
    MINUTE_MS,
    SUPPLIER,
    TENT,
    line,
    movement,
    overview_facts,
    reading,
    shelf,
    site,
    warning,
)

ZH, EN = texts_of(Language.ZH), texts_of(Language.EN)


def tile(view: OverviewView, key: str) -> Tile:
    return next(one for one in view.tiles if one.key == key)


def row(silent_ms: int | None, **more: object) -> SiteRow:
    return overview(overview_facts(sites=[site("wh-1", silent_ms, **more)]), ZH).sites[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("silent_ms", "freshness", "word", "ago"),
    [
        (MINUTE_MS // 2, Freshness.FRESH, "新鲜", "刚刚"),
        (40 * MINUTE_MS, Freshness.LATE, "稍迟", "40 分钟前"),
        (3 * HOUR_MS, Freshness.STALE, "陈旧", "3 小时前"),
        (80 * HOUR_MS, Freshness.DARK, "失联", "3 天前"),
        (None, Freshness.NEVER, "未接入", "–"),
    ],
)
def test_a_site_says_in_words_how_old_its_picture_is(
    silent_ms: int | None, freshness: Freshness, word: str, ago: str
) -> None:
    shown = row(silent_ms)
    assert (shown.freshness, shown.word, shown.ago) == (freshness, word, ago)


def test_an_edge_whose_clock_runs_ahead_was_heard_just_now() -> None:
    assert row(-MINUTE_MS).ago == "刚刚"


def test_sites_that_need_somebody_come_first() -> None:
    sites = [site("a", 0), site("b", None), site("c", 5 * HOUR_MS), site("d", 2 * HOUR_MS), site("e", 10 * MINUTE_MS)]
    assert [one.key for one in overview(overview_facts(sites=sites), ZH).sites] == ["c", "d", "e", "b", "a"]


def test_climate_now_is_a_range_over_all_rooms_and_unit_by_unit() -> None:
    readings = (reading("temperature_c", 17.94), reading("temperature_c", 18.61), reading("humidity_rh", 55.0))
    shown = row(0, readings=(*readings, reading("temperature_c", None)))
    assert (shown.temperature, shown.humidity) == ("17.9–18.6 ℃", "55.0 %")


def test_what_a_silent_edge_measured_hours_ago_is_not_now() -> None:
    assert row(2 * HOUR_MS, readings=(reading("temperature_c", 18.0),)).temperature == ""


def test_a_backlog_is_said_with_its_size() -> None:
    assert (row(0, waiting=1_342).waiting, row(0, waiting=1).waits) == ("1,342 条", "yes")
    assert (row(0).waiting, row(0).waits) == ("无", "no")


def test_the_fresh_share_is_rounded_down_so_that_all_means_all() -> None:
    sites = [site(f"s{n}", 0) for n in range(299)] + [site("dark", 9 * HOUR_MS)]
    fresh = tile(overview(overview_facts(sites=sites), EN), "fresh")
    assert (fresh.value, fresh.detail, fresh.tone) == ("99%", "299 of 300 edge agents", "dark")
    assert tile(overview(overview_facts(sites=sites[:-1]), EN), "fresh").value == "100%"


def test_without_edges_there_is_no_share() -> None:
    assert tile(overview(overview_facts(), EN), "fresh").value == "–"


def test_tiles_take_the_colour_of_the_worst() -> None:
    calm = overview(overview_facts(), ZH)
    noted = overview(overview_facts(warnings=[warning()], quarantined=3), ZH)
    severe = overview(overview_facts(warnings=[warning(), warning(Severity.HIGH)]), ZH)
    assert [tile(each, "warnings").tone for each in (calm, noted, severe)] == ["fresh", "late", "dark"]
    assert (tile(calm, "quarantine").tone, tile(noted, "quarantine").tone) == ("fresh", "late")


def test_a_warning_names_the_site_and_the_quantity_and_not_their_codes() -> None:
    facts = overview_facts(sites=[site("wh-1", 0)], warnings=[warning(Severity.HIGH)])
    assert overview(facts, EN).warnings[0].text.startswith("Warehouse 1 zone-a: Temperature is 27.4")
    assert "一号库 zone-a 的 温度" in overview(facts, ZH).warnings[0].text


def test_nothing_is_told_when_nothing_changed() -> None:
    facts = overview_facts(sites=[site("wh-1", 0)], warnings=[warning()])
    assert changes(overview(facts, ZH), overview(facts, ZH)) == {}


def test_a_page_of_unknown_age_is_told_everything_even_that_nothing_is_open() -> None:
    view = overview(overview_facts(sites=[site("wh-1", 0)]), ZH)
    told = everything(view)
    assert (told["warnings"], told["movements"], told["site_order"]) == ([], [], ["wh-1"])
    assert len(told["tiles"]) == 5


def test_only_what_changed_is_told() -> None:
    before = overview(overview_facts(sites=[site("a", 0), site("b", 0)]), ZH)
    after = overview(overview_facts(sites=[site("a", 0), site("b", 0, waiting=2)]), ZH)
    told = changes(before, after)
    assert [one["key"] for one in told["sites"]] == ["b"]
    assert told.keys() == {"sites"}


def test_a_new_order_is_told_with_its_keys() -> None:
    before = overview(overview_facts(sites=[site("a", 0), site("b", 0)]), ZH)
    after = overview(overview_facts(sites=[site("a", 0), site("b", 9 * HOUR_MS)]), ZH)
    assert changes(before, after)["site_order"] == ["b", "a"]


def test_new_movements_are_told_oldest_first_for_the_page_puts_each_on_top() -> None:
    goods = line(TENT, (SUPPLIER, "-1"), (shelf("A-01"), "1"))
    one, two, three = (movement("receipt", goods, ledger_seq=seq) for seq in (1, 2, 3))
    before = overview(overview_facts(movements=[one]), ZH)
    after = overview(overview_facts(movements=[three, two, one]), ZH)
    assert [each["key"] for each in changes(before, after)["movements"]] == ["2", "3"]


def test_a_warning_that_is_over_is_taken_away() -> None:
    before = overview(overview_facts(warnings=[warning()]), ZH)
    after = replace(before, warnings=())
    assert changes(before, after) == {"warnings": []}
