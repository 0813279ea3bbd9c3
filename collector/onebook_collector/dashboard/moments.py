"""How moments read on the page: Beijing time, and how long ago. Pure."""

from __future__ import annotations

from onebook_collector.clock import BUSINESS_ZONE, utc
from onebook_collector.dashboard.texts import Texts

_MINUTE_MS, _HOUR_MS, _DAY_MS = 60_000, 3_600_000, 86_400_000


def clock_time(at_ms: int) -> str:
    return utc(at_ms).astimezone(BUSINESS_ZONE).strftime("%H:%M:%S")


def hour(at_ms: int) -> str:
    return utc(at_ms).astimezone(BUSINESS_ZONE).strftime("%H:%M")


def day_and_time(at_ms: int) -> str:
    return utc(at_ms).astimezone(BUSINESS_ZONE).strftime("%m-%d %H:%M")


def full(at_ms: int) -> str:
    return utc(at_ms).astimezone(BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M:%S")


def ago(at_ms: int, now_ms: int, texts: Texts) -> str:
    """ "刚刚", "3 分钟前" ... A moment that lies ahead (two clocks disagree) is now."""
    age_ms = now_ms - at_ms
    if age_ms < _MINUTE_MS:
        return texts("ago_now")
    if age_ms < _HOUR_MS:
        return texts("ago_minutes", count=age_ms // _MINUTE_MS)
    if age_ms < 2 * _DAY_MS:
        return texts("ago_hours", count=age_ms // _HOUR_MS)
    return texts("ago_days", count=age_ms // _DAY_MS)
