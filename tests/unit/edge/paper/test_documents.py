"""Documents: what stands on them for facts of the journal; known values, not pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from onebook_edge.paper import document_words as words
from onebook_edge.paper.composing import compose
from onebook_edge.paper.documents import (
    Links,
    PrintedDocument,
    Reference,
    blank_count,
    count_document,
    in_packs,
    movement_document,
    reversal_document,
)
from onebook_edge.paper.pages import Language, Press
from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import (
    Document,
    DocumentKind,
    MovementKind,
    PapersFollowed,
    ReserveMode,
    RotationMethod,
    StockStatus,
)
from tests.unit.edge.paper.facts import BOOT, KNOWN, counted, event, line, moved, movement_id, receipt, reversal
from tests.unit.edge.paper.samples import BED, LOT, RADIO, RICE, TENT

TESTDATA = Path(__file__).resolve().parents[3] / "testdata" / "paper"


def fields(document: PrintedDocument) -> dict[str, str]:
    return {field.name.zh: field.value for field in document.particulars}


def marks(document: PrintedDocument) -> list[str]:
    return [mark.zh for mark in document.marks]


def test_a_receipt_has_its_head() -> None:
    document = movement_document(event(7, receipt()), KNOWN, counterpart="某厂")
    assert (document.title.zh, document.number, document.site.zh) == (
        "入库单",
        "RK20260922330106010001",
        "杭州市救灾物资储备库",
    )
    assert fields(document) == {
        "日期时间": "2026-09-22 09:43:00（已校时）",
        "单据种类": "入库单",
        "往来单位": "某厂",
        "储备方式": "政府储备",
        "物权单位": "浙江省应急管理厅",
        "代储单位": "杭州市粮食物资局",
        "保管员": "张建国（P1001）",
    }
    assert [who.zh for who in document.signatures] == ["交货人", "保管员", "复核人", "库主任"]
    assert marks(document) == []


def test_a_receipt_has_its_lines() -> None:
    lines = movement_document(event(7, receipt()), KNOWN).lines
    assert [(one.code, one.name.zh, one.amount, one.unit.zh, one.packs) for one in lines] == [
        (TENT.code, "12平方米单帐篷", "40", "顶", ""),
        (BED.code, "折叠床", "21", "张", "10 件 + 1 张"),
        (BED.code, "折叠床", "9", "张", "4 件 + 1 张"),
        (RICE.code, "大米", "1250.50", "公斤", ""),
        (RADIO.code, "对讲机", "3", "台", ""),
    ]
    assert [one.source.zh for one in lines if one.source] == ["扫码", "射频", "扫码", "称重", "扫码"]
    assert (lines[0].bin, lines[0].lot, lines[1].spec) == ("A-01-02", LOT, "1 件 = 2 张")
    assert lines[4].serials == ("S-1", "S-2", "S-3")


def test_units_are_never_added_up_with_others_though_they_share_a_code() -> None:
    document = movement_document(event(7, receipt()), KNOWN)
    assert [(amount, unit.zh, unit.en) for amount, unit in document.totals] == [
        ("40", "顶", "pieces"),
        ("30", "张", "pieces"),
        ("1250.50", "公斤", "kg"),
        ("3", "台", "pieces"),
    ]


@pytest.mark.parametrize(
    ("item", "amount", "unit", "said"),
    [
        (BED, "2", "EA", "1 件"),
        (BED, "1", "EA", ""),
        (BED, "0", "EA", ""),
        (TENT, "40", "EA", ""),  # It comes in no packs.
        (RICE, "0.5", "KGM", ""),
        (BED, "2", "CT", ""),  # Not its own unit: what that is in packs is not known here.
    ],
)
def test_packs_are_said_where_there_are_some(item: object, amount: str, unit: str, said: str) -> None:
    assert in_packs(item, Quantity(amount=Decimal(amount), unit=unit)) == said  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("is_synchronised", "anchors", "said"),
    [
        (True, {}, "2026-09-22 09:43:00（已校时）"),
        (False, {BOOT: 1_790_000_000_000}, "2026-09-21 22:13:25（事后推算）"),
        (False, {}, "2026-09-22 09:43:00（未校时，仅供参考）"),
    ],
)
def test_a_time_says_how_far_it_is_to_be_believed(is_synchronised: bool, anchors: dict[str, int], said: str) -> None:
    document = movement_document(
        event(7, receipt(), synchronised=is_synchronised), replace(KNOWN, boot_anchors=anchors)
    )
    assert fields(document)["日期时间"] == said


def test_what_the_centre_has_not_acknowledged_says_so() -> None:
    assert marks(movement_document(event(101, receipt()), KNOWN)) == ["打印时尚未上传中心"]
    assert marks(movement_document(event(100, receipt()), KNOWN)) == []


def test_what_has_no_number_says_so_and_carries_no_code() -> None:
    document = movement_document(event(7, receipt(document=None)), KNOWN)
    assert (document.number, document.code) == ("无单号 00000001", None)
    assert document.qr is not None
    assert f'aria-label="OBM-{movement_id(1)}"' in document.qr.svg  # By it the movement can be named all the same.


def test_a_number_that_no_label_can_carry_stands_in_letters() -> None:
    document = movement_document(event(7, receipt(document="RK/2026#1")), KNOWN)
    assert (document.number, document.code) == ("RK/2026#1", None)


def test_a_rotation_says_how_and_who_confirmed_beside_the_keeper() -> None:
    line_ = line(TENT.code, "1", from_bin="A")
    fact = moved(1, MovementKind.ROTATION_OUT, line_, rotation=RotationMethod.MARKET_SALE, second_actor="P1002")
    document = movement_document(event(7, fact), KNOWN)
    assert document.title.zh == "轮换单（出库）"
    assert (fields(document)["轮换方式"], fields(document)["复核人"]) == ("市场销售", "P1002")


def test_goods_before_their_papers_say_so_until_these_came() -> None:
    accepted = event(7, receipt(document=None, papers="follow"))
    assert marks(compose([accepted], [], KNOWN) or missing()) == ["先收后补，单据待补"]
    papers = PapersFollowed(
        movement_id=movement_id(9),
        accepted=movement_id(1),
        document=Document(kind=DocumentKind.DONATION, number="JZ7"),
        actor="P1001",
    )
    assert marks(compose([accepted, event(8, papers)], [], KNOWN) or missing()) == ["单据已补 JZ7"]
    assert compose([event(8, papers)], [], KNOWN) is None


def missing() -> PrintedDocument:
    raise AssertionError("no document")


def test_every_kind_of_movement_has_a_title_and_people_who_sign() -> None:
    assert set(words.TITLES) == set(MovementKind)
    assert all(words.signatures(kind) for kind in MovementKind)
    assert (set(words.ROTATIONS), set(words.DOCUMENT_KINDS)) == (set(RotationMethod), set(DocumentKind))
    assert set(words.RESERVE_MODES) == set(ReserveMode)


def test_a_change_of_status_is_remarked() -> None:
    fact = moved(
        1,
        MovementKind.STATUS_CHANGE,
        line(TENT.code, "1", from_bin="A", to_bin="A", from_status=StockStatus.AWAITING_INSPECTION),
    )
    (said,) = movement_document(event(7, fact), KNOWN).lines
    assert said.remark == words.Words("待检 → 可用", "awaiting inspection → available")


def test_a_reversal_has_the_lines_of_the_original_with_the_opposite_sign() -> None:
    document = reversal_document(event(8, reversal(2, 1)), event(7, receipt()), KNOWN)
    assert document.title.zh == "冲销单"
    assert [one.amount for one in document.lines] == ["-40", "-21", "-9", "-1250.50", "-3"]
    assert document.totals[1][0] == "-30"
    assert marks(document) == ["冲销原单 RK20260922330106010001"]
    assert fields(document)["事由"] == "数量点错"


def test_a_reversal_of_what_is_kept_no_more_says_so() -> None:
    document = reversal_document(event(8, reversal(2, 1)), None, KNOWN)
    assert marks(document) == ["冲销原单 无单号 00000001", words.ORIGINAL_NOT_KEPT.zh]
    assert document.lines == ()


def test_what_refers_to_a_movement_is_found_among_the_related_facts() -> None:
    corrected = receipt(3, document="RK2").model_copy(update={"corrects": movement_id(1)})
    original, opposite, correction = event(7, receipt()), event(8, reversal(2, 1)), event(9, corrected)
    assert marks(compose([original], [opposite, correction], KNOWN) or missing()) == [
        "已冲销，冲销单 无单号 00000002",
        "已由 RK2 更正",
    ]
    assert marks(compose([correction], [original], KNOWN) or missing()) == ["更正原单 RK20260922330106010001"]
    assert marks(compose([opposite], [original], KNOWN) or missing()) == ["冲销原单 RK20260922330106010001"]


def test_reversed_and_corrected_documents_name_one_another() -> None:
    links = Links(reversed_by=Reference(None, movement_id(2)), corrected_by=Reference("RK2", movement_id(3)))
    assert marks(movement_document(event(7, receipt()), KNOWN, links)) == [
        "已冲销，冲销单 无单号 00000002",
        "已由 RK2 更正",
    ]
    links = Links(corrects=Reference("RK1", movement_id(1)))
    assert marks(movement_document(event(7, receipt(3)), KNOWN, links)) == ["更正原单 RK1"]


def test_a_count_shows_the_difference_where_the_book_is_known() -> None:
    counts = [event(1, counted(1, TENT.code, "38", lot=LOT)), event(2, counted(2, BED.code, "31"))]
    document = count_document(counts, KNOWN, {("A-01-02", TENT.code, LOT.number): Decimal(40)})
    assert [(one.amount, one.book, one.difference) for one in document.lines] == [("38", "40", "-2"), ("31", "", "")]
    assert marks(document) == []
    assert marks(count_document(counts, KNOWN)) == [words.BOOK_NOT_KNOWN.zh]
    assert (document.title.zh, document.number) == ("盘点表", "PD20260922330106010001")


def test_a_blank_count_tells_nothing_of_the_book() -> None:
    document = blank_count(
        "PD1", [("A-01-02", TENT.code, LOT.number), ("A-01-03", BED.code, None)], KNOWN, on=date(2026, 9, 22)
    )
    assert [(one.bin, one.code, one.amount, one.book) for one in document.lines[:2]] == [
        ("A-01-02", TENT.code, "", ""),
        ("A-01-03", BED.code, "", ""),
    ]
    assert "账面数" not in Press("zh").document(document)


def test_a_second_print_is_a_copy() -> None:
    document = movement_document(event(7, receipt()), KNOWN)
    assert "副本" not in Press("zh").document(document)
    assert "副本，第 2 次打印" in Press("zh").document(document, time=2)


def test_goods_that_the_catalogue_does_not_know_are_printed_by_their_code() -> None:
    fact = moved(1, MovementKind.ISSUE, line("ZZ99999", "1", from_bin="A"))
    (said,) = movement_document(event(7, fact), KNOWN).lines
    assert (said.code, said.name.zh, said.unit.zh) == ("ZZ99999", "目录中没有", "个")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_that_stands_on_a_receipt_is_what_it_was(language: Language) -> None:
    """The words of the whole paper, one a line, as they were when somebody looked at it."""
    document = movement_document(event(101, receipt()), KNOWN, counterpart="某厂")
    html = Press(language).document(document, printed="打印 2026-09-22 09:50", time=2)
    assert _words_of(html) == (TESTDATA / f"receipt.{language}.txt").read_text(encoding="utf-8").splitlines()


def _words_of(html: str) -> list[str]:
    without_pictures = re.sub(r"<svg.*?</svg>", "", html.partition("<main")[2].partition(">")[2], flags=re.DOTALL)
    return [text for part in re.split(r"<[^>]*>", without_pictures) if (text := part.strip())]
