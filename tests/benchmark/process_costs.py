"""What a process has used so far, read from outside (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Costs:
    """`written_bytes`: sent towards the disk, as the kernel accounts it (whole pages)."""

    cpu_s: float
    resident_mib: float
    written_bytes: int
    log_bytes: int

    @classmethod
    def of(cls, pid: int, log_file: Path) -> Costs:
        process = Path("/proc") / str(pid)
        after_name = (process / "stat").read_text().rpartition(")")[2].split()
        user, system = int(after_name[11]), int(after_name[12])  # Fields 14 and 15; the name may hold spaces.
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        io = dict(line.split(": ", 1) for line in (process / "io").read_text().splitlines())
        resident_kib = int(status["VmRSS"].split()[0])
        return cls((user + system) / _TICKS_PER_S, resident_kib / 1024, int(io["write_bytes"]), log_file.stat().st_size)
