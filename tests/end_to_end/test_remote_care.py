"""Goal: a box far away is given another configuration, and commands, and is never lost by either.

Method: the real centre, broker and edge, each a process of its own; what is wanted is given by the centre's commands, as a
person gives it; the devices are simulated behind pseudo terminals.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.publish as mqtt
import pytest

from onebook_deploy.mosquitto import free_port
from tests.end_to_end.bench import TENT, Bench
from tests.end_to_end.plant import Plant, read

EDGE = "edge-1"
DEADLINE_S = 3.0


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    built = Bench(tmp_path)
    built.start()
    yield built
    built.stop()


@pytest.fixture
def plant(tmp_path: Path, bench: Bench) -> Iterator[Plant]:
    """Everything runs, and the edge hears its devices."""
    with Plant(tmp_path) as built:
        built.register([EDGE])
        built.broker.start()
        built.start_collector()
        built.add_edge(EDGE, bench.configuration + f"[care]\ndeadline_s = {DEADLINE_S}\n").start()
        built.wait_until_it_hears(EDGE, len(bench.devices))
        yield built


def configure(plant: Plant, toml: str) -> None:
    file = plant.folder / "wanted.toml"
    file.write_text(toml, encoding="utf-8")
    plant.centre("configure", EDGE, str(file), "--actor", "liwei", "--reason", "试用 / a trial")


def reported(plant: Plant) -> tuple[int, str, list[str]]:
    """Version, outcome and problems that the edge said last."""
    rows = read(plant.administration_file, "SELECT version, outcome, problems FROM configuration_report")
    return (rows[0][0], rows[0][1], json.loads(rows[0][2])) if rows else (0, "", [])


def command(plant: Plant, *words: str) -> None:
    plant.centre("command", EDGE, *words, "--actor", "liwei")


def outcomes(plant: Plant) -> list[tuple[str, str | None]]:
    query = "SELECT action, outcome FROM edge_command ORDER BY issued_at_ms"
    return [tuple(row) for row in read(plant.administration_file, query)]  # type: ignore[misc]


def test_a_configuration_is_tried_held_and_outlives_a_kill(plant: Plant) -> None:
    configure(plant, "live_interval_s = 0.2")
    plant.wait_until(lambda: reported(plant) == (1, "held", []))
    plant.edges[EDGE].kill()
    plant.edges[EDGE].start()
    configure(plant, 'log_level = "LOUD"\n[[devices]]\nid = "x"\n')
    plant.wait_until(lambda: reported(plant)[:2] == (2, "refused"))
    assert len(reported(plant)[2]) >= 3
    said = plant.centre("configure", EDGE)
    assert "log_level" in said
    kept = json.loads((plant.edge_folder(EDGE) / "care.json").read_text(encoding="utf-8"))
    assert kept["configuration"]["held"]["toml"] == "live_interval_s = 0.2"


@pytest.mark.parametrize("is_killed", [False, True], ids=["left alone", "killed meanwhile"])
def test_a_configuration_that_cuts_the_edge_off_is_rolled_back_by_the_edge_itself(
    plant: Plant, is_killed: bool
) -> None:
    configure(plant, f"[broker]\nport = {free_port()}")
    care = plant.edge_folder(EDGE) / "care.json"
    plant.wait_until(lambda: care.exists() and '"version": 1' in care.read_text(encoding="utf-8"))
    if is_killed:
        plant.edges[EDGE].kill()
        plant.edges[EDGE].start()
    plant.wait_until(lambda: reported(plant)[:2] == (1, "rolled_back"))
    plant.wait_until_delivered()


def test_a_device_that_is_added_from_afar_is_heard_and_nothing_is_lost_by_beginning_anew(
    plant: Plant, bench: Bench
) -> None:
    bench.receive(TENT, 20)
    wanted = bench.configuration.replace('id = "scale"', 'id = "scale-2"').replace("scale =", "scale-2 =", 1)
    for name in bench.devices:  # The centre may name ports below /dev only.
        link = plant.folder / f"tty-{name}"
        wanted = wanted.replace(str(link), str(link.resolve()))
    configure(plant, wanted)
    plant.wait_until(lambda: reported(plant)[:2] == (1, "held"))
    plant.wait_until_it_hears(EDGE, len(bench.devices) + 1)
    bench.receive(TENT, 22)
    plant.wait_until(lambda: read(plant.ledger_file, "SELECT count(*) FROM movement")[0][0] == 2)


def test_commands_are_carried_out_once_and_each_says_what_became_of_it(plant: Plant, bench: Bench) -> None:
    command(plant, "tare", "--device", "scale")
    command(plant, "tare", "--device", "scanner")
    command(plant, "zero", "--device", "no-such-device")
    command(plant, "restart_device", "--device", "probe")
    command(plant, "send_logs")
    plant.wait_until(lambda: all(outcome for _, outcome in outcomes(plant)))
    assert outcomes(plant) == [
        ("tare", "done"),
        ("tare", "failed"),  # A scanner has nothing to tare, and says so.
        ("zero", "refused"),
        ("restart_device", "done"),
        ("send_logs", "done"),
    ]
    assert "edge_started" in plant.centre("command", EDGE)


def test_a_command_waits_for_an_edge_that_is_away_but_not_for_ever(plant: Plant) -> None:
    plant.edges[EDGE].kill()
    command(plant, "send_logs", "--within-s", "1")
    time.sleep(1.1)
    command(plant, "tare", "--device", "scale", "--within-s", "600")
    plant.edges[EDGE].start()
    plant.wait_until(lambda: outcomes(plant)[1] == ("tare", "done"))
    assert outcomes(plant)[0] in (("send_logs", None), ("send_logs", "expired"))


def test_a_replayed_command_and_one_for_another_edge_do_nothing(plant: Plant) -> None:
    command(plant, "tare", "--device", "scale")
    plant.wait_until(lambda: outcomes(plant) == [("tare", "done")])
    names = "command_id, edge_id, action, device, issued_at_ms, expires_at_ms, issued_by"
    (row,) = read(plant.administration_file, f"SELECT {names} FROM edge_command")
    old = dict(zip(names.split(", "), row, strict=True)) | {"v": 1}
    for forged in (old, old | {"edge_id": "edge-2", "command_id": "0f8fad5b-d9cb-469f-a165-70867728950e"}, {"v": 1}):
        body = json.dumps(forged).encode()
        mqtt.single(f"onebook/v1/e/{EDGE}/down/command", body, qos=1, port=plant.broker.port)
    command(plant, "send_logs")
    plant.wait_until(lambda: outcomes(plant)[-1][1] == "done")
    log = plant.edges[EDGE].log_file.read_text(encoding="utf-8")
    assert log.count('"command_begun"') == 2
    assert '"command_for_another_edge"' in log
    assert '"command_unreadable"' in log
