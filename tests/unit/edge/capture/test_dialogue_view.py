"""What a screen is told: everything it draws, and for each button the code that a scanner would have read."""

from __future__ import annotations

from onebook_edge.capture.dialogue_texts import COMMANDS, Words
from onebook_edge.capture.dialogue_view import ChoiceRole, DialogueView, MovementView
from onebook_edge.capture.knowledge import Knowledge
from onebook_schemas.labels import Command, parse_label
from tests.unit.edge.capture.work_place import BED, BED_CARTON, RICE, WorkPlace, bed, receiving, signed_in


def choices(view: DialogueView, role: ChoiceRole) -> list[str]:
    return [choice.code for choice in view.choices if choice.role is role]


def test_nobody_is_there_and_nothing_can_be_chosen() -> None:
    view = WorkPlace().view()
    assert (view.prompt.code, view.choices, view.person) == ("need-badge", (), None)


def test_a_person_chooses_what_to_do_by_the_codes_that_are_printed() -> None:
    view = signed_in().view()
    assert view.person is not None
    assert view.person.badge == "zhangsan"
    assert {"OBC-RECEIVE", "OBC-ISSUE", "OBC-COUNT"} <= set(choices(view, ChoiceRole.ACTION))
    assert all(parse_label(choice.code) for choice in view.choices)


def test_the_prompt_says_what_is_needed_next_until_it_can_be_confirmed() -> None:
    place = signed_in()
    prompts = []
    for text in ("OBC-MOVE", "OBB-A-01", "OBB-B-01", BED_CARTON):
        place.scan(text)
        view = place.view()
        prompts.append((view.prompt.code, view.can_confirm, choices(view, ChoiceRole.CONFIRM)))
    assert prompts == [
        ("need-bin", False, []),
        ("need-to-bin", False, []),
        ("need-goods", False, []),
        ("ready", True, ["OBC-CONFIRM"]),
    ]


def test_lines_have_names_amounts_and_packs() -> None:
    place = receiving()
    feedback = place.scan(bed("L1", "300101"), BED_CARTON, "OBQ-3")
    view = place.view(feedback)
    single, cartons = view.lines
    assert (single.item, single.name, single.lot, single.is_last) == (BED, Words("折叠床", "Folding bed"), "L1", False)
    assert (cartons.amount, cartons.unit.zh, cartons.count, cartons.pack.zh) == ("6", "张", "3", "件")
    assert (view.feedback, view.title.zh, view.to_bin, cartons.is_last) == (feedback, "入库", "A-01", True)


def test_a_weight_that_can_be_taken_is_shown_with_its_button() -> None:
    place = receiving()
    place.put_on_scale("24.98")
    assert "OBC-WEIGH" not in choices(place.view(), ChoiceRole.STEP)
    place.scan(RICE)
    view = place.view()
    assert view.weight is not None
    assert view.weight.value == "24.98"
    assert {"OBC-TARE", "OBC-WEIGH"} <= set(choices(view, ChoiceRole.STEP))


def test_while_it_is_being_booked_nothing_can_be_pressed() -> None:
    place = receiving()
    place.scan(BED_CARTON, "OBC-CONFIRM")
    view = place.view()
    assert (view.is_booking, view.can_confirm, view.choices) == (True, False, ())


def test_a_reversal_is_shown_and_can_be_confirmed_or_left() -> None:
    place = receiving()
    place.scan(BED_CARTON, "OBD-RK1")
    booked = place.booked()
    place.scan("OBC-REVERSE")
    view = place.view()
    assert (view.prompt.code, choices(view, ChoiceRole.CONFIRM)) == ("reversing", ["OBC-CONFIRM"])
    assert view.speaks_of == MovementView(booked.movement_id, None), "not heard of"
    place.dialogue.known = Knowledge(recent=place.recent)
    view = place.view()
    assert (view.speaks_of, view.lines) == (MovementView(booked.movement_id, "RK1"), ())
    assert [(line.name.zh, line.amount, line.is_last) for line in view.old_lines] == [("折叠床", "2", False)]


def test_papers_that_follow_are_shown_with_the_movement_that_they_are_of() -> None:
    place = receiving()
    place.dialogue.known = Knowledge(recent=place.recent)
    place.scan(BED_CARTON, "OBC-LATER")
    booked = place.booked()
    place.scan("OBC-PAPERS", f"OBM-{booked.movement_id}")
    assert place.view().speaks_of == MovementView(booked.movement_id, None)


def test_every_command_has_words_for_its_button_and_its_printed_label() -> None:
    assert set(COMMANDS) == set(Command)
