"""The device's end of a pseudo terminal under a link, which can be pulled out and plugged in again elsewhere."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Callable
from pathlib import Path


class PtyPlug:
    """`heard` gets what the program sends."""

    def __init__(self, link: Path, heard: Callable[[bytes], None] = lambda data: None) -> None:
        self.link = link
        self.device = ""
        self._heard = heard
        self._ends: tuple[int, int] | None = None

    def plug(self) -> None:
        """A new pseudo terminal with another number than last time."""
        before = self.device
        ends = os.openpty()
        if os.ttyname(ends[1]) == before:
            same, ends = ends, os.openpty()
            for descriptor in same:
                os.close(descriptor)
        self._ends = ends
        self.device = os.ttyname(ends[1])
        tty.setraw(ends[1])  # Kept open: without it the master reads EIO whenever nobody has the port open.
        os.set_blocking(ends[0], False)
        self.link.symlink_to(self.device)
        asyncio.get_running_loop().add_reader(ends[0], self._on_readable)

    def unplug(self) -> None:
        if self._ends is None:
            return
        master, slave = self._ends
        self._ends = None
        asyncio.get_running_loop().remove_reader(master)
        self.link.unlink(missing_ok=True)
        os.close(master)
        os.close(slave)

    def send(self, data: bytes) -> None:
        assert self._ends is not None
        os.write(self._ends[0], data)

    def stop_taking(self) -> None:
        """The device no longer reads what it is sent."""
        assert self._ends is not None
        asyncio.get_running_loop().remove_reader(self._ends[0])

    def _on_readable(self) -> None:
        assert self._ends is not None
        self._heard(os.read(self._ends[0], 4096))
