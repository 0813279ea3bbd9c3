"""What becomes of readings when the plug of a serial line is pulled, and the port comes back under another number?

Method: a production edge polls ten registers behind a pseudo terminal ten times a second, by a link like /dev/serial/by-id/....
The plug is pulled between two requests. Every register goes up by one when it is read, so what is lost or doubled is exact;
"back" is from the plug to the first register that is read again.
"""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.benchmark.figures import IS_LONG, in_words, note
from tests.benchmark.polled_edge import EDGE, SETTLES_S
from tests.end_to_end.plant import Plant, read
from tests.end_to_end.programs import Program

REGISTERS, POLL_MS = 10, 100
BACK_MS_MAX = 1_000
_POINTS = """
    SELECT quantity, value FROM point JOIN series ON series.id = point.series WHERE value IS NOT NULL AND device = 'probe'
"""


@dataclass(frozen=True, slots=True)
class Scenario:
    what: str
    out_s: tuple[float, ...]
    peer: str


SCENARIOS = [
    Scenario("serial unplugged 5 s x3, renumbered", (5, 5, 5), "0 of 2,255 lost, back after 0.15 to 0.46 s"),
    Scenario("serial unplugged 60 s, renumbered", (60,), "0 of 1,240 lost, back after 1.1 s"),
]
QUICK = Scenario("serial unplugged 1 s x3, renumbered", (1, 1, 1), "")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.what) for one in (SCENARIOS if IS_LONG else [QUICK])])
def test_nothing_is_lost_and_the_line_is_back_within_a_second(scenario: Scenario, tmp_path: Path) -> None:
    link, report = tmp_path / "usb-rs485", tmp_path / "reads.json"
    call = ("--link", str(link), "--report", str(report))
    simulator = Program("line", tmp_path, "tests.benchmark.counting_line", *call)
    simulator.start()
    try:
        simulator.said_line()
        with Plant(tmp_path) as plant:
            plant.broker.start()
            plant.start_collector()
            plant.add_edge(EDGE, _bus(link)).start()
            plant.wait_until_it_hears(EDGE, 1)
            for number, out_s in enumerate(scenario.out_s):
                time.sleep(2)
                simulator.type("out")
                simulator.said_line(2 * number + 1)
                time.sleep(out_s)
                simulator.type("in")
                simulator.said_line(2 * number + 2)
            time.sleep(2 + BACK_MS_MAX / 1000)
            simulator.signal(signal.SIGUSR1)
            plant.wait_until(report.exists)
            time.sleep(SETTLES_S)
            plant.wait_until_delivered()
            points = read(plant.metrics_file, _POINTS)
    finally:
        simulator.kill()
    said = json.loads(report.read_text())
    truth = {(f"register_{name}_c62", n) for name, moments in said["reads"].items() for n in range(1, len(moments) + 1)}
    first = [
        min(at for moments in said["reads"].values() for at in moments if at >= plugged) for plugged in said["plugged"]
    ]
    backs_ms = [at - plugged for at, plugged in zip(first, said["plugged"], strict=True)][1:]
    lost, doubled = len(truth - set(points)), len(points) - len(set(points))
    text = f"{lost} of {len(truth):,} lost, {doubled} doubled, back after {in_words(backs_ms)}"
    note(scenario.what, text, aim="0, 0, ≤ 1 s", peer=scenario.peer)
    assert (lost, doubled) == (0, 0)


def _bus(link: Path) -> str:
    more = 'type = "uint16", unit = "C62", invalid_raw = []'
    table = ", ".join(f'{{address = {n}, quantity = "register_{n}_c62", {more}}}' for n in range(REGISTERS))
    return (
        f'[[buses]]\nid = "line"\nlink = {{kind = "serial", port = "{link}", baudrate = 115200}}\n'
        f'[[buses.devices]]\nid = "probe"\ndriver = "modbus_registers"\n'
        f"settings = {{poll_interval_ms = {POLL_MS}, registers = [{table}]}}\n"
    )
