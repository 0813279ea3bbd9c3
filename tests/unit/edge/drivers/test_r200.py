from __future__ import annotations

from typing import Any

import pytest

from onebook_edge.device import Faulted, Opened, TagRead
from onebook_edge.drivers.r200 import codec
from onebook_edge.drivers.r200.codec import Frame, FrameCutter
from onebook_edge.drivers.r200.driver import R200
from onebook_edge.drivers.r200.settings import R200Settings, Variant
from tests.unit.edge.drivers.playing import Player
from tests.unit.edge.drivers.vectors import vectors

_STOP, _STOPPED = "bb00280000287e", "bb01280001002a7e"
_POLL, _NO_TAG = "bb00270003222710837e", "bb01ff000115167e"
_TAG = "bb02220011c430003074257bf7194e4000001a851234f07e"


def _polling(**settings: Any) -> Player:
    player = Player(R200("r1", R200Settings(**settings)))
    player.receive(bytes.fromhex(_STOPPED))
    return player


def _variant(hexadecimal: str) -> Variant:
    return "AA..DD" if hexadecimal.startswith("aa") else "BB..7E"


def _sent(player: Player) -> list[str]:
    return [data.hex() for data in player.sent]


@pytest.mark.parametrize("vector", vectors("rfid_frames.json", protocol="r200"))
def test_a_frame_means_what_its_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    found, *rest = FrameCutter(_variant(vector["hex"])).feed(bytes.fromhex(vector["hex"]))
    if "error" in expect:
        assert isinstance(found, Faulted)
        assert found.reason == expect["error"]
        return
    assert not rest
    assert isinstance(found, Frame)
    parameter = found.parameter
    assert (found.type, found.command, parameter.hex()) == (expect["type"], expect["command"], expect["parameter"])
    if "error_code" in expect:
        assert parameter[0] == expect["error_code"]
    if "epc" in expect:
        tag = codec.tag_of(parameter)
        assert isinstance(tag, codec.TagNotice)
        assert (tag.rssi_dbm, f"{tag.pc:04x}", tag.epc) == (expect["rssi_dbm"], expect["pc"], expect["epc"])
        assert (tag.tag_crc, len(tag.epc) // 2) == (expect["tag_crc"], expect["epc_len_from_pc"])


@pytest.mark.parametrize(
    "vector", [v for v in vectors("rfid_frames.json", protocol="r200", direction="host") if "error" not in v.values[0]]
)
def test_commands_are_built_as_published(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    built = codec.encode(expect["command"], bytes.fromhex(expect["parameter"]), _variant(vector["hex"]))
    assert built.hex() == vector["hex"]


@pytest.mark.parametrize("vector", vectors("rfid_streams.json", protocol="r200"))
def test_the_stream_of_a_vector_gives_its_tags(vector: dict[str, Any]) -> None:
    player = _polling()
    for chunk in vector["chunks_hex"]:
        player.receive(bytes.fromhex(chunk))
    assert [reading.epc for reading in player.readings if isinstance(reading, TagRead)] == vector["expect"]["epcs"]
    assert player.faults.total() == vector["expect"]["bad_frames"]


def test_the_start_is_stop_then_power_then_poll() -> None:
    player = Player(R200("r1", R200Settings(power_dbm="26.50", poll_rounds=100)))
    assert _sent(player) == [_STOP]
    player.receive(bytes.fromhex(_STOPPED))
    assert _sent(player)[1:] == [codec.encode(0xB6, (2650).to_bytes(2, "big"), "BB..7E").hex()]
    player.receive(bytes.fromhex("bb01b6000100b87e"))
    assert _sent(player)[2:] == ["bb002700032200" + "64b07e"]


def test_stop_is_repeated_until_answered_because_the_module_is_deaf_after_power_up() -> None:
    player = Player(R200("r1", R200Settings()))
    player.wait(1_300)
    assert _sent(player) == [_STOP] * 5
    player.receive(bytes.fromhex(_STOPPED))
    assert _sent(player)[5:] == [_POLL]


def test_a_module_that_never_answers_stop_is_told_to_poll_all_the_same() -> None:
    player = Player(R200("r1", R200Settings()))
    player.wait(2_500)
    assert _sent(player) == [_STOP] * 8 + [_POLL]
    player.receive(bytes.fromhex(_TAG))
    assert len(player.readings) == 1


def test_no_tag_is_a_normal_answer_and_keeps_the_polling_alive() -> None:
    player = _polling(quiet_restart_ms=500)
    for _ in range(10):
        player.wait(400)
        player.receive(bytes.fromhex(_NO_TAG))
    assert _sent(player) == [_STOP, _POLL]
    assert not player.readings
    assert not player.faults


def test_silence_starts_the_module_afresh_because_it_may_have_lost_its_settings() -> None:
    player = _polling(quiet_restart_ms=500)
    player.wait(500)
    player.receive(bytes.fromhex(_STOPPED))
    assert _sent(player) == [_STOP, _POLL, _STOP, _POLL]


@pytest.mark.parametrize("answer", ["bb01ff000111127e", None])
def test_a_refused_or_unanswered_power_setting_is_a_fault_and_polling_goes_on(answer: str | None) -> None:
    player = _polling(power_dbm=20)
    if answer:
        player.receive(bytes.fromhex(answer))
    else:
        player.wait(300)
    assert player.faults == {"command-refused": 1}
    assert _sent(player)[-1] == _POLL


def test_a_tag_whose_frame_is_shorter_than_its_pc_says_is_a_fault() -> None:
    player = _polling()
    body = bytes.fromhex("02220007c4300030741234")
    player.receive(b"\xbb" + body + bytes((sum(body) & 0xFF, 0x7E)))
    assert player.faults == {"bad-length": 1}


def test_an_absurd_length_does_not_hold_up_the_frame_behind_it() -> None:
    player = _polling()
    player.receive(bytes.fromhex("bb0222ffff" + _TAG))
    assert len(player.readings) == 1
    assert player.faults == {"bad-length": 1}


def test_opening_again_begins_with_stop() -> None:
    player = _polling()
    player.feed(Opened())
    player.receive(bytes.fromhex(_TAG))
    assert _sent(player) == [_STOP, _POLL, _STOP]
    assert not player.readings
