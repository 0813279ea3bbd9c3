"""An edge with staff who never rest: the production agent, and a task that records movements and hears a probe.

`python -m tests.end_to_end.loaded_edge --config FILE --movements N --seed S`. In the data folder, or in `--truth FOLDER`, lie
three files, written line by line and never shortened: what was attempted, what staff believe (told after the commit), and what
the probe said. After a kill it goes on until staff believe in N movements; then it only delivers, until it is stopped. Work that
is refused because the disk is full stays on the sheet and is booked again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
from decimal import Decimal
from pathlib import Path

from onebook_edge.care.configuration import Configuration
from onebook_edge.clock import SystemClock
from onebook_edge.device import Measured, Observed, Quality
from onebook_edge.errors import OutboxFullError
from onebook_edge.logs import configure_logging
from onebook_edge.wiring import Agent
from onebook_schemas.envelope import JournalFact
from onebook_schemas.uplink import Stream
from tests.end_to_end.workload import AT_ONCE_MAX, facts_of_a_moment

PROBE_INTERVAL_S = 0.05
REFUSED_S = 0.1  # Until staff press "confirm" again.
PROBE, QUANTITY = "probe-1", "number_c62"


class LineFile:
    """A file to which whole lines are appended: what a killed process has written stays written."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, *lines: str) -> None:
        os.write(self._file, "".join(f"{line}\n" for line in lines).encode())


class Staff:
    """Records movements until enough are believed to be booked."""

    def __init__(self, agent: Agent, folder: Path, asked: argparse.Namespace) -> None:
        self._agent, self._movements, self._per_s = agent, asked.movements, asked.per_s
        self._at_once_max, self._waiting_max = asked.at_once, asked.waiting_max
        believed = folder / "believed"
        self._count = believed.read_bytes().count(b"\n") if believed.exists() else 0
        # By what was attempted: a life that ended before staff believed in anything must not be lived again.
        attempted = folder / "attempted"
        begun = attempted.read_bytes().count(b"\n") if attempted.exists() else 0
        self._dice = random.Random(f"{asked.seed}/{begun}")
        self._believed, self._attempted = LineFile(believed), LineFile(attempted)

    async def work(self) -> None:
        while self._count < self._movements:
            facts = facts_of_a_moment(self._dice, self._at_once_max)[: self._movements - self._count]
            self._attempted.write(*(fact.model_dump_json(exclude_none=True) for fact in facts))
            await self._book(facts)
            await asyncio.sleep(self._dice.expovariate(self._per_s / len(facts)))
            while self._agent.outbox[Stream.JOURNAL].usage.waiting > self._waiting_max:
                await asyncio.sleep(REFUSED_S)

    async def _book(self, facts: list[JournalFact]) -> None:
        sequences = await self._recorded(facts)
        self._believed.write(*(f"{fact.movement_id} {n}" for fact, n in zip(facts, sequences, strict=True)))  # type: ignore[union-attr]
        self._count += len(facts)

    async def _recorded(self, facts: list[JournalFact]) -> range:
        while True:
            try:
                return await self._agent.outbox.record(facts)
            except OutboxFullError:
                await asyncio.sleep(REFUSED_S)


class Probe:
    """Says 1, 2, 3 ... ; every life goes on a hundred thousand further up, so that nothing is said twice."""

    def __init__(self, agent: Agent, folder: Path, begins_at: int) -> None:
        said = folder / "said"
        self._number = begins_at + 100_000 * (said.read_bytes().count(b"life") if said.exists() else 0)
        self._agent, self._said, self._clock = agent, LineFile(said), SystemClock(trusted=True)

    async def speak(self) -> None:
        self._said.write("life")
        while True:
            self._number += 1
            now = self._clock.now()
            self._said.write(f"{self._number} {now.monotonic_ms}")
            reading = Measured(PROBE, now, QUANTITY, Decimal(self._number), "C62", Quality.GOOD)
            self._agent.recorder.hear(Observed(reading))
            await asyncio.sleep(PROBE_INTERVAL_S)


async def run(asked: argparse.Namespace) -> None:
    configuration = Configuration.read(asked.config)
    agent = await Agent.open(configuration)
    truth = asked.truth or configuration.settings.data_folder
    staff = Staff(agent, truth, asked)
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(agent.run())
            tasks.create_task(staff.work())
            if not asked.without_probe:
                tasks.create_task(Probe(agent, truth, asked.probe_from).speak())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--movements", type=int, required=True)
    parser.add_argument("--per-s", type=float, default=40.0)
    parser.add_argument("--at-once", type=int, default=AT_ONCE_MAX, help="at most so many facts in one commit")
    parser.add_argument(
        "--waiting-max", type=int, default=1 << 62, help="staff rest while more than this waits for the line"
    )
    parser.add_argument("--without-probe", action="store_true", help="the devices of its configuration are enough")
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--probe-from", type=int, default=0, help="the number before the first one that the probe says")
    parser.add_argument("--seed", required=True)
    configure_logging("WARNING")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
