"""Each flow, by scanner alone: what is scanned, what is said to it, which facts it comes to, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from onebook_edge.capture.dialogue_messages import NoteAdded
from onebook_edge.capture.dialogue_texts import FeedbackKind
from onebook_edge.capture.held_goods import NothingKnown
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.reference import TaskAction
from onebook_schemas.stock_events import (
    CaptureSource,
    GoodsMoved,
    MovementKind,
    MovementReversed,
    PapersFollowed,
    RotationMethod,
    StockCounted,
    StockStatus,
)
from tests.unit.edge.capture.warehouse import COUNTY, frozen, lying, task, wanted, warehouse
from tests.unit.edge.capture.work_place import BED, BED_CARTON, BED_PIECE, RICE, TENT, WorkPlace, bed, sgtin, tent


def refused(place: WorkPlace, *texts: str) -> str:
    """Scan; nothing is on the sheet that was not there before the last one."""
    for text in texts[:-1]:
        place.scan(text)
    steps = place.dialogue.state.steps
    feedback = place.scan(texts[-1])
    assert place.dialogue.state.steps == steps
    return feedback.code


# People ----------------------------------------------------------------------------------------------------------------


def test_only_people_of_the_list_who_still_work_here_sign_in() -> None:
    place = warehouse()
    assert place.say("OBP-stranger", "OBP-gone", "OBP-lisi") == ["badge-unknown", "badge-unknown", "signed-in"]
    assert place.scan("OBP-lisi").zh == "李四，请扫作业码"


def test_from_a_limit_on_a_second_person_who_may_must_confirm() -> None:
    place = warehouse(lying("A-01", 900, "L1"))
    place.scan("OBC-ISSUE", "OBD-DB1", "OBB-A-01", bed("L1"), "OBQ-500")
    assert place.say("OBC-CONFIRM", "OBP-zhangsan", "OBP-lisi", "OBP-stranger", "OBP-wang") == [
        "need-second", "second-must-differ", "second-not-authorised", "badge-unknown", "second-named",
    ]  # fmt: skip
    movement = place.booked()
    assert (movement.actor, movement.second_actor, movement.kind) == ("zhangsan", "wang", MovementKind.TRANSFER_OUT)


def test_the_second_person_is_not_the_one_who_takes_the_sheet_over() -> None:
    place = warehouse(lying("A-01", 900, "L1"), badge="lisi")
    place.scan("OBC-ISSUE", "OBD-DB1", "OBB-A-01", bed("L1"), "OBQ-500", "OBP-wang", "OBP-wang")
    assert place.scan("OBC-CONFIRM").code == "need-second"  # Wang took over; somebody else must look.


def test_below_the_limit_a_badge_takes_the_sheet_over_as_ever() -> None:
    place = warehouse(lying("A-01", 900, "L1"))
    place.scan("OBC-ISSUE", "OBD-DB1", "OBB-A-01", bed("L1"), "OBQ-499")
    assert place.scan("OBP-wang").code == "sheet-taken-over"


# Receive ---------------------------------------------------------------------------------------------------------------

PURCHASE = task("RW1", TaskAction.RECEIVE, wanted(BED, 10), wanted(TENT, 1, bin="A-02"), kind="RW")


def test_the_document_of_a_task_begins_it_and_says_how_far_it_is() -> None:
    place = warehouse(lying("B-01", 5, "L0"), tasks=(PURCHASE,))
    assert place.scan("OBD-RW1").code == "task-taken"
    assert [(one.item, one.bin) for one in place.view().proposals] == [(BED, "B-01"), (TENT, "A-02")]
    place.scan("OBB-A-01")
    assert place.scan(bed("L1"), "OBQ-9").zh == "折叠床：9/10 张"
    assert place.scan(tent("S1")).zh == "60平方米指挥帐篷：1/1 顶"
    assert place.scan(RICE).code == "goods-not-asked-for"
    states = [(one.item, one.expected, one.here, one.progress.value) for one in place.view().expected]
    assert states == [(BED, "10", "9", "short"), (TENT, "1", "1", "complete"), ("LS07001", "0", "1", "unexpected")]


def test_what_was_booked_for_a_task_is_not_wanted_again_also_without_the_centre() -> None:
    place = warehouse(tasks=(PURCHASE,))
    place.scan("OBD-RW1", "OBB-A-01", bed("L1"), "OBQ-4")
    place.booked()
    place.scan("OBD-RW1", "OBB-A-01", bed("L1"), "OBQ-7")
    view = place.view()
    assert [(one.item, one.expected, one.progress.value) for one in view.expected] == [
        (BED, "6", "over"),
        (TENT, "1", "missing"),
    ]


def test_goods_that_must_be_inspected_wait_and_then_pass_or_fail() -> None:
    place = warehouse(inspect_receipts=True)
    assert place.scan("OBC-RECEIVE", "OBB-A-01", bed("L1"), "OBQ-5").code == "goods-to-inspect"
    movement = place.booked()
    assert (movement.lines[0].to_status, movement.lines[0].holding) == (StockStatus.AWAITING_INSPECTION, COUNTY)
    assert place.say("OBC-ISSUE", "OBB-A-01", bed("L1")) == ["action-chosen", "bin-named", "not-usable"]
    place.scan("OBC-CANCEL", "OBC-INSPECT", "OBB-A-01", bed("L1"), "OBQ-4")
    assert place.say("OBC-CONFIRM", "OBC-PASS") == ["need-result", "marked"]
    passed = place.booked()
    (line,) = passed.lines
    assert (passed.kind, line.from_bin, line.to_bin) == (MovementKind.STATUS_CHANGE, "A-01", "A-01")
    assert (line.from_status, line.to_status) == (StockStatus.AWAITING_INSPECTION, StockStatus.AVAILABLE)
    place.scan("OBC-INSPECT", "OBB-A-01", bed("L1"), "OBC-FAIL")
    assert place.say("OBC-CONFIRM", "OBR-TYPO", "OBC-CONFIRM", "OBR-BROKEN") == [
        "need-reason", "reason-given", "need-reason", "reason-given",
    ]  # fmt: skip
    assert place.booked().lines[0].to_status is StockStatus.FROZEN
    assert place.stock is not None
    assert [(one.status, one.amount) for one in place.stock.in_bin("A-01")] == [("available", 4), ("frozen", 1)]


def test_goods_to_be_inspected_are_still_compared_with_the_order() -> None:
    place = warehouse(tasks=(PURCHASE,), inspect_receipts=True)
    place.scan("OBD-RW1", "OBB-A-01")
    assert place.say(bed("L1"), "OBQ-11", "OBQ-10", RICE) == [
        "goods-to-inspect", "goods-over", "goods-to-inspect", "goods-not-asked-for",
    ]  # fmt: skip


def test_goods_from_another_site_and_those_before_their_papers_are_usable_at_once() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBD-DB1", "OBB-A-01", bed("L1"))
    movement = place.booked()
    assert (movement.kind, movement.lines[0].to_status) == (MovementKind.TRANSFER_IN, StockStatus.AVAILABLE)
    place.scan("OBC-RECEIVE", "OBC-LATER", "OBB-A-01", bed("L1"))
    movement = place.booked()
    assert (movement.papers, movement.lines[0].to_status) == ("follow", StockStatus.AVAILABLE)


def test_a_gift_is_usable_at_once_and_its_papers_follow() -> None:
    place = warehouse()
    place.scan("OBC-DONATE", "OBB-A-01", bed("L1"), "OBQ-30")
    gift = place.booked()
    assert (gift.kind, gift.papers, gift.lines[0].to_status) == (MovementKind.DONATION, "follow", StockStatus.AVAILABLE)
    assert gift.document is not None
    assert gift.document.number == "JZ20260528-1"
    assert place.say("OBC-PAPERS", "OBC-CONFIRM", BED_PIECE, "OBD-RK1", f"OBD-{gift.document.number}", "OBC-CONFIRM") == [
        "action-chosen", "need-movement", "no-goods-here", "movement-unknown", "movement-named", "need-papers",
    ]  # fmt: skip
    place.scan("OBD-JZ-2026-7", "OBC-CONFIRM")
    (fact,) = place.drafts[-1].facts
    assert isinstance(fact, PapersFollowed)
    assert (fact.accepted, fact.document.number) == (gift.movement_id, "JZ-2026-7")
    place.recorded()
    assert refused(place, "OBC-PAPERS", f"OBD-{gift.document.number}") == "no-papers-missing"
    assert (
        place.scan("OBM-00000000-0000-4000-8000-00000000abcd").code == "movement-named"
    )  # Longer ago than is remembered.


def test_a_gift_with_its_document_lacks_nothing() -> None:
    place = warehouse()
    place.scan("OBC-DONATE", "OBD-JZ7", "OBB-A-01", bed("L1"))
    assert place.booked().papers is None


# Issue -----------------------------------------------------------------------------------------------------------------

OLD_AND_NEW = (lying("A-01", 10, "OLD", "2027-01-01"), lying("B-01", 50, "NEW", "2028-01-01"))
ORDER = task("DB7", TaskAction.ISSUE, wanted(BED, 15))


def test_what_expires_first_is_proposed_with_its_bin_and_the_rest_from_the_next() -> None:
    place = warehouse(*OLD_AND_NEW, tasks=(ORDER,))
    place.scan("OBD-DB7")
    proposals = [(one.bin, one.lot, one.amount, one.code, one.is_short) for one in place.view().proposals]
    assert proposals == [("A-01", "OLD", "10", "OBB-A-01", False), ("B-01", "NEW", "5", "OBB-B-01", False)]
    place.scan("OBB-A-01", bed("OLD"), "OBQ-10")
    assert [(one.bin, one.amount) for one in place.view().proposals] == [("B-01", "5")]
    assert place.booked().kind is MovementKind.TRANSFER_OUT


def test_a_lot_that_expires_later_needs_a_reason() -> None:
    place = warehouse(*OLD_AND_NEW)
    place.scan("OBC-ISSUE", "OBB-B-01")
    feedback = place.scan(bed("NEW"))
    assert (feedback.code, feedback.kind, "OLD" in feedback.zh) == ("not-first", FeedbackKind.WARN, True)
    assert place.scan("OBC-CONFIRM").code == "need-reason"
    assert [choice.code for choice in place.view().choices if choice.role == "reason"] == ["OBR-BLOCKED"]
    assert place.scan("OBR-BLOCKED").code == "reason-given"
    assert place.booked().reason == "BLOCKED 取不到 / cannot be reached"


def test_when_the_old_lot_is_taken_whole_the_new_one_needs_no_reason() -> None:
    place = warehouse(lying("A-01", 10, "OLD", "2027-01-01"), lying("A-01", 50, "NEW", "2028-01-01"))
    place.scan("OBC-ISSUE", "OBB-A-01", bed("OLD"), "OBQ-10")
    assert place.scan(bed("NEW")).code == "goods"
    assert len(place.booked().lines) == 2


def test_above_a_limit_an_issue_needs_an_order_or_a_reason_of_somebody_who_may() -> None:
    place = warehouse(lying("A-01", 900, "L1"))
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-20", "OBC-CONFIRM")
    place.recorded()
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-21")
    assert place.say("OBC-CONFIRM", "OBR-URGENT", "OBC-CONFIRM", "OBP-wang") == [
        "need-reason", "reason-given", "need-second", "second-named",
    ]  # fmt: skip
    movement = place.booked()
    assert (movement.second_actor, movement.reason) == ("wang", "URGENT 紧急 / urgent")


def test_an_order_lifts_the_limit_and_a_note_of_our_own_does_not() -> None:
    place = warehouse(lying("A-01", 900, "L1"))
    place.scan("OBC-ISSUE", "OBD-CK1", "OBB-A-01", bed("L1"), "OBQ-30")
    assert place.scan("OBC-CONFIRM").code == "need-reason"
    place.scan("OBD-DB9")
    assert place.booked().kind is MovementKind.TRANSFER_OUT


@pytest.mark.parametrize("action", ["ISSUE", "LOAN"])
def test_expired_and_failed_goods_are_not_issued_but_disposed_of_for_a_reason(action: str) -> None:
    place = warehouse(lying("A-01", 5, "OLD", "2026-05-27"), frozen("A-01", 5, "BAD"))
    assert (
        refused(place, f"OBC-{action}", "OBB-A-01", bed("OLD")) == "expired"
    )  # The label does not say so; the stock does.
    assert refused(place, bed("BAD")) == "not-usable"
    place.scan("OBC-CANCEL", "OBC-DISPOSE", "OBB-A-01", bed("OLD"), bed("BAD"))
    assert place.say("OBC-CONFIRM", "OBR-BROKEN") == ["need-reason", "reason-given"]
    movement = place.booked()
    assert movement.kind is MovementKind.DISPOSAL
    assert [line.from_status for line in movement.lines] == [StockStatus.AVAILABLE, StockStatus.FROZEN]


def test_goods_that_lie_under_two_owners_are_taken_from_both_and_the_usual_one_first() -> None:
    mine, theirs = (
        lying("A-01", 3, "L1"),
        lying("A-01", 5, "L1", holding=COUNTY.model_copy(update={"owner_org": "province"})),
    )
    place = warehouse(theirs, mine)
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-6")
    lines = place.booked().lines
    assert [(line.holding.owner_org, line.quantity.amount) for line in lines] == [("county", 3), ("province", 3)]
    assert place.stock is not None
    assert [one.amount for one in place.stock.in_bin("A-01")] == [2]


def test_more_than_is_held_is_said_of_the_usual_owner_and_the_book_compares() -> None:
    place = warehouse(
        lying("A-01", 5, "L1", holding=COUNTY.model_copy(update={"owner_org": "province"})), lying("A-01", 3, "L1")
    )
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-10")
    lines = place.booked().lines
    assert [(line.holding.owner_org, line.quantity.amount) for line in lines] == [("county", 5), ("province", 5)]


# Loan and recovery -----------------------------------------------------------------------------------------------------


def test_a_loan_comes_back_into_inspection() -> None:
    place = warehouse(lying("A-01", 1, item=TENT, serials=("S1",)))
    place.scan("OBC-LOAN", "OBB-A-01", tent("S1"))
    assert place.booked().kind is MovementKind.LOAN
    place.scan("OBC-RECOVER", "OBB-Q-01")
    assert place.scan(tent("S1")).code == "goods"
    (line,) = place.booked().lines
    assert (line.from_status, line.to_status) == (StockStatus.ON_LOAN, StockStatus.AWAITING_INSPECTION)
    place.scan("OBC-INSPECT", "OBB-Q-01", tent("S1"), "OBC-PASS")
    assert place.booked().lines[0].to_status is StockStatus.AVAILABLE


def test_goods_that_are_used_up_come_back_with_a_warning_from_what_was_used() -> None:
    place = warehouse()
    place.scan("OBC-RECOVER", "OBB-Q-01")
    assert place.scan(bed("L1")).code == "not-reusable"
    assert place.booked().lines[0].from_status is StockStatus.AVAILABLE


# Rotation --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "method"),
    list(zip(("TURNOVER", "DISPATCH", "SALE", "FACTORY", "ENTRUST"), RotationMethod, strict=True)),
)
def test_rotation_goes_out_by_one_of_five_methods_and_comes_in_under_the_same_document(
    code: str, method: RotationMethod
) -> None:
    place = warehouse(lying("A-01", 10, "OLD", "2026-06-01"))
    place.scan("OBC-ROTATE", "OBB-A-01", bed("OLD"), "OBQ-10")
    assert place.say("OBC-CONFIRM", f"OBC-{code}") == ["need-method", "marked"]
    out = place.booked()
    assert (out.kind, out.rotation) == (MovementKind.ROTATION_OUT, method)
    assert out.document is not None
    place.scan("OBC-REFILL", "OBB-A-01", bed("NEW"), "OBQ-10")
    assert place.scan("OBC-CONFIRM").code == "need-method"
    place.scan(f"OBD-{out.document.number}")
    refill = place.booked()
    assert (refill.kind, refill.rotation, refill.document) == (MovementKind.ROTATION_IN, method, out.document)


# Moves, freezing, repacking --------------------------------------------------------------------------------------------


def test_goods_keep_their_status_when_they_are_moved() -> None:
    place = warehouse(frozen("A-01", 5, "BAD"))
    place.scan("OBC-MOVE", "OBB-A-01", "OBB-B-01", bed("BAD"))
    (line,) = place.booked().lines
    assert (line.from_status, line.to_status) == (StockStatus.FROZEN, StockStatus.FROZEN)


def test_goods_are_frozen_and_released_for_a_reason() -> None:
    place = warehouse(lying("A-01", 5, "L1"))
    place.scan("OBC-FREEZE", "OBB-A-01", bed("L1"), "OBQ-5")
    assert place.say("OBC-CONFIRM", "OBR-BROKEN") == ["need-reason", "reason-given"]
    assert place.booked().lines[0].to_status is StockStatus.FROZEN
    place.scan("OBC-RELEASE", "OBB-A-01", bed("L1"), "OBQ-5", "OBR-BROKEN")
    assert place.booked().lines[0].from_status is StockStatus.FROZEN


def test_a_repack_is_checked_and_books_nothing() -> None:
    place = warehouse()
    place.scan("OBC-REPACK", BED_CARTON, BED_PIECE)
    assert place.say("OBC-CONFIRM", "OBQ-2", "OBC-CONFIRM") == ["repack-differs", "goods", "repacked"]
    assert (place.drafts, place.dialogue.sheet.action) == ([], None)


def test_a_bin_that_this_warehouse_does_not_have_is_refused() -> None:
    assert refused(warehouse(), "OBC-RECEIVE", "OBB-Z-99") == "bin-unknown"


# Counts ----------------------------------------------------------------------------------------------------------------

BIN = (
    lying("A-01", 100, "L1", "2027-01-01"),
    lying("A-01", 50, "L2"),
    lying("A-01", 2, item=TENT, serials=("S1", "S2")),
)


def counts(place: WorkPlace) -> dict[tuple[str, str | None], Decimal]:
    place.scan("OBC-CONFIRM")
    facts = [fact for fact in place.drafts[-1].facts if isinstance(fact, StockCounted)]
    assert place.recorded().code == "recorded"
    return {(fact.item, fact.lot.number if fact.lot else None): fact.counted.amount for fact in facts}


def test_a_guided_count_shows_what_should_be_there_and_a_blind_one_does_not() -> None:
    place = warehouse(*BIN)
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"))
    assert [(one.item, one.lot, one.expected, one.progress.value) for one in place.view().expected] == [
        (TENT, None, "2", "missing"), (BED, "L1", "100", "short"), (BED, "L2", "50", "missing"),
    ]  # fmt: skip
    place.scan("OBC-CANCEL", "OBC-BLIND", "OBB-A-01", bed("L1"))
    assert {one.expected for one in place.view().expected} == {None}


def test_what_was_not_found_is_zero_only_when_a_person_says_so() -> None:
    place = warehouse(*BIN)
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"), "OBQ-99", bed("L2"), "OBQ-50")
    assert place.scan("OBC-CONFIRM").code == "not-counted"
    assert place.scan("OBC-ABSENT").code == "counted-absent"
    assert place.scan("OBC-CONFIRM").code == "count-again"
    assert place.say(bed("L1"), "OBC-CONFIRM") == ["recount-only", "not-counted"]
    place.scan(tent("S1"))
    assert counts(place) == {(BED, "L1"): 99, (BED, "L2"): 50, (TENT, None): 1}


def test_what_was_not_counted_can_be_left_open() -> None:
    place = warehouse(*BIN)
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"), "OBQ-100", "OBC-PARTIAL")
    assert counts(place) == {(BED, "L1"): 100}


def test_only_the_lines_that_differ_much_are_counted_again_without_the_answer() -> None:
    place = warehouse(*BIN)
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"), "OBQ-99", bed("L2"), "OBQ-40", tent("S1"), tent("S2"))
    assert place.scan("OBC-CONFIRM").code == "count-again"
    assert [(one.item, one.lot, one.expected) for one in place.view().expected] == [(BED, "L2", None)]
    assert place.view().prompt.zh == "还有 1 行要复盘：请再盘一遍，没有的扫“没有”"
    assert place.scan("OBC-PARTIAL").code == "all-to-be-counted"
    place.scan(bed("L2"), "OBQ-41")
    assert counts(place) == {(BED, "L1"): 99, (BED, "L2"): 41, (TENT, None): 2}


def test_where_the_stock_is_not_known_yet_nothing_is_counted_again() -> None:
    place = warehouse()
    place.dialogue.known = replace(place.dialogue.known, stock=NothingKnown())
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"), "OBQ-10")
    assert counts(place) == {(BED, "L1"): 10}


def test_an_undone_recount_is_the_first_count_again() -> None:
    place = warehouse(*BIN)
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"), "OBQ-10", "OBC-PARTIAL")
    before = place.dialogue.sheet
    place.scan("OBC-CONFIRM", "OBC-UNDO")
    assert place.dialogue.sheet == before


def test_an_empty_bin_is_counted_by_saying_that_nothing_is_there() -> None:
    place = warehouse(lying("A-01", 100, "L1"))
    place.scan("OBC-COUNT", "OBB-A-01", "OBC-ABSENT", "OBC-CONFIRM", "OBC-ABSENT")
    assert counts(place) == {(BED, "L1"): 0}


def test_a_count_of_nothing_is_not_booked() -> None:
    place = warehouse(lying("A-02", 1, "L1"))
    assert place.say("OBC-COUNT", "OBB-A-01", "OBC-CONFIRM")[-1] == "need-goods"
    assert place.say("OBC-CANCEL", "OBC-COUNT", "OBB-A-02", "OBC-PARTIAL", "OBC-CONFIRM")[-1] == "need-goods"


def test_a_count_of_goods_under_two_owners_asserts_both() -> None:
    province = COUNTY.model_copy(update={"owner_org": "province"})
    place = warehouse(lying("A-01", 50, "L1"), lying("A-01", 50, "L1", holding=province))
    place.scan("OBC-COUNT", "OBB-A-01", bed("L1"), "OBQ-99", "OBC-CONFIRM")
    facts = [fact for fact in place.drafts[-1].facts if isinstance(fact, StockCounted)]
    assert [(fact.holding.owner_org, fact.counted.amount) for fact in facts] == [("county", 50), ("province", 49)]


# Corrections -----------------------------------------------------------------------------------------------------------


def test_a_correction_takes_the_old_movement_back_and_books_a_new_one_that_names_it() -> None:
    place = warehouse(lying("A-01", 100, "L1"))
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"), "OBQ-12")
    old = place.booked()
    assert old.document is not None
    feedback = place.say("OBC-CORRECT", BED_PIECE, f"OBD-{old.document.number}")
    assert feedback == ["action-chosen", "no-goods-here", "correction-begun"]
    view = place.view()
    assert view.speaks_of is not None
    assert (view.title.zh, view.speaks_of.number) == ("出库", old.document.number)
    assert [line.amount for line in view.lines] == ["12"]
    assert place.say("OBQ-10", "OBC-CONFIRM", "OBR-TYPO") == ["goods", "need-reason", "reason-given"]
    new = place.booked()
    reversal = place.drafts[-1].facts[0]
    assert isinstance(reversal, MovementReversed)
    assert (reversal.reverses, reversal.reason) == (old.movement_id, "TYPO 录错 / entered wrongly")
    assert (new.corrects, new.lines[0].quantity.amount, new.document) == (old.movement_id, 10, old.document)
    assert new.lines[0].holding == COUNTY
    assert place.stock is not None
    assert place.stock.in_bin("A-01")[0].amount == 90
    place.scan("OBC-REVERSE", "OBC-CONFIRM")  # What was booked last is the new one.
    (fact,) = place.drafts[-1].facts
    assert isinstance(fact, MovementReversed)
    assert fact.reverses == new.movement_id


def test_one_corrects_what_others_booked_today_and_not_before() -> None:
    place = warehouse(lying("A-01", 100, "L1"))
    place.scan("OBC-ISSUE", "OBB-A-01", bed("L1"))
    old = place.booked()
    place.scan("OBP-lisi", "OBC-CORRECT")
    assert place.scan(f"OBM-{old.movement_id}").code == "correction-begun"
    place.scan("OBC-CANCEL")
    place.later(24 * 3600)
    place.scan("OBP-lisi", "OBC-CORRECT")
    assert place.say(f"OBM-{old.movement_id}", "OBM-x", "OBD-CK9") == [
        "movement-of-others", "movement-unknown", "movement-unknown",
    ]  # fmt: skip


def test_a_line_too_many_is_dropped() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01", BED_PIECE, RICE)
    assert place.scan("OBC-DROP").zh == "已删除末行，剩 1 行"
    assert [line.item for line in place.booked().lines] == [BED]
    place.scan("OBC-RECEIVE", "OBB-A-01", BED_PIECE)
    assert place.say("OBC-DROP", "OBC-DROP") == ["line-dropped", "need-goods"]


# Typed and weighed -----------------------------------------------------------------------------------------------------


def test_goods_with_a_broken_label_are_picked_and_their_lot_is_named() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01")
    assert place.say("OBL-20270131-L7", f"OBI-{BED}", "OBI-LS09999", "OBQ-4", "OBL-20270131-L7", "OBL-20271399-L7") == [
        "need-goods", "goods", "item-unknown", "goods", "lot-named", "lot-bad",
    ]  # fmt: skip
    (line,) = place.booked().lines
    assert (line.source, line.quantity.amount) == (CaptureSource.MANUAL, 4)
    assert line.lot is not None
    assert (line.lot.number, str(line.lot.expires_on)) == ("L7", "2027-01-31")


def test_a_lot_that_has_expired_is_not_named_for_an_issue() -> None:
    place = warehouse()
    assert refused(place, "OBC-ISSUE", "OBB-A-01", f"OBI-{BED}", "OBL-20260527-OLD") == "expired"


def test_the_container_is_taken_off() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01")
    place.put_on_scale("1.2", net=False)
    assert place.say("OBC-TARE", RICE, "OBC-WEIGH") == ["tare-taken", "goods", "need-weight"]
    place.put_on_scale("26.2", net=False)
    assert place.scan("OBC-WEIGH").zh == "大米：毛重 26.2 − 皮重 1.2 = 净重 25.0 kg"
    assert place.booked().lines[0].quantity.amount == Decimal("25.0")


def test_a_container_heavier_than_what_is_in_it_is_refused_and_the_weight_stays() -> None:
    place = warehouse()
    place.put_on_scale("30", net=False)
    place.scan("OBC-RECEIVE", "OBB-A-01", "OBC-TARE", RICE)
    place.put_on_scale("26.2", net=False)
    assert refused(place, "OBC-WEIGH") == "tare-too-large"
    assert place.dialogue.state.weight is not None


def test_what_the_scale_has_tared_itself_is_net_already() -> None:
    place = warehouse()
    place.put_on_scale("1.2", net=False)
    place.scan("OBC-RECEIVE", "OBB-A-01", "OBC-TARE", RICE)
    place.put_on_scale("25", net=True)
    place.scan("OBC-WEIGH")
    assert place.booked().lines[0].quantity.amount == 25


def test_pieces_are_counted_by_weight_and_the_rest_is_told() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01", BED_PIECE)
    place.put_on_scale("81.2")
    feedback = place.scan("OBC-PIECES")
    assert (feedback.code, feedback.zh) == ("pieces-taken", "折叠床：10 张（每件 8000 g，余 1200 g）")
    (line,) = place.booked().lines
    assert (line.quantity.amount, line.source) == (10, CaptureSource.SCALE)


@pytest.mark.parametrize("value", ["83", "77", "1"])
def test_a_rest_that_is_a_large_part_of_a_piece_is_refused(value: str) -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01", BED_PIECE)
    place.put_on_scale(value)
    assert refused(place, "OBC-PIECES") == "pieces-unclear"


def test_goods_whose_piece_weight_nobody_knows_are_not_counted_by_weight() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01", RICE)
    place.put_on_scale("81.2")
    assert refused(place, "OBC-PIECES") == "no-piece-weight"


# RFID ------------------------------------------------------------------------------------------------------------------


def test_tags_that_nobody_asked_for_wait_for_a_decision() -> None:
    place = warehouse(tasks=(task("RW1", TaskAction.RECEIVE, wanted(TENT, 2), kind="RW"),))
    place.scan("OBD-RW1", "OBB-A-01")
    tents, cartons = [sgtin("09520000000042", n) for n in (1, 2)], [sgtin("19520000000063", 1)]
    feedback = place.tags(*tents, *cartons)
    assert (feedback.code, "新增 2 件；另有 1 件" in feedback.zh) == ("tags-unexpected", True)
    assert place.tags(*cartons).zh == "RFID：新增 0 件，重复 1，其他标签 0"
    assert [line.item for line in place.view().unexpected] == [BED]
    assert place.say("OBC-CONFIRM", "OBC-LEAVE", "OBC-LEAVE") == ["unexpected-open", "marked", "nothing-unexpected"]
    assert [line.item for line in place.booked().lines] == [TENT]


def test_tagged_pieces_name_the_bin_that_they_leave_where_all_of_them_lie_in_one() -> None:
    tags = [sgtin("09520000000042", n) for n in (1, 2, 3)]
    lines = lying("A-01", 2, item=TENT, serials=("1", "2")), lying("A-02", 1, item=TENT, serials=("3",))
    place = warehouse(*lines)
    place.scan("OBC-ISSUE")
    feedback = place.tags(*tags[:2])
    assert (feedback.code, "都在货位 A-01" in feedback.zh) == ("tags", True)
    assert (place.view().from_bin, place.view().can_confirm) == ("A-01", True)
    assert place.scan("OBB-A-02").code == "bin-fixed"
    place.scan("OBC-UNDO")
    assert place.view().from_bin is None
    assert place.tags(*tags).code == "tags"
    assert place.view().from_bin is None, "they lie in two"
    place.scan("OBC-UNDO")
    place.tags(*tags[:2])
    place.tags(tags[2])
    assert (place.view().from_bin, place.view().prompt.code) == (None, "need-bin"), "the last one says otherwise"
    place.scan("OBC-UNDO")
    assert place.view().from_bin == "A-01"
    for action in ("OBC-COUNT", "OBC-RECEIVE"):
        place.scan("OBC-CANCEL", action)
        place.tags(tags[0])
        assert place.view().from_bin is None, action


def test_a_piece_that_was_never_seen_names_no_bin() -> None:
    place = warehouse(lying("A-01", 1, item=TENT, serials=("1",)))
    place.scan("OBC-ISSUE")
    place.tags(sgtin("09520000000042", 1), sgtin("09520000000042", 9))
    assert (place.view().from_bin, place.view().prompt.code) == (None, "need-bin")


def test_what_nobody_asked_for_can_be_accepted() -> None:
    place = warehouse(*BIN)
    place.scan("OBC-COUNT", "OBB-A-01")
    place.tags(sgtin("09520000000042", 1), sgtin("09520000000639", 3))
    assert place.scan("OBC-ACCEPT").code == "marked"
    assert {line.item for line in place.dialogue.sheet.lines} == {TENT, RICE}


# Unknown codes, numbers ------------------------------------------------------------------------------------------------


def test_a_person_says_something_about_an_unknown_code() -> None:
    place = warehouse()
    assert place.handle(NoteAdded("?", None, "screen-1")).code == "nothing-to-note"
    place.scan("OBC-RECEIVE", "nonsense")
    assert place.handle(NoteAdded("蓝色箱子", "ab" * 32, "screen-1")).code == "noted"
    (fact,) = place.drafts[-1].facts
    assert isinstance(fact, CodeSetAside)
    assert (fact.text, fact.note, fact.photo, fact.actor) == ("nonsense", "蓝色箱子", "ab" * 32, "zhangsan")


def test_a_sheet_without_a_document_gets_a_number_of_its_kind() -> None:
    place = warehouse(lying("A-01", 9, "L1"))
    numbers = []
    for texts in (
        ("OBC-RECEIVE", "OBB-A-01", bed("L1")),
        ("OBC-ISSUE", "OBB-A-01", bed("L1")),
        ("OBC-MOVE", "OBB-A-01", "OBB-B-01", bed("L1")),
        ("OBC-LOAN", "OBB-B-01", bed("L1")),
    ):
        place.scan(*texts)
        document = place.booked().document
        assert document is not None
        numbers.append(document.number)
    assert numbers == ["RK20260528-1", "CK20260528-2", "YK20260528-3", "JY20260528-4"]


def test_a_sheet_that_was_not_recorded_keeps_its_number() -> None:
    place = warehouse()
    place.scan("OBC-RECEIVE", "OBB-A-01", BED_PIECE, "OBC-CONFIRM")
    place.not_recorded()
    place.scan("OBC-CONFIRM")
    assert "RK20260528-1" in place.recorded().zh
    facts = [fact for draft in place.drafts for fact in draft.facts if isinstance(fact, GoodsMoved)]
    assert {fact.document.number for fact in facts if fact.document} == {"RK20260528-1"}
