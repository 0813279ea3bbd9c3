"""What a screen may hand to the dialogue: codes, of whoever is there, and confirmations of what was shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onebook_edge.console.entering import Circumstances, Entered, Ignore, Judgement, NeedPin, Refuse, Take, judge

AT_BOX = Circumstances(badge=None, actor="1001", mark="aa", is_open=False, confirmed_mark="", is_full=False)
HANDHELD = replace(AT_BOX, badge="1001")
CONFIRM = "OBC-CONFIRM"


@pytest.mark.parametrize(
    ("text", "judgement"),
    [
        ("OBC-RECEIVE", Take("OBC-RECEIVE")),
        (" OBB-A-01 ", Take("OBB-A-01")),
        ("]C10109520000000011\x1d10L1", Take("]C10109520000000011\x1d10L1")),
        ("", Refuse("refused_not_a_code")),
        ("帐篷", Refuse("refused_not_a_code")),
        ("a\nb", Refuse("refused_not_a_code")),
        ("x" * 201, Refuse("refused_not_a_code")),
    ],
)
def test_only_what_a_scanner_could_read_is_taken(text: str, judgement: Judgement) -> None:
    assert judge(Entered(text), AT_BOX) == judgement


def test_over_the_network_a_badge_alone_is_nobody() -> None:
    assert judge(Entered("OBP-1002"), HANDHELD) == NeedPin("1002")
    assert judge(Entered("OBP-1001"), HANDHELD) == Take("OBP-1001")
    assert judge(Entered("OBP-1002"), AT_BOX) == Take("OBP-1002")


@pytest.mark.parametrize("actor", ["1002", None])
def test_nobody_acts_in_the_name_of_whoever_is_at_the_work_place(actor: str | None) -> None:
    so = replace(HANDHELD, actor=actor)
    assert judge(Entered("OBC-RECEIVE"), so) == Refuse("refused_another_person")
    assert judge(Entered("OBP-1001"), so) == Take("OBP-1001")


def test_only_the_sheet_that_was_shown_is_confirmed_and_once() -> None:
    assert judge(Entered(CONFIRM, "aa"), AT_BOX) == Take(CONFIRM)
    assert judge(Entered(CONFIRM, "bb"), AT_BOX) == Refuse("refused_sheet_changed")
    assert judge(Entered(CONFIRM, "bb"), replace(AT_BOX, confirmed_mark="bb")) == Ignore()
    assert judge(Entered("OBC-UNDO", "bb"), AT_BOX) == Take("OBC-UNDO")
    assert judge(Entered(CONFIRM), AT_BOX) == Take(CONFIRM), "a scanned code saw no sheet"


def test_the_button_of_a_task_begins_a_sheet_and_names_no_document_on_another() -> None:
    task, opened = "OBD-RK1", replace(AT_BOX, is_open=True)
    assert judge(Entered(task, "aa"), AT_BOX) == Take(task)
    assert judge(Entered(task, "aa"), opened) == Refuse("refused_sheet_open")
    assert judge(Entered(task), opened) == Take(task), "a scanned code is the sheet's document"


def test_nothing_is_confirmed_while_the_disk_is_full() -> None:
    full = replace(AT_BOX, is_full=True)
    assert judge(Entered(CONFIRM, "aa"), full) == Refuse("refused_outbox_full")
    assert judge(Entered("OBC-UNDO"), full) == Take("OBC-UNDO")
