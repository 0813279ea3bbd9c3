"""Goal: what a box recorded that lost a fork reaches the book, and nothing is there twice.

Method: the production agent, with its real broker and centre, is set back to an image of itself. Both lives have recorded; the
centre holds what the first one sent. The log is held, the fork decided, and the loser begins a new epoch.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.end_to_end.plant import ONEBOOK, Plant, read
from tests.end_to_end.programs import Program, run_once
from tests.end_to_end.truth import EdgeTruth, StockFact
from tests.end_to_end.workload import is_bookable

EDGE, OTHER = "edge-1", "edge-2"
SHARED, EACH = 30, 20  # Movements before the image was taken, and of each life after it.


def new_epoch(plant: Plant) -> CompletedProcess[str]:
    return run_once(ONEBOOK, "edge", "new-epoch", "--config", str(plant.folder / f"{EDGE}.toml"))


def staff_of(plant: Plant, life: str, movements: int, *, port: int = 0) -> Program:
    """An edge whose staff write down what they record; not started. `port` 1: without a line."""
    truth = plant.folder / life
    truth.mkdir(exist_ok=True)
    words = ("--movements", str(movements), "--seed", life, "--truth", str(truth))
    return plant.add_edge(EDGE, module="tests.end_to_end.loaded_edge", arguments=words, port=port)


def record(plant: Plant, program: Program, life: str, movements: int) -> None:
    believed = plant.folder / life / "believed"
    program.start()
    plant.wait_until(lambda: believed.exists() and believed.read_bytes().count(b"\n") >= movements)


def logs(plant: Plant) -> list[tuple[str, int]]:
    """Epochs of the box's journal at the centre, and how far each has come."""
    query = "SELECT epoch, accepted_through FROM log WHERE edge_id = ? AND stream = 'journal' ORDER BY log_id"
    return read(plant.ledger_file, query, [EDGE])


@pytest.mark.slow
def test_what_the_loser_of_a_fork_recorded_is_booked_once_under_new_numbers(tmp_path: Path) -> None:
    with Plant(tmp_path) as plant:
        plant.register([EDGE, OTHER])
        plant.broker.start()
        plant.start_collector()
        folder = plant.edge_folder(EDGE)

        record(plant, winner := staff_of(plant, "shared", SHARED), "shared", SHARED)
        plant.wait_until_delivered()
        winner.stop()
        shutil.copytree(folder, tmp_path / "image")
        record(plant, winner := staff_of(plant, "winner", EACH), "winner", EACH)
        plant.wait_until_delivered()
        winner.stop()
        shutil.move(folder, tmp_path / "taken out")
        shutil.move(tmp_path / "image", folder)
        record(plant, loser := staff_of(plant, "loser", EACH, port=1), "loser", EACH)
        loser.stop()

        agent = plant.add_edge(EDGE)
        agent.start()
        plant.wait_until(lambda: bool(read(plant.ledger_file, "SELECT 1 FROM fork")))
        refused = new_epoch(plant)
        assert refused.returncode == 1
        assert "systemctl stop onebook-edge" in refused.stderr
        ((epoch, accepted_through),) = logs(plant)
        agent.stop()
        plant.centre("forks", "--release", f"{EDGE}/{epoch}", "--actor", "liwei", "--note", "image put back")
        done = new_epoch(plant)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"journal: {epoch} → " in done.stdout
        assert (folder / f"journal-{epoch}.old.db").exists(), "the old file is kept"
        agent.start()
        plant.wait_until_delivered()
        agent.stop()

        before, after = logs(plant)
        assert before == (epoch, accepted_through), "nothing of the loser was taken under the old numbers"
        kept = read(folder / "journal.db", "SELECT count(*) FROM event")[0][0]
        assert after[1] >= SHARED + EACH <= kept, "all that was kept went along"
        assert_each_is_booked_once(plant)


def assert_each_is_booked_once(plant: Plant) -> None:
    attempted = [fact for life in ("shared", "winner", "loser") for fact in facts_of(plant.folder / life)]
    expected = sorted(fact.movement_id for fact in attempted if is_bookable(fact))
    query = "SELECT movement_id FROM movement WHERE kind NOT IN ('adjustment', 'restored') ORDER BY movement_id"
    assert [row[0] for row in read(plant.ledger_file, query)] == expected
    assert plant.centre("verify")


def facts_of(folder: Path) -> list[StockFact]:
    truth = EdgeTruth.of(folder)
    return [truth.fact(number) for number in range(len(truth))]
