"""What a work place has answered, so that people go on when they have heard it and never before.

An edge keeps what each of its work places remembers in `drafts.json`, written whole before it answers; no other trace of the
answer leaves the box in this version. Read as a person listens: has it beeped for what was just done, and has it said
"recorded"?
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Memory:
    """What a work place remembers, as far as a person hears of it."""

    last_scan_ms: int = 0  # Of the last scan, or tags, that was taken in or refused.
    weight: str = ""  # What has settled on the scale and was not taken into a line yet.
    is_booking: bool = False
    sheet_steps: int = 0
    again: tuple[
        tuple[str, str | None], ...
    ] = ()  # Item and lot of what must be counted once more, and was not begun yet.


Hearing: TypeAlias = Callable[[], Memory]


def at_work_place(drafts: Path, name: str) -> Hearing:
    """The work place of this name, at the edge that keeps its drafts in this file."""
    return lambda: _memory(drafts, name)


def _memory(drafts: Path, name: str) -> Memory:
    try:
        kept = json.loads(drafts.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Memory()  # Nothing was ever scanned there.
    state = json.loads(kept["states"].get(name, "{}"))
    steps = state.get("steps", ())
    return Memory(
        last_scan_ms=state.get("last_scan_ms", 0),
        weight=json.dumps(state["weight"]) if state.get("weight") else "",
        is_booking=bool(state.get("booking") or state.get("held")),
        sheet_steps=len(steps),
        again=tuple((item, lot) for item, lot in steps[-1].get("again", ())) if steps else (),
    )
