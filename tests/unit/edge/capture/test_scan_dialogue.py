"""The dialogue of a work place, by scanner alone: every flow from the badge to what the journal gets."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from onebook_edge.capture.dialogue_messages import NothingScanned, Recorded, Scanned
from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.capture.dialogue_texts import FeedbackKind, Sound
from onebook_edge.machine import Woken
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.encoding import EVENT_BYTES_MAX
from onebook_schemas.labels import Command
from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import (
    CaptureSource,
    DocumentKind,
    GoodsMoved,
    MovementKind,
    MovementReversed,
)
from tests.unit.edge.capture.work_place import (
    BED,
    BED_CARTON,
    BED_PIECE,
    PADDY,
    RICE,
    RICE_BAG,
    TENT,
    WorkPlace,
    bed,
    receiving,
    sgtin,
    signed_in,
    tent,
)

# The actions ---------------------------------------------------------------------------------------------------------


def test_a_receipt_is_booked_by_scanner_alone() -> None:
    place = WorkPlace()
    said = place.say("OBP-zhangsan", "OBC-RECEIVE", "OBD-RK20260528-330106-1", "OBB-A-01", bed("L1", "300101"))
    assert said == ["signed-in", "action-chosen", "document-named", "bin-named", "goods"]
    movement = place.booked()
    assert movement.kind is MovementKind.RECEIPT
    assert (movement.actor, movement.device) == ("zhangsan", "scanner-1")
    assert movement.document is not None
    assert movement.document.kind is DocumentKind.RECEIPT_NOTE
    (line,) = movement.lines
    assert (line.item, line.to_bin, line.from_bin, line.source) == (BED, "A-01", None, CaptureSource.BARCODE)
    assert line.quantity == Quantity(amount=Decimal(1), unit="EA")
    assert line.lot is not None
    assert (line.lot.number, line.lot.expires_on) == ("L1", date(2030, 1, 1))
    assert line.scanned == bed("L1", "300101")
    assert place.dialogue.sheet.action is None
    assert place.dialogue.state.actor == "zhangsan"


@pytest.mark.parametrize(
    ("action", "kind", "bins"),
    [
        ("ISSUE", MovementKind.ISSUE, ("A-01", None)),
        ("DISPOSE", MovementKind.DISPOSAL, ("A-01", None)),
        ("RECEIVE", MovementKind.RECEIPT, (None, "A-01")),
    ],
)
def test_actions_with_one_bin_know_which_side_it_is(
    action: str, kind: MovementKind, bins: tuple[str | None, str | None]
) -> None:
    place = signed_in()
    place.scan(f"OBC-{action}", "OBB-A-01", BED_PIECE)
    movement = place.booked()
    assert movement.kind is kind
    assert (movement.lines[0].from_bin, movement.lines[0].to_bin) == bins


def test_a_move_asks_for_the_bin_to_move_to() -> None:
    place = signed_in()
    assert place.say("OBC-MOVE", "OBB-A-01", BED_PIECE, "OBC-CONFIRM", "OBB-A-01", "OBB-B-02") == [
        "action-chosen", "from-bin-named", "goods", "need-to-bin", "bin-already", "bin-named",
    ]  # fmt: skip
    line = place.booked().lines[0]
    assert (line.from_bin, line.to_bin) == ("A-01", "B-02")


@pytest.mark.parametrize(
    ("action", "document", "kind"),
    [
        ("RECEIVE", "DB20260528-1", MovementKind.TRANSFER_IN),
        ("ISSUE", "DB20260528-1", MovementKind.TRANSFER_OUT),
        ("RECEIVE", "JZ20260528-1", MovementKind.DONATION),
        ("RECEIVE", "RK20260528-1", MovementKind.RECEIPT),
        ("MOVE", "DB20260528-1", MovementKind.BIN_MOVE),
    ],
)
def test_the_paper_says_more_exactly_what_it_is(action: str, document: str, kind: MovementKind) -> None:
    place = signed_in()
    place.scan(f"OBC-{action}", f"OBD-{document}", "OBB-A-01", "OBB-B-02", BED_PIECE)
    assert place.booked().kind is kind


def test_a_count_asserts_each_item_and_lot_of_the_bin_once() -> None:
    place = signed_in()
    place.scan("OBC-COUNT", "OBB-A-01", BED_CARTON, "OBQ-3", BED_PIECE, bed("L1"), tent("S1"), tent("S2"))
    beds, lot, tents = place.counted()
    assert (beds.item, beds.counted.amount, beds.bin, beds.lot, beds.serials) == (BED, 7, "A-01", None, None)
    assert lot.lot is not None
    assert (lot.lot.number, lot.counted.amount) == ("L1", 1)
    assert (tents.item, tents.counted.amount, tents.serials) == (TENT, 2, ("S1", "S2"))
    assert len({count.movement_id for count in (beds, lot, tents)}) == 3


def test_an_empty_bin_is_counted_as_zero_and_nothing_else_may_be_zero() -> None:
    place = signed_in()
    place.scan("OBC-COUNT", "OBB-A-01", BED_PIECE)
    assert place.scan("OBQ-0").code == "goods"
    assert place.counted()[0].counted.amount == 0
    place.scan("OBC-RECEIVE", "OBB-A-01", BED_PIECE)
    assert place.scan("OBQ-0").code == "amount-zero"


# Order and people ----------------------------------------------------------------------------------------------------


def test_each_input_out_of_order_says_what_comes_first() -> None:
    place = WorkPlace()
    assert place.say(BED_PIECE, "OBC-RECEIVE", "OBC-CONFIRM", "OBB-A-01") == ["need-badge"] * 4
    place.scan("OBP-zhangsan")
    assert place.say(BED_PIECE, "OBB-A-01", "OBQ-3", "OBC-WEIGH", "OBD-RK1", "OBC-CONFIRM") == ["need-action"] * 6
    place.scan("OBC-RECEIVE")
    assert place.say("OBC-CONFIRM", "OBQ-3", "OBC-WEIGH") == ["need-bin", "need-goods", "need-goods"]
    place.scan("OBB-A-01")
    assert place.say("OBC-CONFIRM") == ["need-goods"]
    assert place.drafts == []


def test_another_action_is_refused_while_there_are_lines_and_taken_before() -> None:
    place = signed_in()
    place.scan("OBC-RECEIVE", "OBC-ISSUE", BED_PIECE)
    assert place.scan("OBC-RECEIVE").code == "action-open"
    place.scan("OBB-A-01")
    assert place.booked().kind is MovementKind.ISSUE


def test_a_second_bin_is_asked_about_and_not_taken() -> None:
    place = receiving()
    assert place.say("OBB-A-01", "OBB-A-02", "OBB-._-") == ["bin-already", "bin-fixed", "bin-bad"]
    assert place.dialogue.sheet.to_bin == "A-01"


def test_who_scans_nothing_for_long_is_signed_out_and_the_sheet_stays() -> None:
    place = receiving(sign_out_after_s=60)
    place.scan(BED_PIECE)
    place.later(59)
    assert place.dialogue.handle(Woken(), place.now) == []
    place.later(1)
    assert place.dialogue.wakeup_at() == place.now.monotonic_ms
    assert place.handle(Woken()).code == "signed-out"
    assert place.dialogue.wakeup_at() is None
    assert place.scan("OBC-CONFIRM").code == "need-badge"
    assert place.scan("OBP-lisi").code == "sheet-taken-over"
    assert place.booked().actor == "lisi"


def test_a_scan_after_the_time_does_not_wait_for_the_wakeup() -> None:
    place = receiving(sign_out_after_s=60)
    place.later(60)
    assert place.scan(BED_PIECE).code == "need-badge"


# Goods and amounts ---------------------------------------------------------------------------------------------------


def test_scanning_again_adds_one_and_a_carton_adds_a_carton() -> None:
    place = receiving()
    place.scan(BED_PIECE, BED_PIECE, BED_CARTON, BED_CARTON)
    assert [(line.quantity.amount, line.quantity.unit) for line in place.booked().lines] == [(2, "EA"), (4, "EA")]


def test_a_quantity_label_says_how_many_of_the_unit_scanned_last_there_are() -> None:
    place = receiving()
    assert place.scan(BED_PIECE, BED_CARTON, "OBQ-12").zh == "折叠床：24 张"
    assert [line.quantity.amount for line in place.booked().lines] == [1, 24]


@pytest.mark.parametrize("label", ["OBQ-1.5", "OBQ-0.1"])
def test_a_broken_piece_is_refused(label: str) -> None:
    place = receiving()
    place.scan(BED_PIECE)
    assert place.scan(label).code == "amount-broken"
    assert place.booked().lines[0].quantity.amount == 1


def test_half_a_carton_is_a_whole_number_of_pieces() -> None:
    place = receiving()
    place.scan(BED_CARTON, "OBQ-1.5")
    assert place.booked().lines[0].quantity.amount == 3


@pytest.mark.parametrize("label", ["OBQ-x", "OBQ--3", "OBQ-1e3", "OBQ-1234567", "OBQ-1.2345", "OBQ-."])
def test_a_label_that_is_no_amount_changes_nothing(label: str) -> None:
    place = receiving()
    place.scan(BED_PIECE)
    assert place.scan(label).code == "amount-bad"
    assert place.booked().lines[0].quantity.amount == 1


def test_lots_are_kept_apart() -> None:
    place = receiving()
    place.scan(bed("L1"), bed("L2"), bed("L1"))
    lines = place.booked().lines
    assert [(line.lot.number, line.quantity.amount) for line in lines if line.lot] == [("L2", 1), ("L1", 2)]


def test_serial_goods_need_a_serial_and_count_each_once() -> None:
    place = receiving()
    assert place.say("]E09520000000042", TENT, tent("S1"), tent("S1"), tent("S2"), "OBQ-5", "OBC-WEIGH") == [
        "need-serial", "need-serial", "goods", "already-scanned", "goods", "amount-by-serial", "amount-by-serial",
    ]  # fmt: skip
    (line,) = place.booked().lines
    assert (line.serials, line.quantity.amount) == (("S1", "S2"), 2)


def test_an_item_code_in_plain_text_names_goods_that_have_no_gtin() -> None:
    place = receiving()
    place.scan(PADDY, "OBQ-2.5")
    assert place.booked().lines[0].quantity == Quantity(amount=Decimal("2.5"), unit="TNE")


def test_expired_goods_are_not_issued_but_disposed_of() -> None:
    place = signed_in()
    place.scan("OBC-ISSUE", "OBB-A-01")
    assert place.scan(bed("L1", "260527")).code == "expired"
    assert place.scan(bed("L1", "260528")).code == "goods"  # Usable on the day that is printed on it.
    place.scan("OBC-CANCEL", "OBC-DISPOSE", "OBB-A-01")
    assert place.scan(bed("L1", "260527")).code == "goods"
    assert place.booked().kind is MovementKind.DISPOSAL


def test_expired_goods_may_come_in_with_a_warning() -> None:
    place = receiving()
    assert place.scan(bed("L1", "260101")).kind is FeedbackKind.WARN


def test_a_lost_separator_is_shown() -> None:
    place = receiving()
    feedback = place.scan("]C1010952000000006610ABC12317261231")
    assert (feedback.code, "ABC12317261231" in feedback.zh) == ("goods-doubtful", True)


def test_a_label_with_contents_counts_them() -> None:
    place = receiving()
    place.scan("]C10010614141234567890802095200000000663724")
    assert place.booked().lines[0].quantity.amount == 24


def test_a_net_weight_on_the_label_is_the_amount_of_goods_booked_by_mass() -> None:
    place = receiving()
    place.scan("]C101095200000006393103012500")
    assert place.booked().lines[0].quantity == Quantity(amount=Decimal("12.500"), unit="KGM")


def test_a_pallet_with_unknown_contents_is_remembered_with_the_goods_on_it() -> None:
    place = receiving()
    assert place.scan("]C100106141412345678908").code == "pallet"
    place.scan(BED_PIECE)
    assert place.booked().lines[0].scanned == f"(00)106141412345678908 {BED_PIECE}"


# Unknown codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("]E06901234567892", "unknown-gtin"),
        ("]Q1https://example.com/a", "url"),
        ("MA.156.M0.100204.13351764", "ma-code"),
        ("]A0SHELF 3", "text"),
        ("LS09999", "text"),
        ("]E06901234567893", "bad-check-digit"),
        ("]C1400PO123", "no-goods"),
        ("x" * 300, "text"),
    ],
)
def test_an_unknown_code_is_set_aside_once_and_never_becomes_goods(text: str, reason: str) -> None:
    place = receiving()
    assert place.say(text, text) == ["code-set-aside", "code-set-aside-already"]
    (draft,) = place.drafts
    (fact,) = draft.facts
    assert isinstance(fact, CodeSetAside)
    assert (fact.text[:40], fact.reason, fact.actor, fact.device) == (text[:40], reason, "zhangsan", "scanner-1")
    assert place.dialogue.sheet.lines == ()
    assert place.recorded().code == "note-recorded"


def test_a_note_that_could_not_be_kept_is_said_loudly() -> None:
    place = receiving()
    place.scan("nonsense")
    assert place.not_recorded().kind is FeedbackKind.REFUSED


def test_a_command_or_document_that_does_not_exist_is_refused() -> None:
    place = receiving()
    assert place.say("OBC-FLY", "OBD-XX123") == ["command-unknown", "document-unknown"]
    assert place.handle(NothingScanned()).code == "nothing-read"


# Weights -------------------------------------------------------------------------------------------------------------


def test_a_weight_becomes_the_quantity_of_the_last_line() -> None:
    place = receiving()
    place.scan(RICE_BAG)
    assert place.put_on_scale("24.98").code == "weight-settled"
    assert place.scan("OBC-WEIGH").code == "weight-taken"
    (line,) = place.booked().lines
    assert (line.quantity, line.source) == (Quantity(amount=Decimal("24.98"), unit="KGM"), CaptureSource.SCALE)


def test_each_weighed_bag_is_a_line_and_a_weight_is_used_once() -> None:
    place = receiving()
    place.scan(RICE_BAG)
    place.put_on_scale("24.98")
    place.scan("OBC-WEIGH")
    assert place.say("OBC-WEIGH", RICE_BAG, "OBC-WEIGH") == ["need-weight", "goods", "need-weight"]
    place.put_on_scale("25.02")
    place.scan("OBC-WEIGH")
    assert [line.quantity.amount for line in place.booked().lines] == [Decimal("24.98"), Decimal("25.02")]


@pytest.mark.parametrize(
    ("value", "unit", "code", "amount"),
    [("12340", "kg", PADDY, "12.340"), ("12.34", "t", PADDY, "12.34"), ("500", "g", RICE, "0.500")],
)
def test_a_weight_is_said_exactly_in_the_unit_of_the_goods(value: str, unit: str, code: str, amount: str) -> None:
    place = receiving()
    place.put_on_scale(value, unit)
    place.scan(code, "OBC-WEIGH")
    assert place.booked().lines[0].quantity.amount == Decimal(amount)


def test_pieces_and_pounds_are_not_weighed() -> None:
    place = receiving()
    place.put_on_scale("12.5")
    assert place.say(BED_PIECE, "OBC-WEIGH") == ["goods", "not-by-weight"]
    place.put_on_scale("12.5", "lb")
    assert place.say(RICE, "OBC-WEIGH") == ["goods", "not-by-weight"]


def test_a_gross_weight_is_taken_with_a_warning() -> None:
    place = receiving()
    place.scan(RICE_BAG)
    place.put_on_scale("25.4", net=False)
    assert place.scan("OBC-WEIGH").code == "weight-taken-gross"


def test_an_old_weight_is_not_taken() -> None:
    place = receiving(weight_usable_s=30)
    place.put_on_scale("25")
    place.later(31)
    assert place.say(RICE_BAG, "OBC-WEIGH") == ["goods", "need-weight"]


def test_an_undone_weight_can_be_taken_again() -> None:
    place = receiving()
    place.put_on_scale("25.1")
    place.scan(RICE_BAG, "OBC-WEIGH", "OBC-UNDO")
    assert place.scan("OBC-WEIGH").code == "weight-taken"


@pytest.mark.parametrize("value", ["0.0000000001", "2000000000", "-3"])
def test_a_weight_that_the_book_cannot_say_is_refused(value: str) -> None:
    place = receiving()
    place.put_on_scale(value)
    place.scan(RICE)
    assert place.scan("OBC-WEIGH").code == "amount-bad"
    assert place.booked().lines[0].quantity.amount == 1


# Tags ----------------------------------------------------------------------------------------------------------------


def test_tags_become_serial_lines_and_count_once() -> None:
    place = receiving()
    place.scan(tent("7"))
    tents = [sgtin("09520000000042", n) for n in (7, 8, 9, 9)]
    beds = [sgtin("19520000000063", n) for n in (1, 2)]
    feedback = place.tags(*tents, *beds, "E2801160600002084B3C1234", "3000")
    assert (feedback.code, feedback.zh) == ("tags", "RFID：新增 4 件，重复 1，其他标签 2")
    scanned, tagged, cartons = place.booked().lines
    assert (scanned.serials, tagged.serials) == (("7",), ("8", "9"))
    assert (tagged.source, tagged.quantity.amount) == (CaptureSource.RFID, 2)
    assert (cartons.item, cartons.quantity.amount, cartons.serials) == (BED, 4, ())


def test_the_same_tags_seen_again_change_nothing() -> None:
    place = receiving()
    place.tags(sgtin("09520000000042", 1))
    steps = place.dialogue.state.steps
    place.tags(sgtin("09520000000042", 1))
    assert place.dialogue.state.steps == steps


def test_tags_of_unknown_goods_are_set_aside_one_for_each_gtin() -> None:
    place = receiving()
    unknown = [sgtin("09520000099996", n) for n in (1, 2)]
    assert place.tags(*unknown, sgtin("09520000000042", 1)).code == "tags-unknown"
    assert [fact.text for fact in place.drafts[0].facts if isinstance(fact, CodeSetAside)] == unknown[:1]
    assert len(place.dialogue.sheet.lines) == 1


def test_tags_before_an_action_are_asked_about() -> None:
    place = WorkPlace()
    assert place.tags(sgtin("09520000000042", 1)).code == "need-badge"


# Booking -------------------------------------------------------------------------------------------------------------


def test_nothing_is_believed_before_the_outbox_has_it() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    feedback = place.scan("OBC-CONFIRM")
    assert (feedback.code, feedback.sound) == ("booking", Sound.NONE)
    assert place.say("OBC-CONFIRM", "OBP-lisi") == ["wait", "held"]
    assert len(place.drafts) == 1
    feedback = place.recorded_with_held()[0]
    assert (feedback.zh, feedback.sound) == ("已记账（入库，1 行）", Sound.RECORDED)


def next_sheet_while_booking() -> WorkPlace:
    """One sheet is being booked, and the next one, with goods of every kind, is scanned to its end meanwhile."""
    place = receiving()
    place.scan(BED_PIECE, "OBC-CONFIRM")
    assert set(place.say("OBP-lisi", "OBC-RECEIVE", "OBD-RK2", "OBB-B-02", BED_CARTON, "OBQ-3", RICE)) == {"held"}
    assert place.put_on_scale("12").code == "held"
    assert place.put_on_scale("25").code == "held"
    assert place.say("OBC-WEIGH") == ["held"]
    assert place.put_on_scale("7").code == "held"
    assert place.tags(sgtin("09520000000042", 1)).code == "held"
    assert place.say("OBC-CONFIRM", "OBC-CONFIRM", "OBP-wangwu") == ["held", "wait", "held"]
    return place


def test_what_is_scanned_while_a_booking_is_under_way_is_taken_after_it_in_order() -> None:
    place = next_sheet_while_booking()
    said = place.recorded_with_held()
    assert [feedback.code for feedback in said] == [
        "recorded", "signed-in", "action-chosen", "document-named", "bin-named", "goods", "goods", "goods",
        "weight-settled", "weight-taken", "weight-settled", "tags", "booking",
    ]  # fmt: skip
    assert said[0].sound is Sound.RECORDED
    assert {feedback.sound for feedback in said[1:]} == {Sound.NONE}, "each has sounded when it was held"
    (movement,) = place.drafts[-1].facts
    assert isinstance(movement, GoodsMoved)
    assert (movement.actor, movement.document and movement.document.number) == ("lisi", "RK2")
    assert [(line.item, line.quantity.amount) for line in movement.lines] == [(BED, 6), (RICE, 25), (TENT, 1)]
    assert [feedback.code for feedback in place.recorded_with_held()] == ["recorded", "signed-in"]
    assert place.dialogue.state.held == ()


def test_what_was_scanned_after_a_confirmation_never_joins_the_sheet_that_was_not_recorded() -> None:
    place = next_sheet_while_booking()
    before = place.dialogue.sheet
    feedback = place.not_recorded()
    assert (feedback.code, feedback.kind) == ("not-recorded", FeedbackKind.REFUSED)
    assert "13 个未计入" in feedback.zh
    assert place.dialogue.sheet == before
    assert len(place.booked().lines) == 1


def test_nothing_held_is_built_on_an_answer_that_the_person_has_not_heard() -> None:
    place = receiving()
    place.scan(BED_PIECE, "OBC-CONFIRM")
    place.scan("OBC-RECEIVE", "OBB-B-02", BED_PIECE, "OBQ-1.5", BED_CARTON, "OBC-CONFIRM")
    said = place.recorded_with_held()
    assert [feedback.code for feedback in said[-2:]] == ["amount-broken", "held-dropped"]
    assert "2 个未计入" in said[-1].zh
    assert len(place.drafts) == 1, "the held CONFIRM would have booked half a sheet"
    assert place.scan("OBQ-2").code == "goods"
    assert place.booked().lines[0].quantity.amount == 2


def test_a_reversal_is_asked_about_before_a_held_confirmation_counts() -> None:
    place = receiving()
    place.scan(BED_PIECE, "OBC-CONFIRM", "OBC-REVERSE", "OBC-CONFIRM")
    assert [feedback.code for feedback in place.recorded_with_held()] == ["recorded", "reverse-asked", "held-dropped"]
    place.scan("OBC-CONFIRM")
    assert isinstance(place.drafts[-1].facts[0], MovementReversed)


def test_what_is_held_has_an_end_and_says_so() -> None:
    place = receiving()
    place.scan(BED_PIECE, "OBC-CONFIRM")
    assert [place.scan(BED_PIECE).code for _ in range(51)] == ["held"] * 50 + ["held-full"]
    assert place.tags(sgtin("09520000000042", 1)).kind is FeedbackKind.REFUSED
    assert len(place.dialogue.state.held) == 50


def test_what_is_held_outlives_a_restart_but_for_what_lay_on_the_scale() -> None:
    place = next_sheet_while_booking()
    kept = DialogueState.from_json(place.dialogue.state.to_json())
    assert kept == place.dialogue.state
    restarted = WorkPlace(kept.restarted(place.now))
    codes = [f.code for f in restarted.dialogue.handle(Recorded(place.drafts[0].draft_id, 9), place.now)]  # type: ignore[union-attr]
    assert codes[-2:] == ["need-weight", "held-dropped"]
    assert restarted.dialogue.sheet.action is Command.RECEIVE


def test_a_draft_that_was_not_recorded_is_kept_and_can_be_confirmed_again() -> None:
    place = receiving()
    place.scan(BED_PIECE, "OBC-CONFIRM")
    feedback = place.not_recorded()
    assert (feedback.kind, "存储已满" in feedback.zh) == (FeedbackKind.REFUSED, True)
    place.scan(BED_PIECE)
    assert place.booked().lines[0].quantity.amount == 2


def test_the_answer_to_another_draft_does_not_empty_the_sheet() -> None:
    place = receiving()
    place.scan(BED_PIECE, "OBC-CONFIRM")
    assert place.handle(Recorded("another", 3)).code == "note-recorded"
    assert len(place.dialogue.sheet.lines) == 1


def test_a_draft_survives_a_restart_and_so_does_the_question_whether_it_was_recorded() -> None:
    place = receiving()
    place.scan(bed("L1", "300101"), "OBQ-3", tent("S1"), "OBC-CONFIRM")
    kept = place.dialogue.state.to_json()
    restarted = WorkPlace(DialogueState.from_json(kept).restarted(place.now))
    assert restarted.dialogue.sheet == place.dialogue.sheet
    assert restarted.dialogue.state.booking is not None
    assert restarted.dialogue.state.booking.draft_id == place.drafts[0].draft_id
    assert restarted.handle(Recorded(place.drafts[0].draft_id, 9)).code == "recorded"


def test_a_restart_forgets_what_lay_on_the_scale_and_counts_the_pause_anew() -> None:
    place = receiving(sign_out_after_s=60)
    place.put_on_scale("25")
    place.later(1_000)
    state = place.dialogue.state.restarted(place.now)
    assert state.weight is None
    assert state.last_scan_ms == place.now.monotonic_ms


def test_a_sheet_never_outgrows_an_event() -> None:
    place = receiving()
    codes = set()
    for n in range(200):
        codes.add(place.scan(bed(f"LOT{n}")).code)
    assert codes == {"goods", "sheet-full"}
    movement = place.booked()
    assert 60 < len(movement.lines) < 200
    assert len(movement.model_dump_json()) < EVENT_BYTES_MAX - 1_024


def test_a_sheet_has_an_end_also_when_its_lines_only_grow() -> None:
    place = receiving()
    codes = [place.scan(BED_PIECE).code for _ in range(1_000)]
    assert (codes[997], codes[998], codes[999]) == ("goods", "sheet-full", "sheet-full")
    assert place.scan("OBC-UNDO").code == "undone"
    assert place.booked().lines[0].quantity.amount == 997


def test_a_flood_of_tags_is_refused_whole() -> None:
    place = receiving()
    assert place.tags(*[sgtin("09520000000042", 10**11 + n) for n in range(6_000)]).code == "sheet-full"
    assert place.dialogue.sheet.lines == ()


# Undo, cancel, reverse -----------------------------------------------------------------------------------------------


def test_undo_takes_back_every_step_one_by_one() -> None:
    place = signed_in()
    sheets = [place.dialogue.sheet]
    place.put_on_scale("25")
    for text in ("OBC-MOVE", "OBD-RW1", "OBB-A", "OBB-B", BED_PIECE, "OBQ-4", BED_CARTON, BED_PIECE, RICE, "OBC-WEIGH"):
        place.scan(text)
        sheets.append(place.dialogue.sheet)
    for before in reversed(sheets[:-1]):
        assert place.scan("OBC-UNDO").code == "undone"
        assert place.dialogue.sheet == before
    assert place.scan("OBC-UNDO").code == "nothing-to-undo"


def test_cancel_drops_the_sheet_and_says_that_nothing_was_recorded() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    assert place.say("OBC-CANCEL", "OBC-CANCEL", "OBC-CONFIRM") == ["cancelled", "nothing-to-cancel", "need-action"]
    assert place.drafts == []


def test_a_person_reverses_the_last_movement_and_only_once() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    movement = place.booked()
    assert place.scan("OBC-REVERSE").zh.startswith("冲销上一笔：入库，1 行")
    assert place.say(BED_PIECE, "OBB-A", "OBC-RECEIVE", "OBC-WEIGH") == [
        "reversing",
        "reversing",
        "action-open",
        "reversing",
    ]
    place.scan("OBC-CONFIRM")
    assert place.recorded().zh == "已记账（冲销，0 行）"
    (fact,) = place.drafts[-1].facts
    assert isinstance(fact, MovementReversed)
    assert (fact.reverses, fact.actor) == (movement.movement_id, "zhangsan")
    assert fact.movement_id != movement.movement_id
    assert place.scan("OBC-REVERSE").code == "nothing-to-reverse"


def test_a_reversal_can_be_left() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    place.booked()
    assert place.say("OBC-REVERSE", "OBC-CANCEL") == ["reverse-asked", "cancelled"]
    assert place.scan("OBC-REVERSE").code == "reverse-asked"


def test_nobody_reverses_what_another_person_booked() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    place.booked()
    assert place.say("OBP-lisi", "OBC-REVERSE") == ["signed-in", "nothing-to-reverse"]


def test_a_count_is_not_reversed_and_hides_no_movement() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    movement = place.booked()
    place.scan("OBC-COUNT", "OBB-A-01", BED_PIECE)
    place.counted()
    place.scan("OBC-REVERSE", "OBC-CONFIRM")
    (fact,) = place.drafts[-1].facts
    assert isinstance(fact, MovementReversed)
    assert fact.reverses == movement.movement_id


def test_a_newer_catalogue_is_used_from_the_next_scan() -> None:
    place = receiving()
    place.scan(BED_PIECE)
    place.dialogue.catalogue = type(place.catalogue)()
    assert place.scan(BED_PIECE).code == "code-set-aside"
    assert place.scan("OBQ-2").zh == "LS01006：2 个"
    assert isinstance(place.drafts[0].facts[0], CodeSetAside)
    assert isinstance(place.booked(), GoodsMoved)


def test_a_box_that_started_in_1970_still_knows_expired_goods_and_the_century() -> None:
    place = signed_in()
    place.now = type(place.now)(place.now.monotonic_ms, 0)
    place.scan("OBC-ISSUE", "OBB-A-01")
    assert place.scan(bed("L1", "241231")).code == "expired"
    place.scan(bed("L2", "270101"))
    line = place.dialogue.sheet.lines[0]
    assert line.lot is not None
    assert line.lot.expires_on == date(2027, 1, 1)


def test_every_scan_is_answered_in_both_languages() -> None:
    place = WorkPlace()
    for text in ("OBP-a", "OBC-RECEIVE", "OBB-A", BED_PIECE, "OBC-CONFIRM"):
        feedback = place.handle(Scanned(text, "scanner-1"))
        assert any("\u4e00" <= letter <= "\u9fff" for letter in feedback.zh)
        assert feedback.en.isascii()
