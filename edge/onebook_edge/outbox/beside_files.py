"""What an outbox keeps beside its streams, as JSON: when boots began, and how far was delivered when.

Either may be missing or torn without loss: times stay unknown then, and delivered events are kept for longer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onebook_edge.logs import get_logger
from onebook_edge.outbox.retention import DeliveryCalendar
from onebook_schemas.uplink import Stream

log = get_logger()


def read_boots(path: Path) -> dict[str, int]:
    """Boot -> Unix milliseconds at monotonic zero."""
    kept = _read(path, effect="earlier boots keep unknown times")
    return {str(boot): int(anchor) for boot, anchor in kept.items()}


def write_boots(path: Path, boots: Mapping[str, int]) -> None:
    """Raises OSError."""
    _write(path, boots)


def read_calendars(path: Path, epochs: Mapping[Stream, str]) -> dict[Stream, DeliveryCalendar]:
    """The calendar of each stream; an empty one where another epoch was counted."""
    kept = _read(path, effect="delivered events are kept for longer")
    return {
        stream: DeliveryCalendar(one["ran_ms"], tuple(one["delivered"]))
        if (one := kept.get(stream.value, {})).get("epoch") == epoch
        else DeliveryCalendar()
        for stream, epoch in epochs.items()
    }


def write_calendars(path: Path, calendars: Mapping[Stream, DeliveryCalendar], epochs: Mapping[Stream, str]) -> None:
    """Raises OSError."""
    _write(
        path,
        {
            stream.value: {"epoch": epochs[stream], "ran_ms": calendar.ran_ms, "delivered": calendar.delivered}
            for stream, calendar in calendars.items()
        },
    )


def _read(path: Path, *, effect: str) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        log.warning("file_unreadable", path=str(path), effect=effect)
        return {}
    return kept


def _write(path: Path, content: Mapping[str, object]) -> None:
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())  # Or a power cut leaves the new name with nothing in it.
    os.replace(fresh, path)
