from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from onebook_edge.device import Quality, Weighed
from onebook_edge.drivers.yaohua_tf0.driver import YaohuaTf0
from onebook_edge.drivers.yaohua_tf0.settings import YaohuaTf0Settings
from tests.unit.edge.drivers.playing import Player
from tests.unit.edge.drivers.vectors import vectors


def _player(**settings: Any) -> Player:
    return Player(YaohuaTf0("w1", YaohuaTf0Settings(**settings)))


@pytest.mark.parametrize("vector", vectors("scale_frames.json", protocol="yaohua-a9"))
def test_a_frame_means_what_its_source_says(vector: dict[str, Any]) -> None:
    expect = vector["expect"]
    player = _player()
    player.receive(bytes.fromhex(vector["hex"]))
    if "error" in expect:
        assert player.faults == {expect["error"]: 1}
        assert not player.readings
        return
    (weighed,) = player.readings
    assert isinstance(weighed, Weighed)
    assert str(weighed.value) == expect["weight"]  # Also the number of decimals.
    assert (weighed.unit, weighed.stable, weighed.quality) == (expect["unit"], expect["stable"], Quality.GOOD)


@pytest.mark.parametrize(("shows", "net"), [("gross", False), ("net", True), ("unknown", None)])
def test_unit_and_kind_of_weight_come_from_the_settings(shows: str, net: bool | None) -> None:
    player = _player(unit="t", shows=shows)
    player.receive(bytes.fromhex("022b30303032303532314503"))
    (weighed,) = player.readings
    assert isinstance(weighed, Weighed)
    assert (weighed.value, weighed.unit, weighed.net) == (Decimal("2.05"), "t", net)


def test_minus_nothing_is_nothing() -> None:
    player = _player()
    player.receive(b"\x02-0000002" + b"1F" + b"\x03")
    (weighed,) = player.readings
    assert isinstance(weighed, Weighed)
    assert str(weighed.value) == "0.00"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("022b30303934383030314504", "bad-length"),
        ("022b20203934383030314503", "bad-digits"),
        ("022b30303934383035314203", "bad-digits"),
    ],
)
def test_a_frame_that_is_no_weight_is_rejected_and_the_next_one_read(frame: str, reason: str) -> None:
    player = _player()
    player.receive(bytes.fromhex(frame) + bytes.fromhex("022b30303934383030314503"))
    assert player.faults == {reason: 1}
    assert len(player.readings) == 1


def test_a_seven_bit_indicator_on_an_eight_bit_port_is_noise_until_the_setting_says_so() -> None:
    player = _player()
    player.receive(bytes.fromhex("822b303039b4b83030b1c503"))
    assert not player.readings
