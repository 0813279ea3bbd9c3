"""When business days begin and end, in Unix milliseconds (clock.business_day the other way round). Pure."""

from __future__ import annotations

from typing import Final

DAY_MS: Final = 86_400_000
ZONE_MS: Final = 8 * 3_600_000
"""China is so far ahead of UTC."""


def day_begins_ms(day: int) -> int:
    return day * DAY_MS - ZONE_MS


def day_ends_ms(day: int) -> int:
    """The first moment after it."""
    return day_begins_ms(day + 1)
