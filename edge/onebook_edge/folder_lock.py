"""One program at a time writes into a data folder: two agents would give one sequence to two events."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from onebook_edge.errors import RefusedError


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder until the end, also that of a kill. RefusedError: somebody else holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "agent.lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RefusedError(
                f"采集程序正在使用该目录 / the agent is using this folder: {folder}",
                "先停止 / stop it first: systemctl stop onebook-edge",
            ) from error
        yield
