"""The only place of the simulator that asks what day and time it is."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))


def wall_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def china_day(at_ms: int) -> date:
    return _in_china(at_ms).date()


def china_hour(at_ms: int) -> float:
    """Hours since midnight."""
    at = _in_china(at_ms)
    return at.hour + at.minute / 60


def _in_china(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_CHINA)
