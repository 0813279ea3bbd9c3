"""How moments and times read on the page, in China. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from onebook_edge.console.texts import Texts

_CHINA: Final = timezone(timedelta(hours=8))
_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


def clock_time(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")


def span(ms: int, texts: Texts) -> str:
    """Roughly how long: "40 秒", "3 分钟", "5 小时", "2 天"."""
    if ms < _MINUTE_MS:
        return texts("span_seconds", count=max(ms, 0) // 1000)
    if ms < _HOUR_MS:
        return texts("span_minutes", count=ms // _MINUTE_MS)
    if ms < 2 * _DAY_MS:
        return texts("span_hours", count=ms // _HOUR_MS)
    return texts("span_days", count=ms // _DAY_MS)
