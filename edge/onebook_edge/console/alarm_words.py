"""An alarm in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from onebook_edge.console.alarms import Alarm, AlarmKind
from onebook_edge.console.moments import span
from onebook_edge.console.texts import Texts
from onebook_edge.console.zones import LIMITED, WatchedZone
from onebook_edge.machine import Instant


@dataclass(frozen=True, slots=True)
class AlarmRow:
    key: str
    text: str
    since: str
    is_loud: bool
    acknowledged: str


def alarm_row(
    alarm: Alarm, zones: Sequence[WatchedZone], now: Instant, texts: Texts, name_of: Callable[[str], str]
) -> AlarmRow:
    by = alarm.acknowledged_by
    return AlarmRow(
        key=alarm.condition.key,
        text=" ".join(_alarm_words(alarm, zones, texts)),
        since=texts("alarm_since", span=span(now.monotonic_ms - alarm.since_ms, texts)),
        is_loud=by is None,
        acknowledged="" if by is None else texts("alarm_acknowledged", name=name_of(by)),
    )


def _alarm_words(alarm: Alarm, zones: Sequence[WatchedZone], texts: Texts) -> Iterator[str]:
    condition = alarm.condition
    if condition.kind is not AlarmKind.CLIMATE:
        yield texts(f"alarm_{condition.kind}", subject=condition.subject)
        return
    code, probe, quantity = condition.subject.split("/")
    zone = next((one for one in zones if one.code == code), None)
    yield texts.choose(zone.name_zh, zone.name_en) if zone else probe
    unit = texts(f"climate_unit_{LIMITED[quantity]}")
    name = texts(f"climate_{quantity}")
    yield texts("alarm_climate", name=name, value=condition.value, limit=condition.limit, unit=unit)
