"""Goal: what staff were told is booked is in the book, once, whatever is killed, and nothing else is.

Method: ten edges, the broker and the centre as processes of their own; staff record 20,000 movements and a probe speaks;
meanwhile a seeded hand kills one program after the other with SIGKILL and starts it again, the broker now and then without its
memory. When all is delivered, ledger and metrics are compared with what the edges wrote down, one by one.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end import truth
from tests.end_to_end.loaded_edge import PROBE
from tests.end_to_end.plant import Plant
from tests.end_to_end.programs import Program

EDGES = [f"edge-{number:02d}" for number in range(10)]
MOVEMENTS = 2_000  # Of each edge.
KILLS = 60
PER_S = 40.0  # Movements of each edge.
SEED = os.environ.get("ONEBOOK_SEED", "1")


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_twenty_thousand_movements_outlive_sixty_kills(tmp_path: Path) -> None:
    began = time.monotonic()
    with Plant(tmp_path) as plant:
        plant.register(EDGES)
        for edge_id in EDGES:
            call = ("--movements", str(MOVEMENTS), "--per-s", str(PER_S), "--seed", f"{SEED}/{edge_id}")
            plant.add_edge(edge_id, module="tests.end_to_end.loaded_edge", arguments=call)
        for program in plant.edges.values():  # Before there is anybody to talk to.
            program.start()
        plant.broker.start()
        plant.start_collector()
        kills = _kill_at_random_moments(plant, random.Random(SEED))
        plant.wait_until_delivered()
        for program in [*plant.edges.values(), plant.collector]:
            program.stop()
        print("\n" + plant.centre("verify"))
        book = truth.Book.of(plant)
        edges = {edge_id: truth.EdgeTruth.of(plant.edge_folder(edge_id)) for edge_id in EDGES}
        told = truth.check_movements(book, edges)
        truth.check_order(book, edges)
        readings = truth.check_readings(plant, edges, PROBE)
    print(f"seed {SEED}: {dict(kills)} killed in {time.monotonic() - began:.0f} s; movements: {dict(told)}")
    print(f"readings: {readings.said} said, lost per life {readings.counts}, reaching back {readings.spans_ms} ms")
    assert told["believed"] == MOVEMENTS * len(EDGES)
    assert told["quarantined"] > 0
    assert kills.total() == KILLS
    # One commit every 100 ms: two readings, and those that came while it was being written.
    assert statistics.median(readings.counts) <= 4


def _kill_at_random_moments(plant: Plant, dice: random.Random) -> Counter[str]:
    """Moments are counts of movements booked, so that they fall into the work, however fast the machine is."""
    kills: Counter[str] = Counter()
    for moment in sorted(dice.randrange(MOVEMENTS * len(EDGES)) for _ in range(KILLS)):
        plant.wait_until(lambda moment=moment: _believed(plant) >= moment)
        time.sleep(dice.uniform(0.0, 0.2))
        victim = dice.choices(("edge", "collector", "broker"), (6, 2, 2))[0]
        if victim == "broker":
            _kill_broker(plant, dice)
        else:
            _kill(plant.collector if victim == "collector" else plant.edges[dice.choice(EDGES)], dice)
        kills[victim] += 1
    plant.wait_until(lambda: _believed(plant) == MOVEMENTS * len(EDGES))
    return kills


def _kill(program: Program, dice: random.Random) -> None:
    program.must_run()
    program.kill()
    time.sleep(dice.choice((0.0, 0.0, 0.3)))
    program.start()


def _kill_broker(plant: Plant, dice: random.Random) -> None:
    plant.broker.kill()
    if dice.random() < 0.3:  # It may lose its disk.
        (plant.broker.folder / "mosquitto.db").unlink(missing_ok=True)
    time.sleep(dice.choice((0.0, 0.5)))
    plant.broker.start()


def _believed(plant: Plant) -> int:
    files = (plant.edge_folder(edge_id) / "believed" for edge_id in EDGES)
    return sum(file.read_bytes().count(b"\n") for file in files if file.exists())
