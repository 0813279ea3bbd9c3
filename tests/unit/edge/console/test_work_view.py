"""A work place as a page draws it: what is a warning, and what is only said; what may be put on a sheet."""

from __future__ import annotations

from onebook_edge.console.texts import Language, texts_of
from onebook_edge.console.work_view import WorkView, work_view
from tests.unit.edge.capture.warehouse import lying, warehouse
from tests.unit.edge.capture.work_place import WorkPlace, bed


def drawn(place: WorkPlace) -> WorkView:
    return work_view("bench", "mark", place.view(), texts_of(Language.ZH), str)


def test_a_remark_is_a_warning_only_if_it_is_one() -> None:
    place = warehouse(inspect_receipts=True)
    place.scan("OBC-RECEIVE", "OBB-A-01", bed("L1"), bed("OLD", "200101"))
    assert [(row.remark[-3:], row.is_warned) for row in drawn(place).lines] == [(" 过期", True), ("入待检", False)]


def test_a_reversal_shows_what_it_takes_back_and_asks_for_no_goods() -> None:
    place = warehouse(lying("A-01", 9, "L1"))
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-4")
    assert drawn(place).takes_goods
    number = place.booked().document
    assert number is not None
    place.scan("OBC-REVERSE")
    view = drawn(place)
    assert [(fact.name, fact.value) for fact in view.facts] == [("原单", number.number)]
    assert [(row.name, row.amount) for row in view.old_lines] == [("折叠床", "4")]
    assert (view.lines, view.takes_goods, view.takes_amount) == ((), False, False)


def test_papers_are_confirmed_without_being_asked_for_goods() -> None:
    place = warehouse()
    place.scan("OBC-DONATE", "OBB-A-01", bed("L1"))
    assert drawn(place).prompt == "核对无误请扫确认，或继续扫物资"
    gift = place.booked()
    place.scan("OBC-PAPERS", f"OBM-{gift.movement_id}", "OBD-JZ-2026-7")
    view = drawn(place)
    assert (view.prompt, view.can_confirm, len(view.old_lines)) == ("核对无误请扫确认", True, 1)


def test_a_correction_names_the_document_that_it_puts_right() -> None:
    place = warehouse(lying("A-01", 9, "L1"))
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-4")
    old = place.booked()
    assert old.document is not None
    place.scan("OBC-CORRECT", f"OBM-{old.movement_id}")
    view = drawn(place)
    assert ("原单", old.document.number) in [(fact.name, fact.value) for fact in view.facts]
    assert (view.old_lines, view.takes_amount) == ((), True)
