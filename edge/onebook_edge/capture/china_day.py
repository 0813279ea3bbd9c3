"""The civil date in China, which is what is printed on goods and what a warehouse calls today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

_CHINA: Final = timezone(timedelta(hours=8))
_BEFORE_THIS_SOFTWARE: Final = date(2025, 1, 1)


def day_of(wall_ms: int) -> date:
    """A box without a battery clock may start in 1970: a day is never earlier than the software."""
    return max(datetime.fromtimestamp(wall_ms / 1_000, UTC).astimezone(_CHINA).date(), _BEFORE_THIS_SOFTWARE)
