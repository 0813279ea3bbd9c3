"""The machine under one program: a disk that loses what was not synced, and a clock that can be set wrong (hardware.c)."""

from __future__ import annotations

import functools
import mmap
import os
import random
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

_SOURCE = Path(__file__).with_name("hardware.c")
_BLOCK, _CHUNK = 4_096, 1 << 20
SURVIVES = 0.3  # Share of un-synced blocks that a disk had written by itself before the power went.


class Hardware:
    """Programs that are started with `environment` run on it."""

    def __init__(self, storage: Path, folder: Path) -> None:
        self._storage, self._platter, clock = storage, folder / "platter", folder / "clock"
        for one in (storage, self._platter):
            one.mkdir(parents=True, exist_ok=True)
        clock.write_bytes(bytes(8))
        with clock.open("r+b") as file:
            self._wrong_by_ns = mmap.mmap(file.fileno(), 8)
        self.environment = {
            "LD_PRELOAD": str(library()),
            "ONEBOOK_STORAGE": str(storage.resolve()),
            "ONEBOOK_PLATTER": str(self._platter.resolve()),
            "ONEBOOK_CLOCK": str(clock),
        }

    def set_clock_wrong(self, by_ms: int) -> None:
        self._wrong_by_ns[:] = struct.pack("=q", by_ms * 1_000_000)

    def lose_power(self, dice: random.Random) -> int:
        """What was not synced is gone, or some blocks of it; the program must be dead. The blocks that differed."""
        for path in _files_below(self._storage):
            if not (self._platter / path.relative_to(self._storage)).exists():
                path.unlink()
        lost = 0
        for kept in _files_below(self._platter):
            file = self._storage / kept.relative_to(self._platter)
            file.parent.mkdir(parents=True, exist_ok=True)
            lost += _fall_back(file, kept, dice)
        self.settle()
        return lost

    def settle(self) -> None:
        """What the files hold now is on the platter too: they were put there while the program was not running."""
        shutil.rmtree(self._platter)
        shutil.copytree(self._storage, self._platter)


def _files_below(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.rglob("*")) if one.is_file()]


def _fall_back(file: Path, kept: Path, dice: random.Random) -> int:
    """Make a file what the platter holds, but for some blocks that differ; and as long as the platter says."""
    lost = 0
    file.touch()
    with file.open("r+b") as now, kept.open("rb") as then:
        at = 0
        while old := then.read(_CHUNK):
            if (new := os.pread(now.fileno(), len(old), at)) != old:
                for start in range(0, len(old), _BLOCK):
                    block = old[start : start + _BLOCK]
                    if new[start : start + _BLOCK] != block and dice.random() >= SURVIVES:
                        os.pwrite(now.fileno(), block, at + start)
                        lost += 1
            at += len(old)
        now.truncate(at)
    return lost


@functools.cache
def library() -> Path:
    """hardware.c, compiled. Raises CalledProcessError or FileNotFoundError where there is no C compiler (Debian: gcc)."""
    folder = tempfile.TemporaryDirectory(prefix="onebook-hardware-")
    built = Path(folder.name) / "hardware.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(built), str(_SOURCE), "-ldl", "-lpthread"], check=True)
    _folders.append(folder)
    return built


_folders: list[tempfile.TemporaryDirectory[str]] = []  # Gone when the program ends.
