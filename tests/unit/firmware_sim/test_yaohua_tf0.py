from __future__ import annotations

from decimal import Decimal
from functools import reduce
from itertools import pairwise
from operator import xor

import pytest

from onebook_firmware_sim.devices.weighing import Key, KeyPressed, Weighing
from onebook_firmware_sim.devices.yaohua_tf0 import YaohuaTf0, with_wrong_checksum
from onebook_firmware_sim.truth import LoadOnScale
from tests.unit.firmware_sim.bench import Bench, vectors

VECTORS = vectors("scale_frames.json")


def weighbridge(load: LoadOnScale, *, division: str = "20", capacity: str = "100000") -> YaohuaTf0:
    return YaohuaTf0(Weighing(load, capacity=Decimal(capacity), division=Decimal(division)))


def frames(bench: Bench, for_ms: int = 100) -> list[bytes]:
    before = len(bench.sent)
    bench.run(for_ms)
    return [data for _, data in bench.sent[before:]]


@pytest.mark.parametrize(
    ("vector", "kg", "division"),
    [
        ("ya-01", "0", "1"),
        ("ya-04", "3260", "1"),
        ("ya-07", "2.05", "0.01"),
        ("ya-08", "9480", "1"),
        ("ya-10", "20", "20"),
        ("ya-11", "20", "0.01"),
    ],
)
def test_a_published_frame_is_sent_for_its_weight(vector: str, kg: str, division: str) -> None:
    bench = Bench(weighbridge(LoadOnScale(Decimal(kg)), division=division))
    assert frames(bench)[0].hex() == VECTORS[vector]["hex"]


def test_about_ten_frames_a_second_come_unasked() -> None:
    bench = Bench(weighbridge(LoadOnScale()))
    assert len(frames(bench, 1000)) == 10


def test_a_weight_is_rounded_to_the_division_and_a_small_minus_is_no_minus() -> None:
    load = LoadOnScale(Decimal("3251"))
    bench = Bench(weighbridge(load))
    assert frames(bench)[0][1:8] == b"+003260"
    load.kg = Decimal(-9)
    assert frames(bench)[0][1:8] == b"+000000"
    load.kg = Decimal(-40)
    assert frames(bench)[0][1:8] == b"-000040"


def test_a_moving_load_shows_as_changing_digits_only() -> None:
    load = LoadOnScale(Decimal(3000), moving=True)
    bench = Bench(weighbridge(load))
    shown = frames(bench, 1000)
    assert all(earlier != later for earlier, later in pairwise(shown))
    load.moving = False
    assert len(set(frames(bench, 1000))) == 1


def test_the_tare_key_shows_net_and_takes_the_tare_off_again() -> None:
    load = LoadOnScale(Decimal(8000))
    bench = Bench(weighbridge(load))
    bench.tell(KeyPressed(Key.TARE))
    load.kg = Decimal(7000)
    assert frames(bench)[0][1:8] == b"-001000"
    bench.tell(KeyPressed(Key.TARE))
    assert frames(bench)[0][1:8] == b"+007000"


def test_an_overload_has_no_mark_and_seven_digits_are_not_sent() -> None:
    load = LoadOnScale(Decimal(900_000))
    bench = Bench(weighbridge(load))
    assert frames(bench)[0][1:8] == b"+900000"
    load.kg = Decimal(1_000_000)
    assert frames(bench, 1000) == []


def test_a_scale_that_shows_tonnes_sends_tonnes() -> None:
    weighing = Weighing(LoadOnScale(Decimal(23_460)), capacity=Decimal(60), division=Decimal("0.02"), unit="t")
    assert frames(Bench(YaohuaTf0(weighing)))[0][1:9] == b"+0023462"


def test_the_spoiler_makes_the_checksum_wrong_and_nothing_else() -> None:
    frame = frames(Bench(weighbridge(LoadOnScale(Decimal(3260)))))[0]
    spoiled = with_wrong_checksum(frame)
    assert int(frame[9:11], 16) == reduce(xor, frame[1:9])
    assert int(spoiled[9:11], 16) != reduce(xor, spoiled[1:9])
    assert (spoiled[:9], spoiled[11:]) == (frame[:9], frame[11:])


def test_more_than_four_decimals_are_refused() -> None:
    with pytest.raises(ValueError, match="decimals at most"):
        YaohuaTf0(Weighing(LoadOnScale(), capacity=Decimal(1), division=Decimal("0.00001")))
