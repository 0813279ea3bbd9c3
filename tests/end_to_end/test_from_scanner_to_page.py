"""Goal: what a scanner, a scale and a probe say is on the centre's page, exactly, whatever was started first or was cut between.

Method: every program is the real one, in a process of its own: simulated devices behind pseudo terminals, `onebook edge run`,
Mosquitto, `onebook collector run`; the test types what happens to the devices and asks the API.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from onebook_firmware_sim.line import LineState
from tests.end_to_end.bench import BADGE, CONFIRM, RICE_SEED, TENT, WEIGH, Bench
from tests.end_to_end.line_thread import LineThread
from tests.end_to_end.plant import Plant

EDGE = "edge-1"


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with Plant(tmp_path) as built:
        built.register([EDGE])
        yield built


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    built = Bench(tmp_path)
    built.start()
    yield built
    built.stop()


def ask(plant: Plant, path: str, **query: object) -> Any:
    answer = httpx.get(f"http://127.0.0.1:{plant.api_port}/api/v1{path}", params=query, headers=plant.key, timeout=30)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.json()


def receipts(plant: Plant) -> list[tuple[str, str, str, str]]:
    """Item, bin, quantity and unit of every receipt, oldest first."""
    found = ask(plant, "/movements", kind="receipt", site_id=f"wh-{EDGE}")["items"]
    return [
        (line["item"]["code"], leg["place"]["bin"], leg["quantity"], line["item"]["unit"])
        for movement in reversed(found)
        for line in movement["lines"]
        for leg in line["legs"]
        if leg["place"]["kind"] == "real"
    ]


@pytest.mark.slow
def test_a_scan_a_weight_and_a_temperature_reach_the_page_from_an_edge_that_was_there_first(
    plant: Plant, bench: Bench
) -> None:
    edge = plant.add_edge(EDGE, bench.configuration)
    edge.start()
    plant.wait_until_it_hears(EDGE, len(bench.devices))
    bench.change_air("23.4", "61.2")
    bench.receive(TENT, 20)
    bench.put_on_scale("48.25")
    bench.scan("OBC-RECEIVE", "OBB-G-02", RICE_SEED)
    time.sleep(2)  # A weight settles within a second.
    bench.scan(WEIGH, CONFIRM)
    plant.broker.start()
    plant.start_collector()
    plant.wait_until(lambda: len(receipts(plant)) == 2)
    assert receipts(plant) == [("LS01001", "A-01", "20", "EA"), ("LS07001", "G-02", "48.25", "KGM")]
    plant.wait_until(lambda: _temperature(plant) == 23.4)  # Readings have a stream of their own.
    page = httpx.get(f"http://127.0.0.1:{plant.api_port}/", headers=plant.key, timeout=30)
    assert page.status_code == 200
    assert "12平方米单帐篷" in page.text
    edge.stop()


@pytest.mark.slow
def test_a_cut_line_is_caught_up_while_the_screen_shows_the_present(plant: Plant, bench: Bench) -> None:
    plant.broker.start()
    plant.start_collector()
    with LineThread(plant.broker.port) as line:
        plant.add_edge(EDGE, bench.configuration, port=line.port).start()
        plant.wait_until_it_hears(EDGE, len(bench.devices))
        bench.receive(TENT, 1)
        plant.wait_until(lambda: len(receipts(plant)) == 1)
        line.set(LineState.CUT)
        bench.scan(BADGE)
        for amount in range(2, 7):
            bench.scan("OBC-RECEIVE", "OBB-A-01", TENT, f"OBQ-{amount}", CONFIRM)
        plant.wait_until(lambda: not ask(plant, f"/edges/{EDGE}")["online"])
        assert len(receipts(plant)) == 1
        line.set(LineState.UP)
        plant.wait_until(lambda: ask(plant, f"/edges/{EDGE}")["online"])
        plant.wait_until(lambda: len(receipts(plant)) == 6)
        assert [quantity for _, _, quantity, _ in receipts(plant)] == ["1", "2", "3", "4", "5", "6"]
        plant.wait_until(lambda: ask(plant, f"/edges/{EDGE}")["backlog"]["journal"] == 0)
        assert ask(plant, f"/edges/{EDGE}")["freshness"] == "fresh"


@pytest.mark.slow
def test_a_centre_restored_from_an_old_copy_is_refilled_by_its_edge(plant: Plant, bench: Bench) -> None:
    plant.broker.start()
    plant.start_collector()
    plant.add_edge(EDGE, bench.configuration).start()
    plant.wait_until_it_hears(EDGE, len(bench.devices))
    bench.receive(TENT, 1)
    plant.wait_until(lambda: len(receipts(plant)) == 1)
    plant.collector.stop()
    shutil.copytree(plant.folder / "centre", plant.folder / "backup")
    plant.start_collector()
    bench.receive(TENT, 2)
    bench.receive(TENT, 3)
    plant.wait_until(lambda: len(receipts(plant)) == 3)
    cursor = ask(plant, "/feed")["next_after"]
    plant.collector.kill()
    shutil.rmtree(plant.folder / "centre")
    shutil.copytree(plant.folder / "backup", plant.folder / "centre")
    plant.centre("restored", "--reason", "the disk died")
    plant.start_collector()
    bench.receive(TENT, 4)  # An edge that is idle would find out by its next probe.
    plant.wait_until(lambda: len(receipts(plant)) == 4)
    assert [quantity for _, _, quantity, _ in receipts(plant)] == ["1", "2", "3", "4"]
    answer = httpx.get(
        f"http://127.0.0.1:{plant.api_port}/api/v1/feed", params={"after": cursor}, headers=plant.key, timeout=30
    )
    assert answer.status_code == 410, "a reader of the old feed is told to begin anew"
    plant.collector.stop()
    plant.centre("verify")


def _temperature(plant: Plant) -> float | None:
    """The newest in the time series; None as long as it holds none of this probe."""
    now = datetime.now(UTC)
    asked = {"edge_id": EDGE, "device": "probe", "quantity": "temperature_c", "resolution": "raw"}
    times = {"from": (now - timedelta(hours=1)).isoformat(), "until": (now + timedelta(minutes=1)).isoformat()}
    address = f"http://127.0.0.1:{plant.api_port}/api/v1/samples"
    answer = httpx.get(address, params=asked | times, headers=plant.key, timeout=30)
    if answer.status_code == 404:
        return None
    samples = answer.raise_for_status().json()["samples"]
    value: float | None = samples[-1]["value"] if samples else None
    return value
