"""The production agent; beside its outbox the file `commits` says when each commit of the journal was on the disk.

`python -m tests.benchmark.scanning_edge --config FILE`. A line is the last sequence of the commit and the monotonic clock in ns.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from onebook_edge.care.configuration import Configuration
from onebook_edge.logs import configure_logging
from onebook_edge.wiring import Agent
from onebook_schemas.envelope import JournalFact


async def run(path: Path) -> None:
    configuration = Configuration.read(path)
    agent = await Agent.open(configuration)
    record = agent.outbox.record
    with (configuration.settings.data_folder / "commits").open("a", buffering=1) as commits:

        async def record_and_note(facts: Sequence[JournalFact]) -> range:
            sequences = await record(facts)
            commits.write(f"{sequences[-1]} {time.monotonic_ns()}\n")
            return sequences

        agent.outbox.record = record_and_note  # type: ignore[method-assign]
        await agent.run()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    configure_logging("WARNING")
    asyncio.run(run(parser.parse_args().config))


if __name__ == "__main__":
    main()
