"""What an edge needs to read probes: processor, memory, disk; how late and how exactly dated its readings are.

Method: the production edge, broker and centre as processes; twenty simulated Modbus TCP devices with ten registers each, each
register going up by one when it is read. Costs are read from the kernel while it runs; afterwards every reading is compared.
Nothing here may be lost or doubled; the costs are printed beside those of the peer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.benchmark.figures import IS_LONG, in_words, note
from tests.benchmark.polled_edge import Arrival, Load, PolledEdge
from tests.benchmark.process_costs import Costs

MEASURED_S = 8.0 if IS_LONG else 3.0
SETTLED_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class Scenario:
    load: Load
    what: str
    cpu_aim: str = ""
    cpu_peer: str = ""
    in_detail: bool = False
    is_quick: bool = False


SCENARIOS = [
    Scenario(Load(200), "one request per register, 200/s", "≤ 0.25", "0.787", in_detail=True, is_quick=True),
    Scenario(Load(800), "one request per register, 800/s", "≤ 0.2", "0.459"),
    Scenario(Load(2_000), "one request per register, 2,000/s", "≤ 0.17", "0.342, 10 % lost"),
    Scenario(Load(2_000, ranged=True), "ranged requests, 2,000/s", "≤ 0.03", "0.090"),
    Scenario(
        Load(10_000, ranged=True), "ranged requests, 10,000/s (polled every 20 ms)", "", "0.038 at 20,000/s, 0.4 % lost"
    ),
    Scenario(
        Load(500, ranged=True, devices=1), "one device polled every 20 ms", "0 lost", "2 to 50 % lost", is_quick=True
    ),
    Scenario(Load(1, ranged=True, devices=1), "idle: one reading a second", "≤ 0.02 cores", "0.125 cores"),
]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.what) for one in SCENARIOS if IS_LONG or one.is_quick])
def test_readings_are_neither_lost_nor_doubled_and_this_is_what_they_cost(scenario: Scenario, tmp_path: Path) -> None:
    with PolledEdge(tmp_path, scenario.load) as polled:
        polled.start_centre()
        edge = polled.start_edge()
        polled.plant.wait_until(lambda: polled.arrived > 0)
        time.sleep(SETTLED_AFTER_S)
        began_ms, before = time.time_ns() // 1_000_000, Costs.of(edge.pid, edge.log_file)
        time.sleep(MEASURED_S)
        ended_ms, after = time.time_ns() // 1_000_000, Costs.of(edge.pid, edge.log_file)
        reckoning = polled.reckon()
    measured = [one for one in reckoning.arrivals if began_ms <= one.moment < ended_ms]
    _note_costs(scenario, len(measured), before, after)
    if scenario.in_detail:
        _note_details(measured, before, after)
    assert reckoning.lost == 0
    assert reckoning.doubled == 0


@pytest.mark.slow
def test_the_first_reading_is_stored_without_a_network_and_then_published(tmp_path: Path) -> None:
    stored_s, published_s = [], []
    for number in range(3 if IS_LONG else 1):
        with PolledEdge(tmp_path / f"alone-{number}", Load(200)) as polled:
            stored_s.append(_seconds_to_first(polled, "stored"))
        with PolledEdge(tmp_path / f"together-{number}", Load(200)) as polled:
            polled.start_centre()
            published_s.append(_seconds_to_first(polled, "arrived"))
    note("start to first reading stored, no network", f"{min(stored_s):.2f} s", aim="≤ 0.7 s", peer="never")
    note(
        "start to first reading in the centre's book",
        f"{min(published_s):.2f} s",
        aim="≤ 1 s",
        peer="1.84 s (published)",
    )


def _seconds_to_first(polled: PolledEdge, place: str) -> float:
    began = time.monotonic()
    edge = polled.start_edge()
    while getattr(polled, place) == 0:
        edge.must_run()
        time.sleep(0.005)
    return time.monotonic() - began


def _note_costs(scenario: Scenario, readings: int, before: Costs, after: Costs) -> None:
    cpu_s = after.cpu_s - before.cpu_s
    if scenario.load.per_s == 1:
        note(scenario.what, f"{cpu_s / MEASURED_S:.3f} cores", aim=scenario.cpu_aim, peer=scenario.cpu_peer)
        return
    asked = scenario.load.per_s * MEASURED_S
    done = "" if readings >= 0.98 * asked else f" ({readings / MEASURED_S:,.0f}/s reached)"
    ours = f"{cpu_s / readings * 1_000:.3f} CPU s per 1,000 readings, none lost{done}"
    note(scenario.what, ours, aim=scenario.cpu_aim, peer=scenario.cpu_peer)


def _note_details(measured: list[Arrival], before: Costs, after: Costs) -> None:
    written = (after.written_bytes - before.written_bytes) / len(measured)
    log_a_minute = (after.log_bytes - before.log_bytes) * 60 / MEASURED_S
    latency = [one.received - one.stamp for one in measured]
    error = [abs(one.stamp - one.moment) for one in measured]
    note("  resident memory", f"{after.resident_mib:.0f} MiB", aim="≤ 48 MiB", peer="64 to 86 MiB")
    note("  written to disk per reading", f"{written:.0f} B", aim="≤ 150 B, fsync", peer="105 B, no fsync")
    note("  read to centre, p50 / p99 / max", in_words(latency), aim="≤ 100 / 250 ms", peer="270 / 390 ms")
    note("  error of the time stamp, p50 / p99 / max", in_words(error), aim="≤ 5 ms p99", peer="110 to 390 ms")
    note("  log", f"{log_a_minute:.0f} B a minute", aim="≤ 1 KiB a minute", peer="82 B per reading")
