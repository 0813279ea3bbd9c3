"""The only place on the edge that asks what time it is, and that makes random identifiers."""

from __future__ import annotations

import secrets
import time
import uuid
from pathlib import Path
from typing import Protocol

from onebook_edge.machine import Instant


class Clock(Protocol):
    """Tells the time; a test or a simulation hands in its own."""

    def now(self) -> Instant: ...

    def synchronised(self) -> bool:
        """Whether the operating system says that the wall clock follows a time server."""
        ...

    @property
    def boot_id(self) -> str:
        """Names the run of `monotonic_ms`: changes whenever that count starts anew."""
        ...


class SystemClock:
    """The clocks of the machine.

    `synchronised` looks for the mark that systemd-timesyncd (or chrony's wait-sync unit) leaves; a box without either can
    name its own mark. The mark is looked at once a second at most: it is asked for with every event.
    """

    def __init__(self, mark: Path = Path("/run/systemd/timesync/synchronized"), *, trusted: bool = False) -> None:
        self._mark = mark
        self._trusted = trusted  # A host with a battery clock, and every demonstration.
        self._looked_at_ms = -1_000
        self._synchronised = trusted
        self._boot_id = _read_boot_id()

    @property
    def boot_id(self) -> str:
        return self._boot_id

    def now(self) -> Instant:
        return Instant(time.monotonic_ns() // 1_000_000, time.time_ns() // 1_000_000)

    def synchronised(self) -> bool:
        if self._trusted:
            return True
        now_ms = time.monotonic_ns() // 1_000_000
        if now_ms - self._looked_at_ms >= 1_000:
            self._looked_at_ms = now_ms
            self._synchronised = self._mark.exists()
        return self._synchronised


def new_movement_id() -> str:
    """A UUID made where the movement happens, so that it can be named before the centre has heard of it."""
    return str(uuid.uuid4())


def new_epoch() -> str:
    """A random name for an outbox file: a new storage card is a new epoch."""
    return secrets.token_hex(8)


def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip().replace("-", "")[:16]
    except FileNotFoundError:
        return secrets.token_hex(8)  # Not Linux: every start counts as a boot.
