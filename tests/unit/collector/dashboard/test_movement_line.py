from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from onebook_collector.api.goods import CountOut, DocumentOut, MovementOut, Name, PlaceOut
from onebook_collector.dashboard.movement_line import MovementLine, movement_line
from onebook_collector.dashboard.texts import Language, texts_of
from tests.unit.collector.dashboard.facts import (
    HOUR_MS,
    NOW_MS,
    RICE,
    SUPPLIER,
    TENT,
    UNEXPLAINED,
    line,
    movement,
    shelf,
)

SITES = {"wh-1": Name(zh="一号库", en="Warehouse 1")}


def shown(one: MovementOut, language: Language = Language.ZH) -> MovementLine:
    return movement_line(one, SITES, texts_of(language), NOW_MS)


def test_a_receipt_reads_from_supplier_to_bin_in_both_languages() -> None:
    receipt = movement("receipt", line(TENT, (SUPPLIER, "-1200"), (shelf("A-01"), "1200"), lot="20260401"))
    chinese, english = shown(receipt), shown(receipt, Language.EN)
    assert (chinese.kind, chinese.item, chinese.quantity) == ("入库", "12平方米单帐篷", "1,200 顶")
    assert (chinese.origin, chinese.target, chinese.site, chinese.lot) == ("供应商", "A-01", "一号库", "批次 20260401")
    assert (english.kind, english.item, english.quantity) == ("Receipt", "Tent, single layer", "1,200 pcs")
    assert (english.origin, english.target, english.site) == ("supplier", "A-01", "Warehouse 1")


def test_places_that_goods_only_passed_through_are_not_named() -> None:
    """The book had too little: the missing part came out of `unexplained` through the bin."""
    legs = ((UNEXPLAINED, "-2"), (shelf("A-01"), "2"), (shelf("A-01"), "-10"), (PlaceOut(kind="consumed"), "10"))
    issue = shown(movement("issue", line(TENT, *legs)))
    assert (issue.origin, issue.target, issue.quantity) == ("A-01", "已使用", "10 顶")


def test_a_change_of_status_names_both_statuses_but_not_the_usual_one() -> None:
    legs = ((shelf("A-01", "awaiting_inspection"), "-40"), (shelf("A-01"), "40"))
    passed = shown(movement("status_change", line(TENT, *legs)))
    assert (passed.origin, passed.target) == ("A-01 待检", "A-01")


def test_goods_on_their_way_name_the_document_of_the_consignment() -> None:
    away = PlaceOut(kind="in_transit", document_no="DB20260921-03")
    sent = movement("transfer_out", line(RICE, (shelf("A-01"), "-12.5"), (away, "12.5")))
    assert shown(sent).target == "在途 DB20260921-03"
    assert shown(sent, Language.EN).quantity == "12.5 t"


def test_the_first_line_speaks_for_all_and_says_how_many_there_are() -> None:
    each = line(TENT, (SUPPLIER, "-1"), (shelf("A-01"), "1"))
    assert shown(movement("receipt", each)).more == ""
    assert shown(movement("receipt", each, each, each)).more == "另 2 项"


@pytest.mark.parametrize(("difference", "words"), [("0", "账实相符"), ("2", "盘盈 2 顶"), ("-2", "盘亏 2 顶")])
def test_a_count_says_how_it_compares_with_the_book(difference: str, words: str) -> None:
    count = CountOut(
        item=TENT,
        place=shelf("A-01"),
        lot=None,
        counted=Decimal(10),
        book=Decimal(10) - Decimal(difference),
        difference=Decimal(difference),
        counted_at=NOW_MS,
    )
    counted = shown(movement("stocktake", count=count))
    assert (counted.item, counted.quantity, counted.origin, counted.target) == (
        "12平方米单帐篷",
        "10 顶",
        "A-01",
        words,
    )


@pytest.mark.parametrize(
    ("more", "time", "late"),
    [
        ({}, "22:12:20", ""),
        ({"event_time": NOW_MS - 30 * HOUR_MS, "recorded_at": NOW_MS}, "09-20 16:13", "补传于 09-21 22:13"),
        ({"event_time": NOW_MS - 2 * HOUR_MS}, "20:13:20", "补传于 22:13:20"),
        ({"time_quality": "estimated"}, "22:12:20", "时间为估算"),
        ({"time_quality": "unknown"}, "22:12:20", "时间不详"),
    ],
)
def test_a_doubtful_or_late_time_is_said(more: dict[str, Any], time: str, late: str) -> None:
    receipt = shown(movement("receipt", line(TENT, (SUPPLIER, "-1"), (shelf("A-01"), "1")), **more))
    assert (receipt.time, receipt.late) == (time, late)


def test_hands_and_papers_are_named() -> None:
    goods = line(TENT, (SUPPLIER, "-2"), (shelf("A-01"), "2"), serials=("S1", "S2"))
    paper = DocumentOut(kind="RK", number="RK20260921-0007")
    gate = shown(movement("receipt", goods, source="rfid", actor="gate", document=paper))
    assert (gate.source, gate.source_word, gate.person, gate.document) == (
        "rfid",
        "RFID 读取",
        "通道门",
        "RK20260921-0007",
    )
    assert gate.lot == "2 个序列号"
    assert shown(movement("receipt", goods, source=None)).source_word == "多种方式"
