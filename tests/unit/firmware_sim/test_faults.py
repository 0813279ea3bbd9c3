from __future__ import annotations

import random
from decimal import Decimal

import pytest

from onebook_firmware_sim.device import PoweredOn
from onebook_firmware_sim.devices import r200, yaohua_tf0
from onebook_firmware_sim.devices.serial_scanner import CodePresented, SerialScanner
from onebook_firmware_sim.devices.weighing import Weighing
from onebook_firmware_sim.faults import Fault, FaultPlan, FaultyDevice, Silenced, as_7e1_seen_through_8n1
from onebook_firmware_sim.truth import LoadOnScale
from tests.unit.firmware_sim.bench import Bench

FRAME = bytes.fromhex("022b30303332363030314303")  # 3260
EVERYTHING = FaultPlan(
    rates=dict.fromkeys(Fault, 0.05),
    silence_ms=(300, 900),
    spoilers=(yaohua_tf0.with_wrong_checksum, as_7e1_seen_through_8n1),
)


def scale(plan: FaultPlan, seed: int = 1) -> tuple[Bench, FaultyDevice]:
    weighing = Weighing(LoadOnScale(Decimal(3260)), capacity=Decimal(100_000), division=Decimal("1"))
    faulty = FaultyDevice(yaohua_tf0.YaohuaTf0(weighing), plan, random.Random(seed))
    faulty.handle(PoweredOn(), 0)
    return Bench(faulty), faulty


def always(fault: Fault, for_ms: int = 2000, **settings: object) -> tuple[list[tuple[int, bytes]], FaultyDevice]:
    bench, faulty = scale(FaultPlan(rates={fault: 1.0}, **settings))  # type: ignore[arg-type]
    bench.run(for_ms)
    return bench.sent, faulty


def test_the_same_seed_gives_the_same_bytes_at_the_same_times() -> None:
    runs = [scale(EVERYTHING, seed) for seed in (7, 7, 8)]
    for bench, _ in runs:
        bench.run(120_000)
    assert runs[0][0].sent == runs[1][0].sent
    assert runs[0][1].counts == runs[1][1].counts
    assert runs[0][0].sent != runs[2][0].sent
    assert all(runs[0][1].counts[fault] for fault in Fault)


def test_without_rates_nothing_is_changed() -> None:
    bench, faulty = scale(FaultPlan())
    bench.run(1000)
    assert bench.sent == [(at_ms, FRAME) for at_ms in range(100, 1001, 100)]
    assert not faulty.counts


def test_every_lost_or_changed_frame_is_counted() -> None:
    harmless = (Fault.LATE, Fault.TRICKLED, Fault.JOINED, Fault.GARBAGE_BEFORE)
    bench, faulty = scale(EVERYTHING, seed=3)
    bench.run(600_000)
    faulty.plan = FaultPlan()
    bench.run(60_000)
    frames = 6600
    assert sum(faulty.counts[fault] for fault in harmless) > 0
    whole = b"".join(data for _, data in bench.sent).count(FRAME)
    changed = sum(faulty.counts[fault] for fault in (Fault.BIT_FLIPPED, Fault.CUT, Fault.SPOILED))
    assert whole == frames - changed - faulty.counts["swallowed"]


def test_a_flipped_bit_is_one_bit() -> None:
    sent, faulty = always(Fault.BIT_FLIPPED)
    assert {(int.from_bytes(data) ^ int.from_bytes(FRAME)).bit_count() for _, data in sent} == {1}
    assert faulty.counts[Fault.BIT_FLIPPED] == len(sent)


def test_a_cut_frame_is_a_beginning() -> None:
    sent, _ = always(Fault.CUT)
    assert all(FRAME.startswith(data) and 0 < len(data) < len(FRAME) for _, data in sent)


def test_garbage_comes_before_a_whole_frame() -> None:
    sent, _ = always(Fault.GARBAGE_BEFORE, garbage_bytes=(3, 3))
    assert all(data.endswith(FRAME) and len(data) == len(FRAME) + 3 for _, data in sent)


def test_a_trickled_frame_comes_byte_by_byte_and_whole() -> None:
    sent, _ = always(Fault.TRICKLED, for_ms=10_000, byte_gap_ms=(2, 5))
    assert {len(data) for _, data in sent} == {1}
    assert b"".join(data for _, data in sent)[: 50 * 12] == FRAME * 50
    assert len({at_ms for at_ms, _ in sent[:12]}) == 12


def test_two_joined_frames_come_in_one_write() -> None:
    bench, faulty = scale(FaultPlan(rates={Fault.JOINED: 1.0}))
    bench.run(100)
    faulty.plan = FaultPlan()
    bench.run(200)
    assert bench.sent == [(200, FRAME * 2), (300, FRAME)]


def test_a_frame_held_back_goes_alone_when_no_other_follows() -> None:
    faulty = FaultyDevice(SerialScanner(), FaultPlan(rates={Fault.JOINED: 1.0}), random.Random(1))
    bench = Bench(faulty)
    bench.tell(CodePresented("6901234567892", aim="]E0"))
    bench.run(5000)
    assert bench.sent == [(1000, b"]E06901234567892\r")]


def test_a_late_frame_delays_what_follows_and_nothing_overtakes() -> None:
    sent, _ = always(Fault.LATE, late_ms=(400, 400), for_ms=1000)
    assert [at_ms for at_ms, _ in sent] == [500, 600, 700, 800, 900, 1000]


def test_silence_swallows_until_it_ends_whether_drawn_or_told() -> None:
    sent, faulty = always(Fault.SILENCE, for_ms=5000, silence_ms=(60_000, 60_000))
    assert (sent, faulty.counts["swallowed"], faulty.counts[Fault.SILENCE]) == ([], 50, 1)
    bench, faulty = scale(FaultPlan())
    bench.tell(Silenced(for_ms=950))
    bench.run(1200)
    assert (len(bench.sent), faulty.counts["swallowed"]) == (3, 9)


def test_a_spoiler_is_counted_by_its_name() -> None:
    sent, faulty = always(Fault.SPOILED, spoilers=(r200.with_wrong_checksum,))
    assert faulty.counts["with_wrong_checksum"] == faulty.counts[Fault.SPOILED] == len(sent)


def test_even_parity_shows_as_bit_7() -> None:
    assert as_7e1_seen_through_8n1(b"\x0d0123") == bytes((0x8D, 0x30, 0xB1, 0xB2, 0x33))


def test_a_plan_that_cannot_be_carried_out_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 1"):
        FaultPlan(rates={Fault.CUT: 0.7, Fault.LATE: 0.7})
    with pytest.raises(ValueError, match="spoiler"):
        FaultPlan(rates={Fault.SPOILED: 0.1})
