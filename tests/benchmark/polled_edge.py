"""A plant whose one edge polls counting registers, and the reckoning afterwards: taken, lost, doubled, how late."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.end_to_end.plant import Plant, read
from tests.end_to_end.programs import Program

EDGE = "edge-1"
REGISTERS = 10  # Of each device.
SETTLES_S = 1.0  # Ten commits of the edge: the last readings are on its disk.
_POINTS = """
    SELECT device, quantity, at_ms, value, event.received_ms FROM point
    JOIN series ON series.id = point.series JOIN event ON event.log = point.log AND event.through = point.sequence
    WHERE value IS NOT NULL AND device LIKE 'device-%'
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How much is read, and how: `ranged` reads the ten registers of a device with one request, else each with its own. An
    answer that takes longer than `answer_timeout_ms` was read, and is nobody's."""

    per_s: int
    ranged: bool = False
    devices: int = 20
    answer_timeout_ms: int = 500

    @property
    def poll_ms(self) -> int:
        return self.devices * REGISTERS * 1_000 // self.per_s


@dataclass(frozen=True, slots=True)
class Arrival:
    """One reading at the centre, in Unix ms: when the device was read, the stamp, and when the centre received it."""

    moment: int
    stamp: int
    received: int


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Reading by reading, against what the registers remember."""

    moments: list[int]  # Of every reading that was taken, Unix ms.
    arrivals: list[Arrival]
    lost: int
    doubled: int

    @property
    def taken(self) -> int:
        return len(self.moments)


class PolledEdge:
    """`with PolledEdge(folder, load) as polled`: simulator, broker, centre; the edge is not started."""

    def __init__(
        self, folder: Path, load: Load, *, configuration: str = "", module: str = "", arguments: tuple[str, ...] = ()
    ) -> None:
        """`configuration` goes before the lines of the probes; `module`: another edge than the production one, with its
        `arguments`."""
        self.uplink_port = 0  # Of the line to the broker; 0: straight to the broker.
        self.load = load
        self._configuration, self._module, self._arguments = configuration, module, arguments
        self.plant = Plant(folder)
        self._report = folder / "reads.json"
        call = ("--devices", str(load.devices), "--report", str(self._report))
        self.simulator = Program("registers", folder, "tests.benchmark.counting_registers", *call)
        self._ports: list[int] = []

    def __enter__(self) -> PolledEdge:
        self.simulator.start()
        self._ports = json.loads(self.simulator.said_line())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.plant.__exit__(kind, error, trace)
        if self.simulator.is_running:
            self.simulator.kill()

    def start_centre(self) -> None:
        self.plant.broker.start()
        self.plant.start_collector()

    def start_edge(self) -> Program:
        configuration = self._configuration + self._buses()
        edge = self.plant.add_edge(
            EDGE, configuration, module=self._module, arguments=self._arguments, port=self.uplink_port
        )
        edge.start()
        return edge

    @property
    def edge(self) -> Program:
        return self.plant.edges[EDGE]

    @property
    def stored(self) -> int:
        """The highest telemetry sequence that the edge has committed."""
        try:
            return int(
                read(self.plant.edge_folder(EDGE) / "telemetry.db", "SELECT coalesce(max(through), 0) FROM event")[0][0]
            )
        except sqlite3.OperationalError:
            return 0  # The file is not there yet, or empty.

    @property
    def arrived(self) -> int:
        """The highest telemetry sequence that the centre has committed."""
        query = "SELECT coalesce(max(accepted_through), 0) FROM log WHERE stream = 'telemetry'"
        return int(read(self.plant.ledger_file, query)[0][0])

    def seconds_until(self, sequence: int) -> float:
        """How long from now until the centre has everything through this sequence."""
        began = time.monotonic()
        self.plant.wait_until(lambda: self.arrived >= sequence)
        return time.monotonic() - began

    def reckon(self) -> Reckoning:
        """Let nothing more be read, wait until all is delivered, and compare."""
        self.simulator.signal(signal.SIGUSR1)
        self.plant.wait_until(self._report.exists)
        time.sleep(SETTLES_S)
        self.seconds_until(self.stored)
        return _compare(self._reads(), read(self.plant.metrics_file, _POINTS))

    def _reads(self) -> dict[tuple[str, str], list[int]]:
        """Device and quantity -> the moments at which the register was read."""
        found: dict[str, dict[str, list[int]]] = json.loads(self._report.read_text())
        return {
            (f"device-{number}", f"register_{int(register) // self._step}_c62"): moments
            for number, port in enumerate(self._ports)
            for register, moments in found[str(port)].items()
        }

    @property
    def _step(self) -> int:
        """Registers far apart are asked for one by one."""
        return 1 if self.load.ranged else 10

    def _buses(self) -> str:
        more = 'type = "uint16", unit = "C62", invalid_raw = []'
        table = ", ".join(
            f'{{address = {index * self._step}, quantity = "register_{index}_c62", {more}}}'
            for index in range(REGISTERS)
        )
        return "".join(
            f'[[buses]]\nid = "line-{number}"\nlink = {{kind = "tcp", host = "127.0.0.1", port = {port}}}\n'
            f"answer_timeout_ms = {self.load.answer_timeout_ms}\n"
            f'[[buses.devices]]\nid = "device-{number}"\ndriver = "modbus_registers"\n'
            f"settings = {{poll_interval_ms = {self.load.poll_ms}, registers = [{table}]}}\n"
            for number, port in enumerate(self._ports)
        )


def _compare(truth: dict[tuple[str, str], list[int]], points: list[tuple[str, str, int, float, int]]) -> Reckoning:
    """The n-th reading of a register has the value n."""
    seen = {(device, quantity, value) for device, quantity, _, value, _ in points}
    moments = [moment for reads in truth.values() for moment in reads]
    arrivals = [
        Arrival(truth[device, quantity][int(value) - 1], at_ms, received_ms)
        for device, quantity, at_ms, value, received_ms in points
    ]
    return Reckoning(moments, arrivals, len(moments) - len(seen), len(points) - len(seen))
