"""What a process holds at one moment, read from outside (proc(5)), and its folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.benchmark.process_costs import Costs


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    costs: Costs
    descriptors: int
    threads: int
    disk_mib: float


def sample(at_s: float, pid: int, log_file: Path, folder: Path) -> Sample:
    process = Path("/proc") / str(pid)
    return Sample(
        at_s,
        Costs.of(pid, log_file),
        len(os.listdir(process / "fd")),
        len(os.listdir(process / "task")),
        sum(_size(file) for file in folder.rglob("*")) / 2**20,
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_blocks * 512
    except FileNotFoundError:  # A file that was put in another's place just now.
        return 0
