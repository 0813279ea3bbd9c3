"""Local alarms: what must be looked at now, also without a line. Pure.

A condition must hold for a while before it alarms, and an alarm ends by itself when the condition does. A person acknowledges an
alarm: it stays on the screen and is silent. The same condition that comes again after it ended is another alarm.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final


class AlarmKind(enum.StrEnum):
    CLIMATE = "climate"  # Over a zone's limit.
    DEVICE = "device"  # Gone, or silent.
    DISK = "disk"  # Nothing can be recorded any more.
    DISK_FILLING = "disk_filling"
    GATE = "gate"  # Goods went out and no document says so.


HOLDS_MS: Final[Mapping[AlarmKind, int]] = {
    AlarmKind.CLIMATE: 600_000,  # As the centre's warning: a door that stands open for loading is none.
    AlarmKind.DEVICE: 60_000,  # A cable that is plugged in again is none.
    AlarmKind.DISK: 0,
    AlarmKind.DISK_FILLING: 0,
    AlarmKind.GATE: 120_000,  # The paper may be written while the lorry is loaded.
}
"""How long a condition holds before it alarms."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is not as it should be. `subject` names what; `value` and `limit` go into the words."""

    kind: AlarmKind
    subject: str
    value: str = ""
    limit: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Alarm:
    condition: Condition  # As it is now.
    since_ms: int  # Monotonic.
    acknowledged_by: str | None = None


@dataclass(slots=True)
class Alarms:
    _since: dict[str, int] = field(default_factory=dict)
    _alarms: dict[str, Alarm] = field(default_factory=dict)

    def look(self, conditions: Iterable[Condition], now_ms: int) -> bool:
        """Take what holds now; whether the alarms are others than before."""
        before = {key: alarm.acknowledged_by for key, alarm in self._alarms.items()}
        present = {one.key: one for one in conditions}
        self._since = {key: self._since.get(key, now_ms) for key in present}
        for key in self._alarms.keys() - present.keys():
            del self._alarms[key]
        for key, condition in present.items():
            if key in self._alarms:
                self._alarms[key] = replace(self._alarms[key], condition=condition)
            elif now_ms - self._since[key] >= HOLDS_MS[condition.kind]:
                self._alarms[key] = Alarm(condition, self._since[key])
        return before.keys() != self._alarms.keys()

    def acknowledge(self, key: str, person: str) -> bool:
        """Whether there was one to acknowledge."""
        alarm = self._alarms.get(key)
        if alarm is None or alarm.acknowledged_by is not None:
            return False
        self._alarms[key] = replace(alarm, acknowledged_by=person)
        return True

    @property
    def all(self) -> list[Alarm]:
        """Those that nobody has acknowledged first, the newest before older ones."""
        return sorted(self._alarms.values(), key=lambda one: (one.acknowledged_by is not None, -one.since_ms))

    @property
    def are_loud(self) -> bool:
        return any(one.acknowledged_by is None for one in self._alarms.values())
