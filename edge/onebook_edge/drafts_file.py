"""What the work places remember, on the disk: never older than the last thing done, for a program that is killed; a moment
older at most, for a machine that loses its power.

Two files. `drafts.json` is written at each step and left to the operating system: it survives a kill, and a power cut may leave
anything of it. `drafts.safe` is forced to the disk, at once before something is booked, else a moment later in a thread of its
own, because a worn card may take long. Each has a generation, and the younger one that can be read counts: an older state must
never come back, or a sheet that was booked could be booked again.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from onebook_edge.capture.dialogue_state import DialogueState
from onebook_edge.logs import get_logger
from onebook_edge.machine import Instant

log = get_logger()

FORCED_AFTER_S: Final = 0.2


class DraftsFile:
    def __init__(self, path: Path) -> None:
        self._path, self._safe_path = path, path.with_suffix(".safe")
        self._generation = max((generation for generation, _ in map(_read, (path, self._safe_path))), default=0)
        self._safe_generation = self._generation
        self._text = ""
        self._changed = asyncio.Event()

    def write(self, states: Mapping[str, DialogueState], *, durable: bool) -> None:
        """`durable`: on the disk when this returns. Else it is soon, as long as `keep_safe` runs."""
        self._generation += 1
        kept = {"generation": self._generation, "states": {name: state.to_json() for name, state in states.items()}}
        self._text = json.dumps(kept, ensure_ascii=False)
        _replace(self._path, self._text, forced=False)
        if durable:
            _replace(self._safe_path, self._text, forced=True)
            _force_folder(self._path.parent)
            self._safe_generation = self._generation
        else:
            self._changed.set()

    async def keep_safe(self) -> None:
        """Force what was written to the disk, for ever."""
        while True:
            await self._changed.wait()
            await asyncio.sleep(FORCED_AFTER_S)  # What is scanned together is forced together.
            self._changed.clear()
            generation, text = self._generation, self._text
            fresh = self._safe_path.with_suffix(".forced")
            await asyncio.to_thread(_write, fresh, text, forced=True)
            if self._safe_generation < generation:  # Nothing was booked meanwhile.
                os.replace(fresh, self._safe_path)
                self._safe_generation = generation


def read_states(path: Path, now: Instant) -> dict[str, DialogueState]:
    """The drafts of the work places as they stood when the agent ended."""
    _, kept = max(map(_read, (path, path.with_suffix(".safe"))), key=lambda one: one[0])
    return {name: state.restarted(now) for name, state in kept.items()}


def _read(path: Path) -> tuple[int, dict[str, DialogueState]]:
    """Generation and states. A file that cannot be read is put aside and counts as one that is not there."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        states = kept["states"] if "generation" in kept else kept  # Before there were generations.
        return int(kept.get("generation", 0)), {name: DialogueState.from_json(text) for name, text in states.items()}
    except FileNotFoundError:
        return -1, {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        os.replace(path, path.with_suffix(".unreadable"))
        log.warning("drafts_unreadable", path=str(path), reason=str(error), effect="what was forced to the disk counts")
        return -1, {}


def _replace(path: Path, text: str, *, forced: bool) -> None:
    fresh = path.with_suffix(path.suffix + ".new")
    _write(fresh, text, forced=forced)
    os.replace(fresh, path)


def _write(path: Path, text: str, *, forced: bool) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        if forced:
            file.flush()
            os.fsync(file.fileno())


def _force_folder(folder: Path) -> None:
    """Or a power cut may bring the file of before back under this name."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
