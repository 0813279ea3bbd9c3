from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from onebook_edge.device import Closed, CommandAnswered, CommandGiven, Quality, Weighed
from onebook_edge.drivers.mt_sics import codec
from onebook_edge.drivers.mt_sics.codec import Done, Refused, Weight
from onebook_edge.drivers.mt_sics.driver import MtSics
from onebook_edge.drivers.mt_sics.settings import MtSicsSettings
from tests.unit.edge.drivers.playing import Player
from tests.unit.edge.drivers.vectors import vectors

_STABLE = b"S S      1.250 kg\r\n"


def _player(**settings: Any) -> Player:
    return Player(MtSics("w1", MtSicsSettings(**settings)))


@pytest.mark.parametrize("vector", vectors("scale_frames.json", protocol="mt-sics"))
def test_a_line_means_what_its_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    line = codec.parse(bytes.fromhex(vector["hex"]).decode("ascii"))
    match line:
        case Weight(None, None, quality):
            assert quality == expect["error"]
        case Weight(value, unit, quality):
            assert (str(value), unit) == (expect["weight"], expect["unit"])
            assert (quality is Quality.GOOD) == expect["stable"]
        case Done(command, tare, unit):
            assert command.replace("_", "-") == expect["ack"]
            assert (str(tare), unit) == (expect["tare"], expect["unit"]) if "tare" in expect else tare is None
        case Refused(_, reason):
            assert reason == expect["error"]
        case _:
            pytest.fail(f"not understood: {vector['text']!r}")


@pytest.mark.parametrize("vector", vectors("scale_streams.json", protocol="mt-sics"))
def test_the_stream_of_a_vector_gives_its_weights(vector: dict[str, Any]) -> None:
    player = _player(mode="stream")
    for chunk in vector["chunks_hex"]:
        player.receive(bytes.fromhex(chunk))
    weighed = [reading for reading in player.readings if isinstance(reading, Weighed)]
    assert [reading.value for reading in weighed] == [Decimal(weight) for weight in vector["expect"]["weights"]]
    assert [reading.stable for reading in weighed] == vector["expect"]["stable"]
    assert not player.faults


def test_polling_asks_once_an_interval_and_never_before_the_answer() -> None:
    player = _player(poll_interval_ms=250)
    player.wait(1_000)
    assert player.sent == [b"SI\r\n"]
    player.receive(_STABLE)
    player.wait(0)
    assert player.sent == [b"SI\r\n"] * 2
    player.receive(_STABLE)
    player.wait(249)
    assert player.sent == [b"SI\r\n"] * 2
    player.wait(1)
    assert player.sent == [b"SI\r\n"] * 3


@pytest.mark.parametrize(("mode", "question"), [("poll", b"SI\r\n"), ("stream", b"SIR\r\n")])
def test_after_silence_the_question_is_sent_again(mode: str, question: bytes) -> None:
    player = _player(mode=mode, quiet_restart_ms=2_000)
    player.wait(2_000)
    assert player.sent == [question] * 2


def test_a_stream_that_runs_is_not_asked_for_again() -> None:
    player = _player(mode="stream", quiet_restart_ms=2_000)
    for _ in range(20):
        player.wait(500)
        player.receive(_STABLE)
    assert player.sent == [b"SIR\r\n"]


def test_nothing_is_asked_while_the_scale_waits_to_tare() -> None:
    player = _player(command_timeout_ms=15_000)
    player.feed(CommandGiven("tare"))
    player.receive(_STABLE)  # The answer to a question asked before.
    player.wait(14_000)
    assert player.sent == [b"SI\r\n", b"T\r\n"]
    player.receive(b"T S      1.250 kg\r\n")
    player.wait(0)
    assert player.sent[2:] == [b"SI\r\n"]


def test_a_command_without_answer_is_refused_to_the_person_and_a_late_answer_is_told() -> None:
    player = _player(command_timeout_ms=15_000)
    player.feed(CommandGiven("zero"))
    player.wait(15_000)
    player.receive(b"Z A\r\n")
    answers = [(reading.command, reading.accepted, reading.reason) for reading in _answers(player)]
    assert answers == [("zero", False, "no-answer"), ("zero", True, None)]


def test_a_second_command_waits_for_the_person_not_in_a_queue() -> None:
    player = _player()
    player.feed(CommandGiven("zero"))
    player.feed(CommandGiven("tare"))
    assert [(reading.command, reading.reason) for reading in _answers(player)] == [("tare", "busy")]


def test_a_connection_lost_in_mid_command_is_told_to_the_person() -> None:
    player = _player()
    player.feed(CommandGiven("zero"))
    player.feed(Closed())
    player.feed(CommandGiven("zero"))
    assert [reading.reason for reading in _answers(player)] == ["disconnected", "disconnected"]


def test_a_general_error_answers_the_command_underway() -> None:
    player = _player()
    player.feed(CommandGiven("clear_tare"))
    player.receive(b"EL\r\n")
    assert [(reading.command, reading.reason) for reading in _answers(player)] == [("clear_tare", "logical")]
    assert not player.faults


def test_another_unit_than_expected_is_a_fault_and_not_a_conversion() -> None:
    player = _player(unit="kg")
    player.receive(b"S S    1250.0 g\r\n")
    assert not player.readings
    assert player.faults == {"wrong-unit": 1}


def test_a_scale_that_introduces_itself_is_no_fault() -> None:
    player = _player()
    player.receive(_STABLE + b'I4 A "1234567"\r\n')
    assert not player.faults


@pytest.mark.parametrize(
    "line", [b"S S 1.2.3 kg", b"S S 1.25", b"S X 1.25 kg", b"S S NaN kg", b"Z B", b"\xd3 S 1.25 kg"]
)
def test_a_line_that_means_nothing_is_a_fault_and_no_weight(line: bytes) -> None:
    player = _player()
    player.receive(_STABLE + line + b"\r\n")
    assert len(player.readings) == 1
    assert player.faults == {"bad-format": 1}


def _answers(player: Player) -> list[CommandAnswered]:
    return [reading for reading in player.readings if isinstance(reading, CommandAnswered)]
