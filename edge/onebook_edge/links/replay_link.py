"""Plays recorded bytes instead of a device, and records them: for demonstrations and bug reports.

A recording is a text file: `<milliseconds since the start> <bytes in hex>` for each read; lines that begin with `#` say
what was sent and what else happened, and are not played.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field

from onebook_edge.clock import Clock
from onebook_edge.links import reasons
from onebook_edge.links.link import Link, LinkLost, LinkUnavailable
from onebook_edge.logs import get_logger

RECORDING_BYTES_MAX = 16 * 1024 * 1024
_REPEAT_PAUSE_S = 1.0

log = get_logger()


class ReplaySettings(BaseModel):
    """A recording in place of a device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["replay"] = "replay"
    path: Path = Field(description="File with one `<milliseconds> <bytes in hex>` a line.")
    at_end: Literal["silence", "repeat"] = Field("silence", description="What follows when all was played.")


class ReplayLink:
    """Plays a recording in its own time, from the start at each opening. What is written to it goes nowhere."""

    def __init__(self, settings: ReplaySettings) -> None:
        self._settings = settings
        self._reads: list[tuple[float, bytes]] = []
        self._next = 0
        self._began_s = 0.0

    async def open(self) -> None:
        self._reads = read_recording(self._settings.path)
        self._rewind()

    async def read(self) -> bytes:
        if self._next == len(self._reads):
            if self._settings.at_end == "silence":
                await asyncio.Event().wait()
            await asyncio.sleep(_REPEAT_PAUSE_S)
            self._rewind()
        at_s, data = self._reads[self._next]
        await asyncio.sleep(self._began_s + at_s - asyncio.get_running_loop().time())
        self._next += 1
        return data

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass

    def _rewind(self) -> None:
        self._next = 0
        self._began_s = asyncio.get_running_loop().time()


def read_recording(path: Path) -> list[tuple[float, bytes]]:
    """The reads of a recording with their times in seconds; raises LinkUnavailable naming the line that is wrong."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LinkUnavailable(reasons.bad_recording(str(path), str(error))) from error
    reads = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        at_ms, _, bytes_hex = line.partition(" ")
        try:
            reads.append((int(at_ms) / 1000, bytes.fromhex(bytes_hex)))
        except ValueError as error:
            raise LinkUnavailable(reasons.bad_recording(str(path), f"line {number}: {error}")) from error
    if not reads or not all(data for _, data in reads):
        raise LinkUnavailable(reasons.bad_recording(str(path), "a line without bytes, or no line at all"))
    return reads


class RecordingLink:
    """Wraps a link and writes down what passes. It never disturbs the link: a full disk or file only ends the recording."""

    def __init__(self, link: Link, path: Path, clock: Clock, *, bytes_max: int = RECORDING_BYTES_MAX) -> None:
        self._link = link
        self._path = path
        self._clock = clock
        self._began_ms = clock.now().monotonic_ms
        self._bytes_left = bytes_max
        self._file: TextIO | None = None

    async def open(self) -> None:
        await self._link.open()
        self._file = self._continue_recording()
        self._note("# {ms} opened")

    async def read(self) -> bytes:
        try:
            data = await self._link.read()
        except LinkLost as lost:
            self._note(f"# {{ms}} lost: {lost.reason.code}")
            raise
        self._note(f"{{ms}} {data.hex()}")
        return data

    def write(self, data: bytes) -> None:
        self._note(f"# {{ms}} sent {data.hex()}")
        self._link.write(data)

    def close(self) -> None:
        self._link.close()
        self._let_go()

    def _continue_recording(self) -> TextIO | None:
        if self._bytes_left <= 0:
            return None
        try:
            return self._path.open("a", encoding="ascii", buffering=1)
        except OSError as error:
            self._end(str(error))
            return None

    def _note(self, line: str) -> None:
        if self._file is None:
            return
        text = line.format(ms=self._clock.now().monotonic_ms - self._began_ms) + "\n"
        self._bytes_left -= len(text)
        try:
            self._file.write(text)
        except OSError as error:
            self._end(str(error))
        if self._bytes_left <= 0:
            self._end("the recording is full")

    def _end(self, why: str) -> None:
        self._bytes_left = 0
        self._let_go()
        log.warning("recording_ended", path=str(self._path), reason=why)

    def _let_go(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # The line that a full disk refused was told already.
                self._file.close()
            self._file = None
