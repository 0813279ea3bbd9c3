"""Each reading reaches the rule of its device; what a work place says comes back under its name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.dialogue_messages import Draft, Recorded
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.pipeline import AtWorkPlace, CaptureOutput, Pipeline, ReadingUnused
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.capture.tag_presence import TagArrived, TagDeparted
from onebook_edge.device import (
    CodeScanned,
    CommandAnswered,
    Measured,
    NothingRead,
    Quality,
    Reading,
    TagRead,
    Weighed,
)
from onebook_edge.machine import Instant, Woken
from onebook_schemas.stock_events import GoodsMoved
from tests.unit.edge.capture.work_place import BED_PIECE, CATALOGUE_CSV, RICE_BAG, WALL_MS, counting_ids, sgtin

SETTINGS = {
    "work_places": {"bench-1": {"sign_out_after_s": 600}, "bench-2": {}},
    "devices": {
        "scanner-1": {"role": "dialogue", "work_place": "bench-1"},
        "reader-1": {"role": "dialogue", "work_place": "bench-1", "tags": {"reads_min": 1}},
        "scale-1": {"role": "weighing", "work_place": "bench-1", "scale": {"division": "0.01"}},
        "scanner-2": {"role": "dialogue", "work_place": "bench-2"},
        "gate-1": {"role": "gate", "tags": {"reads_min": 1, "departed_after_ms": 10_000}},
        "probe-1": {"role": "climate", "samples": {"temperature_c": {"dead_band": "5"}}},
    },
    "samples": {"temperature_c": {"dead_band": "1"}},
}


class Edge:
    def __init__(self) -> None:
        settings = CaptureSettings.model_validate(SETTINGS)
        self.pipeline = Pipeline(settings, Catalogue.from_csv_text(CATALOGUE_CSV), counting_ids())

    def handle(self, message: Reading | Woken | AtWorkPlace[Recorded], ms: int = 0) -> list[CaptureOutput]:
        return self.pipeline.handle(message, Instant(ms, WALL_MS + ms))

    def scan(self, *texts: str, device: str = "scanner-1", ms: int = 0) -> list[CaptureOutput]:
        at = Instant(ms, WALL_MS + ms)
        return [self.handle(CodeScanned(device, at, text, text.encode()), ms) for text in texts][-1]

    def tag(self, device: str, epc: str, ms: int) -> list[CaptureOutput]:
        return self.handle(TagRead(device, Instant(ms, 0), epc, None), ms)

    def weigh(self, value: str, ms: int, device: str = "scale-1", unit: str | None = "kg") -> list[CaptureOutput]:
        weighed = Weighed(device, Instant(ms, 0), Decimal(value), unit, True, True, Quality.GOOD)
        return self.handle(weighed, ms)

    def measure(self, value: str, ms: int, device: str = "probe-1") -> list[CaptureOutput]:
        return self.handle(Measured(device, Instant(ms, 0), "temperature_c", Decimal(value), "CEL", Quality.GOOD), ms)


def codes(outputs: list[CaptureOutput]) -> list[tuple[str, str]]:
    return [
        (output.work_place, output.said.code if isinstance(output.said, Feedback) else "draft")
        for output in outputs
        if isinstance(output, AtWorkPlace)
    ]


def test_scanner_scale_and_tag_reader_of_one_place_fill_in_one_sheet() -> None:
    edge = Edge()
    edge.scan("OBP-zhangsan", "OBC-RECEIVE", "OBB-A-01", RICE_BAG)
    assert codes([*edge.weigh("24.98", 100), *edge.weigh("24.98", 200)]) == [("bench-1", "weight-settled")]
    edge.scan("OBC-WEIGH", ms=300)
    assert edge.tag("reader-1", sgtin("09520000000042", 1), 400) == []
    assert edge.pipeline.wakeup_at() == 1_400
    assert codes(edge.handle(Woken(), 1_400)) == [("bench-1", "tags")]
    draft, _ = edge.scan("OBC-CONFIRM", ms=2_000)
    assert isinstance(draft, AtWorkPlace)
    assert isinstance(draft.said, Draft)
    (fact,) = draft.said.facts
    assert isinstance(fact, GoodsMoved)
    assert [line.quantity.amount for line in fact.lines] == [Decimal("24.98"), 1]
    answer = AtWorkPlace("bench-1", Recorded(draft.said.draft_id, 5))
    assert codes(edge.handle(answer, 2_100)) == [("bench-1", "recorded")]


def test_two_work_places_do_not_hear_one_another() -> None:
    edge = Edge()
    edge.scan("OBP-zhangsan", "OBC-RECEIVE", BED_PIECE)
    assert codes(edge.scan(BED_PIECE, device="scanner-2")) == [("bench-2", "need-badge")]
    assert len(edge.pipeline.dialogues["bench-1"].sheet.lines) == 1


def test_a_gate_says_which_tags_come_and_go_and_books_nothing() -> None:
    edge = Edge()
    (arrived,) = edge.tag("gate-1", "E280", 0)
    assert isinstance(arrived, TagArrived)
    assert edge.pipeline.wakeup_at() == 10_000
    (departed,) = edge.handle(Woken(), 10_000)
    assert isinstance(departed, TagDeparted)


def test_a_probe_has_its_own_dead_band_before_that_of_its_quantity() -> None:
    edge = Edge()
    assert [len(edge.measure(value, 0)) for value in ("20", "24", "26")] == [1, 0, 1]
    assert [len(edge.measure(value, 0, "probe-2")) for value in ("20", "24", "24.5")] == [1, 1, 0]


def test_the_present_is_shown_whether_it_is_kept_or_not() -> None:
    edge = Edge()
    edge.measure("20", 0)
    edge.measure("20.5", 0)
    edge.weigh("3.5", 0, unit=None)
    readings = {(reading.device, reading.quantity): reading for reading in edge.pipeline.live()}
    assert readings["probe-1", "temperature_c"].value == 20.5
    assert (readings["scale-1", "weight"].value, readings["scale-1", "weight"].unit) == (3.5, "KGM")


@pytest.mark.parametrize("device", ["probe-1", "somebody"])
def test_a_reading_that_does_not_fit_the_role_of_its_device_is_told(device: str) -> None:
    edge = Edge()
    outputs = [*edge.scan(BED_PIECE, device=device), *edge.tag(device, "E2", 0), *edge.weigh("1", 0, device)]
    assert [output.fault.reason for output in outputs if isinstance(output, ReadingUnused)] == ["no-role"] * 3


def test_a_wrong_unit_of_a_scale_is_told() -> None:
    (unused,) = Edge().weigh("12", 0, unit="lb")
    assert isinstance(unused, ReadingUnused)
    assert (unused.device_id, unused.fault.reason) == ("scale-1", "unit-mismatch")


def test_a_trigger_without_a_code_and_the_answer_to_a_command_are_passed_on() -> None:
    edge = Edge()
    assert codes(edge.handle(NothingRead("scanner-1", Instant(0, 0)))) == [("bench-1", "nothing-read")]
    answered = CommandAnswered("scale-1", Instant(0, 0), "tare", False, "Z +")
    assert edge.handle(answered) == [answered]


def test_the_pause_of_each_work_place_is_watched() -> None:
    edge = Edge()
    edge.scan("OBP-a", ms=1_000)
    assert edge.pipeline.wakeup_at() == 601_000
    assert codes(edge.handle(Woken(), 601_000)) == [("bench-1", "signed-out")]
    assert edge.pipeline.wakeup_at() is None


def test_what_a_work_place_had_before_a_restart_is_taken_up() -> None:
    edge = Edge()
    edge.scan("OBP-a", "OBC-RECEIVE", BED_PIECE)
    states = {name: dialogue.state for name, dialogue in edge.pipeline.dialogues.items()}
    settings = CaptureSettings.model_validate(SETTINGS)
    again = Pipeline(settings, Catalogue(), counting_ids(), states)
    assert len(again.dialogues["bench-1"].sheet.lines) == 1
    again.use_catalogue(Catalogue.from_csv_text(CATALOGUE_CSV))
    again.handle(CodeScanned("scanner-1", Instant(1, 1), BED_PIECE, b""), Instant(1, WALL_MS))
    assert again.dialogues["bench-1"].sheet.lines[0].amount == 2


def test_a_device_at_a_work_place_that_is_not_set_up_is_refused_with_the_fix() -> None:
    with pytest.raises(ValidationError, match=r"add a table work_places\.bench-9"):
        CaptureSettings.model_validate({"devices": {"scanner-1": {"role": "dialogue", "work_place": "bench-9"}}})
