"""Let a whole installation work for a long time with outages now and then, and note what each process holds meanwhile.

No process is killed: what a program does not give back shows only over one long life.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from onebook_firmware_sim.line import LineState
from tests.end_to_end import comparison
from tests.end_to_end.bench import TENT, Bench
from tests.end_to_end.line_thread import LineThread
from tests.end_to_end.loaded_edge import PROBE
from tests.end_to_end.plant import POLL_S, Plant, read
from tests.end_to_end.readings import ReadingsLost
from tests.end_to_end.truth import EdgeTruth
from tests.soak.samples import Sample, sample

LOADED = ("edge-1", "edge-2", "edge-3")
BENCH = "edge-4"  # The production program with simulated devices; the others have staff who never rest.
MOVEMENTS_PER_S = 2.0  # Of each loaded edge; its probe says 20 readings a second.
SAMPLE_S, SCAN_S, LOOK_S = 5.0, 20.0, 10.0
OUTAGES = 12
OUTAGE_S_MAX = 30.0
_PAGES = ("/edges", "/movements", "/balances")
_SCANNED = """
    SELECT json_extract(body, '$.fact.lines[0].quantity.amount'), verdict FROM envelope JOIN log USING (log_id)
    WHERE edge_id = ? AND event_type = 'goods_moved' ORDER BY log_id, sequence
"""


@dataclass(slots=True)
class Result:
    """What was seen; `told` and `readings` come from the comparison of the book with the truth."""

    minutes: float
    samples: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    outages: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    scanned: int = 0
    told: Counter[str] = field(default_factory=Counter)
    readings: ReadingsLost = field(default_factory=lambda: ReadingsLost(0, []))


@dataclass(slots=True)
class _Duty:
    every_s: float
    do: Callable[[], None]
    due: float = 0.0


class Soak:
    """`with Soak(folder, minutes) as soak: soak.run()`. AssertionError when something was lost, doubled or altered."""

    def __init__(self, folder: Path, minutes: float) -> None:
        self._seconds = minutes * 60
        self._plant = Plant(folder)
        self._bench = Bench(folder)
        self._stack = ExitStack()
        self._began = 0.0
        self._up_again_at: float | None = None
        self.result = Result(minutes)

    def __enter__(self) -> Soak:
        with ExitStack() as stack:
            stack.enter_context(self._plant)
            port = self._plant.broker.port
            self._lines = {name: stack.enter_context(LineThread(port)) for name in ("edges", "centre")}
            stack.callback(self._bench.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self) -> Result:
        self._start()
        self._began = time.monotonic()
        duties = [
            _Duty(SAMPLE_S, self._sample),
            _Duty(SCAN_S, self._scan),
            _Duty(LOOK_S, self._look),
            _Duty(self._seconds / OUTAGES, self._strike, self._seconds / OUTAGES / 2),
        ]
        while (now := self._now()) < self._seconds:
            for duty in duties:
                if now >= duty.due:
                    duty.due += duty.every_s
                    duty.do()
            if self._up_again_at is not None and now >= self._up_again_at:
                self._mend()
            time.sleep(POLL_S)
        self._finish()
        return self.result

    def _start(self) -> None:
        plant = self._plant
        plant.register([*LOADED, BENCH])
        plant.broker.start()
        plant.build_collector(port=self._lines["centre"].port)
        plant.start_collector()
        movements = str(max(int(self._seconds * MOVEMENTS_PER_S * 0.98), 1))  # They are done when the time is over.
        for name in LOADED:
            asked = ("--movements", movements, "--per-s", str(MOVEMENTS_PER_S), "--at-once", "2", "--seed", name)
            module = "tests.end_to_end.loaded_edge"
            plant.add_edge(name, module=module, arguments=asked, port=self._lines["edges"].port).start()
        self._bench.start()
        plant.add_edge(BENCH, self._bench.configuration, port=self._lines["edges"].port).start()
        plant.wait_until_it_hears(BENCH, len(self._bench.devices))

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _sample(self) -> None:
        plant, at_s = self._plant, self._now()
        for program in (plant.collector, *plant.edges.values()):
            program.must_run()
            folder = plant.centre_folder if program is plant.collector else plant.edge_folder(program.name)
            self.result.samples[program.name].append(sample(at_s, program.pid, program.log_file, folder))
        assert plant.broker.process is not None
        folder = plant.folder / "broker"
        taken = sample(at_s, plant.broker.process.pid, folder / "mosquitto.log", folder)
        self.result.samples["broker"].append(taken)

    def _scan(self) -> None:
        """A receipt whose amount tells which one it is; and the probe hears other air."""
        self.result.scanned += 1
        self._bench.receive(TENT, self.result.scanned)
        self._bench.change_air(f"{20 + self.result.scanned % 10}.5", "55.0")

    def _look(self) -> None:
        path = _PAGES[self.result.pages % len(_PAGES)]
        address = f"http://127.0.0.1:{self._plant.api_port}/api/v1{path}"
        httpx.get(address, headers=self._plant.key, timeout=30).raise_for_status()
        self.result.pages += 1

    def _strike(self) -> None:
        """In turn: the edges' line and the centre's, cut and a silent hole."""
        number = self.result.outages.total()
        name, state = ("edges", "centre")[number % 2], (LineState.CUT, LineState.HOLE)[number // 2 % 2]
        self._lines[name].set(state)
        self.result.outages[f"{name}: {state.name.lower()}"] += 1
        self._up_again_at = self._now() + min(OUTAGE_S_MAX, self._seconds / OUTAGES / 3)

    def _mend(self) -> None:
        for line in self._lines.values():
            line.set(LineState.UP)
        self._up_again_at = None

    def _finish(self) -> None:
        plant, result = self._plant, self.result
        self._mend()
        truths = {name: plant.edge_folder(name) for name in LOADED}
        wanted = int(self._seconds * MOVEMENTS_PER_S * 0.98) or 1
        plant.wait_until(lambda: all(_lines_of(one / "believed") >= wanted for one in truths.values()))
        plant.wait_until_delivered()
        for program in (*plant.edges.values(), plant.collector):
            program.stop()
        plant.centre("verify")
        result.told, result.readings = comparison.check_all(
            plant, ((name, EdgeTruth.of(folder)) for name, folder in truths.items()), PROBE
        )
        found = [(int(amount), verdict) for amount, verdict in read(plant.ledger_file, _SCANNED, [BENCH])]
        assert found == [(number, "posted") for number in range(1, result.scanned + 1)], (
            "what was scanned is not the book"
        )


def _lines_of(file: Path) -> int:
    return file.read_bytes().count(b"\n")
