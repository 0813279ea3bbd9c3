from __future__ import annotations

from typing import Any

import pytest

from onebook_edge.device import CodeScanned, NothingRead
from onebook_edge.drivers.serial_scanner.driver import SerialScanner
from onebook_edge.drivers.serial_scanner.settings import SerialScannerSettings
from tests.unit.edge.drivers.playing import Player
from tests.unit.edge.drivers.vectors import vectors


def _player(**settings: Any) -> Player:
    return Player(SerialScanner("s1", SerialScannerSettings(**settings)))


def _texts(player: Player) -> list[str]:
    return [reading.text for reading in player.readings if isinstance(reading, CodeScanned)]


@pytest.mark.parametrize("vector", vectors("scanner_streams.json"))
def test_the_stream_of_a_vector_gives_its_codes(vector: dict[str, Any]) -> None:
    settings = {key: value or "none" for key, value in vector["settings"].items()}
    player = _player(**settings)
    for chunk in vector["chunks_hex"]:
        if chunk:
            player.receive(bytes.fromhex(chunk))
        else:
            player.wait(settings["idle_timeout_ms"])
    assert _texts(player) == vector["expect"]["codes"]
    assert not player.faults


def test_without_a_suffix_bytes_that_a_late_runner_brings_belong_to_their_code() -> None:
    player = _player(suffix="none")
    player.receive(b"690123")
    player.set_time(player.now.monotonic_ms + 80)  # Woken was due, but the bytes were there first.
    player.receive(b"4567892")
    player.wait(50)
    assert _texts(player) == ["6901234567892"]


def test_without_a_suffix_a_second_is_too_long_for_one_code() -> None:
    player = _player(suffix="none")
    player.receive(b"6901234567892")
    player.set_time(player.now.monotonic_ms + 1_000)
    player.receive(b"036000291452")
    player.wait(50)
    assert _texts(player) == ["6901234567892", "036000291452"]


def test_a_code_held_in_sight_is_one_reading_and_comes_again_after_it_was_gone() -> None:
    player = _player(duplicate_window_ms=1_000)
    for _ in range(5):
        player.receive(b"A\r")
        player.wait(600)
    player.wait(400)
    player.receive(b"A\r")
    assert _texts(player) == ["A", "A"]


def test_another_code_between_ends_the_window() -> None:
    player = _player()
    player.receive(b"A\rB\rA\r")
    assert _texts(player) == ["A", "B", "A"]


def test_a_window_of_zero_reports_each_code() -> None:
    player = _player(duplicate_window_ms=0)
    player.receive(b"A\rA\r")
    assert _texts(player) == ["A", "A"]


def test_no_read_is_a_reading_of_its_own() -> None:
    player = _player(no_read="NR")
    player.receive(b"NR\rNR\r")
    assert [type(reading) for reading in player.readings] == [NothingRead, NothingRead]


def test_text_in_the_wrong_encoding_is_a_fault_and_not_a_guess() -> None:
    player = _player()
    player.receive("上海".encode("gb18030") + b"\r" + "杭州".encode() + b"\r")
    assert _texts(player) == ["杭州"]
    assert player.faults == {"bad-encoding": 1}


def test_a_code_without_its_prefix_was_cut_off_and_noise_before_the_prefix_is_not() -> None:
    player = _player(prefix="\x02")
    player.receive(b"\xff\x00\x02A1\r" + b"B1\r")
    assert _texts(player) == ["A1"]
    assert player.faults == {"truncated": 1}


def test_a_printable_prefix_may_occur_in_the_code_again() -> None:
    player = _player(prefix="C")
    player.receive(b"CABC-1\r")
    assert _texts(player) == ["ABC-1"]


def test_a_code_without_end_is_one_fault_and_the_next_code_is_whole() -> None:
    player = _player()
    for _ in range(30):
        player.receive(b"x" * 1_000)
        player.wait(10)
    player.receive(b"x\rA\r")
    assert _texts(player) == ["A"]
    assert player.faults == {"overrun": 1}


def test_without_a_suffix_an_endless_code_ends_with_silence() -> None:
    player = _player(suffix="none")
    player.receive(b"x" * 9_000)
    player.receive(b"x" * 9_000)
    player.wait(50)
    player.receive(b"A")
    player.wait(50)
    assert _texts(player) == ["A"]
    assert player.faults == {"overrun": 1}


@pytest.mark.parametrize(
    ("suffix", "end"), [("CR", b"\r"), ("LF", b"\n"), ("CRLF", b"\r\n"), ("TAB", b"\t"), ("ETX", b"\x03")]
)
def test_each_suffix_ends_a_code_and_gs_never_does(suffix: str, end: bytes) -> None:
    player = _player(suffix=suffix)
    player.receive(b"]C110B1\x1d21S1" + end + b"\x1c\x1e" + end)
    assert _texts(player) == ["]C110B1\x1d21S1", "\x1c\x1e"]


def test_the_bytes_as_sent_are_kept() -> None:
    player = _player(encoding="gb18030", gs_substitute="^")
    player.receive("上海^1".encode("gb18030") + b"\r")
    (reading,) = player.readings
    assert isinstance(reading, CodeScanned)
    assert (reading.text, reading.raw) == ("上海\x1d1", "上海^1".encode("gb18030"))
