"""The only place in the collector that asks what time it is, and where the business day is computed."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

BUSINESS_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has one zone and no summer time since 1991; a fixed offset needs no zone database on a small box."""


EARLIEST_CLAIM_MS = 1_600_000_000_000
"""2020-09-13: a box that claims an earlier time has a clock that was never set."""

CLOCK_ALLOWANCE_MS = 5 * 60_000
"""A box may be this far ahead of us; nothing happens after it was received."""


class Clock(Protocol):
    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        ...


class SystemClock:
    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def business_day(wall_ms: int) -> int:
    """The business day (Asia/Shanghai) of a moment, as days since 1970-01-01 there."""
    return (wall_ms + 8 * 3_600_000) // 86_400_000


def business_date(day: int) -> date:
    """The civil date of a business day."""
    return date(1970, 1, 1) + timedelta(days=day)


def utc(wall_ms: int) -> datetime:
    """The same moment for people and for JSON."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=wall_ms)


def new_id() -> str:
    """A UUID for what is made at the centre: a release from quarantine, an approved adjustment."""
    return str(uuid.uuid4())
