from __future__ import annotations

import pytest
from pydantic import ValidationError

from onebook_schemas import topics
from onebook_schemas.labels import Command, Label, LabelKind, command_text, label_text, parse_label
from onebook_schemas.sensor_events import SampleSeries
from onebook_schemas.stock_events import GoodsMoved, MovedLine
from onebook_schemas.uplink import Stream

ID = "00000000-0000-4000-8000-000000000001"


def line(**fields: object) -> dict[str, object]:
    return {"item": "LS01001", "quantity": {"amount": "1", "unit": "EA"}, "source": "barcode"} | fields


@pytest.mark.parametrize(
    ("kind", "bins", "legal"),
    [
        ("receipt", {"to_bin": "A-01"}, True),
        ("receipt", {"from_bin": "A-01"}, False),
        ("receipt", {}, False),
        ("issue", {"from_bin": "A-01"}, True),
        ("issue", {"from_bin": "A-01", "to_bin": "B-01"}, False),
        ("bin_move", {"from_bin": "A-01", "to_bin": "B-01"}, True),
        ("bin_move", {"to_bin": "B-01"}, False),
    ],
)
def test_the_bins_of_a_line_fit_the_kind_of_movement(kind: str, bins: dict[str, str], legal: bool) -> None:
    fact = {"movement_id": ID, "kind": kind, "lines": [line(**bins)], "actor": "P1"}
    if legal:
        GoodsMoved.model_validate(fact)
    else:
        with pytest.raises(ValidationError, match="names"):
            GoodsMoved.model_validate(fact)


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_an_amount_that_is_not_above_zero_is_no_movement(amount: str) -> None:
    with pytest.raises(ValidationError, match="above zero"):
        MovedLine.model_validate(line(quantity={"amount": amount, "unit": "EA"}, to_bin="A-01"))


def test_a_serial_stands_once_in_a_line() -> None:
    with pytest.raises(ValidationError, match="twice"):
        MovedLine.model_validate(line(serials=["S1", "S1"], to_bin="A-01"))


def test_columns_of_samples_are_equally_long_and_finite() -> None:
    base = {"device": "p", "quantity": "temperature_c", "unit": "CEL"}
    with pytest.raises(ValidationError, match="one entry per sample"):
        SampleSeries.model_validate(base | {"after_ms": [0], "values": [1.0, 2.0]})
    with pytest.raises(ValidationError):
        SampleSeries.model_validate(base | {"after_ms": [0], "values": [float("inf")]})


@pytest.mark.parametrize("command", list(Command))
def test_a_printed_command_is_read_back(command: Command) -> None:
    assert parse_label(command_text(command)) == Label(LabelKind.COMMAND, command)


@pytest.mark.parametrize("text", ["", "OBC", "OBX-1", "OBC-", "6901234567892", "OBB-A 01", "obc-RECEIVE"])
def test_other_texts_are_no_labels(text: str) -> None:
    assert parse_label(text) is None


def test_what_a_scanner_could_not_bring_back_is_not_printed() -> None:
    with pytest.raises(ValueError, match="cannot stand on a label"):
        label_text(LabelKind.BIN, "货位1")


@pytest.mark.parametrize(
    ("topic", "parsed"),
    [
        (topics.upload("edge-1", Stream.JOURNAL), ("edge-1", "journal")),
        (topics.live("edge-1"), ("edge-1", "live")),
        (topics.state("edge-1"), ("edge-1", "state")),
        ("onebook/v1/e/edge-1/down/ack", None),
        ("onebook/v1/e/Edge/up/live", None),
        ("onebook/v2/e/edge-1/up/live", None),
        ("onebook/v1/e/edge-1/up/live/more", None),
    ],
)
def test_only_topics_that_edges_write_to_are_read(topic: str, parsed: tuple[str, str] | None) -> None:
    assert topics.parse_from_edge(topic) == parsed
