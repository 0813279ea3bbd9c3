"""Labels: which codes they carry, and that none of them says less than the label without the label saying so."""

from __future__ import annotations

import re
from datetime import date

import pytest

from onebook_edge.capture.command_words import Words
from onebook_edge.paper.command_sheet import COUNTS, command_sheet
from onebook_edge.paper.element_strings import sscc
from onebook_edge.paper.labels import (
    CONTENT_NOT_SAID,
    LOT_NOT_IN_CODE,
    LabelFace,
    PalletContent,
    badge,
    bin_label,
    document_label,
    item_lot_label,
    pallet_label,
)
from onebook_edge.paper.pages import Press
from onebook_schemas.labels import Command, command_text
from onebook_schemas.reference import Reason, ReasonUse
from onebook_schemas.stock_events import Lot
from tests.unit.edge.paper.samples import BED, LOT, RICE, TENT

KEEPER = Words("保管员", "Keeper")
PALLET = sscc("3", "9521234", 17)


def codes(face: LabelFace) -> list[str]:
    """What each code says, bars first; as its picture is named."""
    pictures = [*face.bars, *([face.qr] if face.qr else [])]
    return [re.findall('aria-label="([^"]*)"', picture.svg)[0] for picture in pictures]


@pytest.mark.parametrize(
    ("face", "text"),
    [
        (bin_label("A-01-02", "帐篷区", "A"), "OBB-A-01-02"),
        (badge("P1001", "张建国", KEEPER, "库"), "OBP-P1001"),
        (document_label("RK1", Words("入库单", "Receipt note"), date(2026, 11, 23), "库"), "OBD-RK1"),
    ],
)
def test_a_label_of_ours_says_the_same_in_bars_and_as_qr(face: LabelFace, text: str) -> None:
    assert codes(face) == [text, text]


def test_a_text_too_long_for_bars_is_in_a_larger_qr_code() -> None:
    face = bin_label("A" * 32)
    assert codes(face) == ["OBB-" + "A" * 32]
    assert face.qr is not None
    assert face.qr.width_mm > 20


def test_goods_carry_number_expiry_and_lot() -> None:
    assert codes(item_lot_label(BED, BED.units[1], LOT)) == [
        "(01)19520000000063(17)360430(10)T2026-11",
        "https://id.gs1.org/01/19520000000063/10/T2026-11?17=360430",
    ]


def test_goods_without_gtin_carry_their_item_code_and_the_lot_in_bars_of_its_own() -> None:
    assert codes(item_lot_label(RICE, RICE.units[0])) == ["OBI-LS05001"] * 2
    face = item_lot_label(RICE, RICE.units[0], LOT)
    assert (codes(face), face.notes) == (["OBI-LS05001", "OBL-20360430-T2026-11"], ())


def test_a_lot_that_gs1_cannot_say_stands_in_bars_of_its_own() -> None:
    """And not in a QR code that says everything else: who scans that believes that it said all."""
    face = item_lot_label(TENT, TENT.units[0], Lot(number="L" * 21))
    assert (codes(face), face.notes) == (["(01)09520000000011", "OBL-00000000-" + "L" * 21], ())


@pytest.mark.parametrize("number", ["批次三", "A B", "L" * 32])
def test_a_lot_that_no_code_can_say_is_on_the_label_and_the_label_says_so(number: str) -> None:
    face = item_lot_label(TENT, TENT.units[0], Lot(number=number, expires_on=date(2030, 1, 1)))
    assert codes(face) == ["(01)09520000000011(17)300101"]
    assert face.notes == (LOT_NOT_IN_CODE,)
    assert number in [field.value for field in face.fields]


def test_bars_that_have_no_room_are_left_out_whole_and_not_cut() -> None:
    face = item_lot_label(TENT, TENT.units[0], Lot(number="ABCDEFghijkLMNOPqr20", expires_on=date(2030, 1, 1)))
    assert codes(face) == ["https://id.gs1.org/01/09520000000011/10/ABCDEFghijkLMNOPqr20?17=300101"]


def test_a_pallet_of_one_item_says_what_is_on_it() -> None:
    face = pallet_label(PALLET, [PalletContent(BED, BED.units[1], 20, LOT)])
    assert codes(face) == ["(02)19520000000063(17)360430(37)20(10)T2026-11", f"(00){PALLET}"]
    assert face.notes == ()


@pytest.mark.parametrize(
    "contents",
    [
        [PalletContent(BED, BED.units[1], 20, LOT), PalletContent(TENT, TENT.units[0], 4)],
        [PalletContent(RICE, RICE.units[0], 400)],
        [PalletContent(TENT, TENT.units[0], 4, Lot(number="ABCDEFghijkLMNOPqr20"))],
    ],
)
def test_a_pallet_whose_content_no_code_says_tells_so(contents: list[PalletContent]) -> None:
    face = pallet_label(PALLET, contents)
    assert codes(face) == [f"(00){PALLET}"]
    assert face.notes == (CONTENT_NOT_SAID,)


def test_a_pallet_number_with_a_wrong_check_digit_is_not_printed() -> None:
    with pytest.raises(ValueError, match="check digit"):
        pallet_label(PALLET[:-1] + str((int(PALLET[-1]) + 1) % 10), [])


def test_the_command_sheet_has_every_command_and_reason_once_and_common_counts() -> None:
    reasons = [Reason(code="OTHER", zh="其他", en="other", uses=(ReasonUse.DISPOSAL,))]
    printed = [
        re.findall('aria-label="([^"]*)"', cell.picture.svg)[0]
        for group in command_sheet(reasons)
        for cell in group.cells
    ]
    assert sorted(printed) == sorted([*map(command_text, Command), "OBR-OTHER", *(f"OBQ-{count}" for count in COUNTS)])


def test_labels_of_two_sizes_are_not_printed_together() -> None:
    with pytest.raises(ValueError, match="one size"):
        Press("zh").labels([bin_label("A"), item_lot_label(RICE, RICE.units[0])])


def test_a_name_is_text_and_never_markup() -> None:
    assert "<b>" not in Press("zh").labels([bin_label("A", name="<b>x</b>")])
