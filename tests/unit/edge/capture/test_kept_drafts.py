"""A draft that an earlier version of the agent wrote down is there again after an update, with what was being booked."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from onebook_edge.capture.dialogue_messages import NotRecorded
from onebook_edge.capture.dialogue_state import DialogueState
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import CaptureSource
from tests.unit.edge.capture.work_place import BED, RICE, TENT, WorkPlace

DRAFTS = Path(__file__).parents[3] / "testdata" / "drafts"


def test_a_draft_from_before_there_were_flows_is_taken_up() -> None:
    state = DialogueState.from_json((DRAFTS / "state_before_flows.json").read_text("utf-8"))
    place = WorkPlace(state.restarted(WorkPlace().now))
    sheet = place.dialogue.sheet
    assert (sheet.action, sheet.from_bin, sheet.to_bin) == (Command.MOVE, "A", "B")
    assert [(line.item, line.amount, line.source) for line in sheet.lines] == [
        (BED, 4, CaptureSource.BARCODE),
        (TENT, 1, CaptureSource.BARCODE),
        (RICE, Decimal("25"), CaptureSource.SCALE),
    ]
    assert state.booking is not None
    assert place.handle(NotRecorded(state.booking.draft_id, "满 / full")).code == "not-recorded"
    assert len(place.booked().lines) == 3


def test_every_kept_draft_is_read_and_written_again() -> None:
    drafts = sorted(DRAFTS.glob("*.json"))
    assert drafts
    for path in drafts:
        state = DialogueState.from_json(path.read_text("utf-8"))
        assert DialogueState.from_json(state.to_json()) == state
