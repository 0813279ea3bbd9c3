"""Whoever has no scanner types: the same codes come of it."""

from __future__ import annotations

import pytest

from onebook_edge.console.finding import hits_for
from onebook_edge.console.texts import Language, texts_of
from onebook_schemas.reference import Bin
from tests.unit.edge.capture.warehouse import SITE, catalogue
from tests.unit.edge.capture.work_place import BED, RICE

HERE = SITE.model_copy(update={"bins": (Bin(code="A-01-02"), Bin(code="A-01", name_zh="一排"), Bin(code="dm-9"))})


def codes(asked: str, hits_max: int = 20) -> list[str]:
    return [hit.code for hit in hits_for(asked, catalogue(), HERE, texts_of(Language.ZH), hits_max)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("zdc", [f"OBI-{BED}"]),
        ("a-01", ["OBB-A-01", "OBB-A-01-02"]),  # The one that is called so first, also where another came before it.
        ("一排", ["OBB-A-01"]),
        ("dm", [f"OBI-{RICE}", "OBB-dm-9"]),
        ("jz-2026-7", ["OBD-JZ-2026-7"]),
        ("RK20261128330106010K7QF200042", ["OBD-RK20261128330106010K7QF200042"]),
        ("db", []),  # The letters of a kind alone are no number.
        ("rk帐篷2026", []),  # No label could say it.
        ("xx-2026-7", []),
        ("", []),
    ],
)
def test_goods_bins_and_documents_are_found_by_what_is_typed(asked: str, expected: list[str]) -> None:
    assert codes(asked) == expected


def test_no_more_is_offered_than_a_screen_shows_and_a_box_without_its_site_finds_goods() -> None:
    assert codes("dm", hits_max=1) == [f"OBI-{RICE}"]
    assert [hit.code for hit in hits_for("dm", catalogue(), None, texts_of(Language.EN), 9)] == [f"OBI-{RICE}"]


def test_a_hit_says_what_it_is() -> None:
    (bin_hit, _), (document,) = (
        hits_for(asked, catalogue(), HERE, texts_of(Language.ZH), 9) for asked in ("A-01", "DB12")
    )
    assert (bin_hit.text, bin_hit.detail) == ("A-01", "货位 一排")
    assert (document.text, document.detail) == ("DB12", "单据")
