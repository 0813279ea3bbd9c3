"""What becomes of movements and readings on a storage card that is far too small for an outage?

Method: as in `test_outages.py`, but the edge's folder is a small file system of its own, staff record movements all the while,
and the line is cut for longer than there is room. Every movement is compared with what staff were told; of readings, each one is
either in the centre's book of samples or counted as dropped, exactly; so the edge waits for each answer, however busy the
machine is.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from onebook_firmware_sim.line import LineState
from tests.benchmark.figures import IS_LONG, note
from tests.benchmark.polled_edge import EDGE, Load, PolledEdge
from tests.chaos.disk import SmallDisk, can_mount
from tests.end_to_end.comparison import check_all
from tests.end_to_end.line_thread import LineThread
from tests.end_to_end.loaded_edge import PROBE
from tests.end_to_end.plant import read
from tests.end_to_end.truth import EdgeTruth

PER_S, MOVEMENTS_PER_S = 800, 8
SETTLES_S = 3.0
_DROPPED = "SELECT coalesce(sum(samples_dropped), 0) FROM thinned"
_EXTREMES = """
    SELECT count(*) FROM point JOIN thinned ON thinned.log = point.log AND thinned.through = point.sequence
    JOIN series ON series.id = point.series WHERE device LIKE 'device-%'
"""


@dataclass(frozen=True, slots=True)
class Size:
    disk_mib: int
    outage_s: float
    is_too_small: bool

    @property
    def budget(self) -> str:
        return f"[outbox]\njournal_mib = 1\ntelemetry_mib = {max(self.disk_mib // 2, 1)}\nfree_mib_min = 0\n"

    @property
    def movements(self) -> int:
        return round(self.outage_s * MOVEMENTS_PER_S)


SIZES = (
    [Size(4, 200, is_too_small=False), Size(1, 120, is_too_small=True)] if IS_LONG else [Size(1, 40, is_too_small=True)]
)


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.skipif(not can_mount(), reason="mounting a file system of its own takes root")
def test_no_movement_is_lost_and_every_reading_that_is_dropped_is_counted(size: Size, tmp_path: Path) -> None:
    truth, disk = tmp_path / "truth", SmallDisk(tmp_path / EDGE, size.disk_mib)
    truth.mkdir()
    (truth / "said").touch()  # Nothing: the registers are read instead.
    staff = (
        "--movements",
        str(size.movements),
        "--per-s",
        str(MOVEMENTS_PER_S),
        "--truth",
        str(truth),
        "--seed",
        "disk",
    )
    staff += ("--without-probe",)
    disk.mount()
    try:
        with (
            PolledEdge(
                tmp_path,
                Load(PER_S, ranged=True, answer_timeout_ms=30_000),
                configuration=size.budget,
                module="tests.end_to_end.loaded_edge",
                arguments=staff,
            ) as polled,
            LineThread(polled.plant.broker.port) as line,
        ):
            polled.uplink_port = line.port
            polled.plant.broker.start()
            polled.plant.register([EDGE])
            polled.plant.start_collector()
            polled.start_edge()
            polled.plant.wait_until(lambda: polled.arrived > 0)
            line.set(LineState.CUT)
            _lasts(polled, size.outage_s)
            line.set(LineState.UP)
            had = polled.arrived
            back_s = polled.seconds_until(had + 1)
            caught_up_s = back_s + polled.seconds_until(polled.stored)
            believed = truth / "believed"
            polled.plant.wait_until(lambda: believed.read_bytes().count(b"\n") >= size.movements)
            time.sleep(SETTLES_S)
            reckoning = polled.reckon()
            polled.edge.stop()
            told, _ = check_all(polled.plant, [(EDGE, EdgeTruth.of(truth))], PROBE)
            counted, of_extremes = (read(polled.plant.metrics_file, query)[0][0] for query in (_DROPPED, _EXTREMES))
    finally:
        disk.unmount()
    note(
        f"disk full ({size.disk_mib} MiB, {PER_S}/s, {size.outage_s:.0f} s)",
        f"{told['believed']:,} movements, 0 lost; {reckoning.lost:,} of {reckoning.taken:,} readings dropped, all counted; "
        f"{reckoning.doubled} doubled, back after {back_s:.1f} s, caught up after {caught_up_s:.1f} s",
        peer="195,320 of 212,400 lost, 34.9 M doubled, never back",
    )
    assert reckoning.doubled == 0
    assert reckoning.lost == counted - of_extremes
    assert reckoning.lost > 0 or not size.is_too_small


def _lasts(polled: PolledEdge, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        polled.edge.must_run()
        time.sleep(0.2)
