"""Units in words: every one of the province's catalogue, in both languages, on every line that a screen draws."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest

from onebook_edge.capture.catalogue import Catalogue, TradeUnit
from onebook_edge.capture.command_words import Words
from onebook_edge.capture.stable_weight import UNIT_CODES
from onebook_edge.capture.unit_words import pack_words, unit_words
from tests.end_to_end.plant import CATALOGUE
from tests.unit.edge.capture.work_place import BED, BED_CARTON, RICE, bed, receiving

TEXT = CATALOGUE.read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TEXT.splitlines()))
ITEMS = [item for item in map(Catalogue.from_csv_text(TEXT).by_code, (row["code"] for row in ROWS)) if item]


@pytest.mark.parametrize("code", sorted({item.base_unit for item in ITEMS} | set(UNIT_CODES.values())))
def test_no_unit_is_shown_as_its_code(code: str) -> None:
    said = unit_words(None, code)
    assert code not in (said.zh, said.en)
    assert said.zh != said.en


def test_an_item_is_counted_as_the_catalogue_calls_it_and_in_english_by_one_or_many() -> None:
    said = {row["code"]: row["unit_zh"] for row in ROWS}
    assert [unit_words(item, item.base_unit).zh for item in ITEMS] == [said[item.code] for item in ITEMS]
    amounts = [None, Decimal(1), Decimal("1.0"), Decimal(0), Decimal(20), Decimal("0.5")]
    assert [unit_words(None, "EA", amount).en for amount in amounts] == [
        "pieces", "piece", "piece", "pieces", "pieces", "pieces",
    ]  # fmt: skip
    assert {unit_words(None, "KGM", amount).en for amount in amounts} == {"kg"}


def test_a_unit_that_nobody_knows_stands_for_itself() -> None:
    assert unit_words(None, "XQ") == Words("XQ", "XQ")


def test_packages_say_what_they_are_and_how_much_is_in_one() -> None:
    packs = {unit.name_zh: pack_words(unit, Decimal(2)).en for item in ITEMS for unit in item.units if unit.factor > 1}
    assert packs["箱"].startswith("cartons of ")
    assert [name for name, said in packs.items() if " of " not in said] == []
    assert pack_words(TradeUnit("箱", 25, None), Decimal(1)) == Words("箱", "carton of 25")
    assert pack_words(TradeUnit("摞", 25, None), Decimal(1)) == Words("摞", "× 25")


def test_a_screen_is_given_words_for_every_line_and_every_answer() -> None:
    place = receiving()
    assert place.scan(bed("L1")).en.endswith(": 1 piece")
    place.scan(BED_CARTON, "OBQ-3", RICE)
    assert [(one.item, one.unit.en, one.pack.en) for one in place.view().lines] == [
        (BED, "piece", "piece"), (BED, "pieces", "packages of 2"), (RICE, "kg", "kg"),
    ]  # fmt: skip
