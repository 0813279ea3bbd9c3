"""Which documents are made anew, and which are left alone."""

from __future__ import annotations

from dataclasses import replace

from onebook_collector.furnishing.book import BookSeen
from onebook_collector.furnishing.changes import Due, Known, changes
from onebook_collector.furnishing.versions import PROVINCE
from onebook_collector.ledger.registry import Site
from onebook_schemas.reference import CATALOGUE, PEOPLE, SITE, STOCK, TASKS, TakenThrough

EPOCH = "0011223344556677"


def taken(through: int) -> tuple[TakenThrough, ...]:
    return (TakenThrough(epoch=EPOCH, sequence=through),)


SITES = {name: Site(name, "库", "Warehouse", "330102") for name in ("wh-1", "wh-2", "wh-3")}
BOOK = BookSeen(7, 7, SITES, {"e1": "wh-1", "e2": "wh-1", "e3": "wh-2"}, {"e1": taken(3)}, frozenset())
BEFORE = Known(BOOK, {"wh-1": 1}, frozenset({"e1"}))


def due(now: Known, before: Known | None = BEFORE) -> set[Due]:
    return set(changes(before, now))


def at(site_id: str, *names: str) -> set[Due]:
    return {Due(site_id, name) for name in names}


def book(**more: object) -> Known:
    return replace(BEFORE, book=replace(BOOK, **more))  # type: ignore[arg-type]


def test_everything_of_sites_with_edges_when_nothing_was_known() -> None:
    every = SITE, PEOPLE, TASKS, STOCK
    assert due(BEFORE, None) == at(PROVINCE, CATALOGUE) | at("wh-1", *every) | at("wh-2", *every)


def test_nothing_when_nothing_changed() -> None:
    assert due(BEFORE) == set()


def test_what_was_written_at_the_desk_does_not_touch_the_stock() -> None:
    assert due(replace(BEFORE, generations={"wh-1": 2})) == at("wh-1", SITE, PEOPLE, TASKS)


def test_goods_that_moved_change_stock_and_tasks_there_only() -> None:
    assert due(book(ledger_seq=8, generation=8, moved=frozenset({"wh-2"}))) == at(PROVINCE, CATALOGUE) | at(
        "wh-2", TASKS, STOCK
    )


def test_a_journal_that_went_on_is_said_in_the_stock() -> None:
    assert due(book(taken={"e1": taken(4)})) == at("wh-1", STOCK)


def test_an_edge_that_comes_online_is_given_the_stock_and_one_that_goes_is_not() -> None:
    assert due(replace(BEFORE, online=frozenset({"e1", "e3"}))) == at("wh-2", STOCK)
    assert due(replace(BEFORE, online=frozenset())) == set()


def test_an_edge_that_was_moved_changes_both_sites() -> None:
    every = SITE, PEOPLE, TASKS, STOCK
    assert due(book(edges={"e1": "wh-1", "e2": "wh-2", "e3": "wh-2"})) == at("wh-1", *every) | at("wh-2", *every)


def test_a_site_that_was_named_anew_says_so() -> None:
    renamed = SITES | {"wh-2": SITES["wh-2"]._replace(name_zh="新库")}
    assert due(book(sites=renamed)) == at("wh-2", SITE)
