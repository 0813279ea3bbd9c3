"""Whether a program has a simulated port open, so that people scan only when somebody can hear it.

A person goes on when the work place has beeped. A pseudo terminal cannot tell whether anybody has its other end open, but a
program that opens a port exclusively, as pyserial does, holds a lock (flock) on it, and Linux lists those. Programs in another
process namespace are not seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

_LOCKS = Path("/proc/locks")

Listener: TypeAlias = Callable[[], str | None]
"""Names whoever listens now; None: nobody. Another name means that the program was started anew, or the port replugged."""


def holder(link: Path) -> Listener:
    """Whoever holds the port behind this link exclusively."""
    return lambda: _holder(link)


def anybody(link: Path) -> Listener:
    """Takes it that somebody listens whenever the port is plugged in."""
    return lambda: os.readlink(link) if link.is_symlink() else None


def _holder(link: Path) -> str | None:
    try:
        status = link.stat()
    except FileNotFoundError:
        return None
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in _LOCKS.read_text(encoding="ascii").splitlines():
        match (
            line.split()
        ):  # "3: FLOCK ADVISORY WRITE <process> <place> 0 EOF"; who waits for a lock has "->" in between.
            case [_, "FLOCK", _, _, process, where, *_] if where == place:
                return f"{process}@{place}"
    return None
