"""What is known of one device from outside: can it be used, how many frames, which faults."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from onebook_edge.device import Faulted, Observed
from onebook_edge.links.link import Reason
from onebook_edge.logs import get_logger
from onebook_edge.machine import Instant

log = get_logger()
Answer = TypeVar("Answer")


class Availability(enum.StrEnum):
    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"  # The port is not there.
    SILENT = "silent"  # The port is open and nothing comes.


@dataclass(frozen=True, slots=True)
class DeviceState:
    """Told once, when it changes. `reason` is None only for an available device."""

    device_id: str
    state: Availability
    reason: Reason | None
    since: Instant


Sink: TypeAlias = Callable[[Observed | Faulted | DeviceState], None]


@dataclass(slots=True)
class DeviceCounters:
    """Since the program started."""

    frames_ok: int = 0  # Readings of a byte driver; good answers of a Modbus device.
    faults: Counter[str] = field(default_factory=Counter)
    reconnects: int = 0
    polls_missed: int = 0  # Modbus: times at which the device was due and was not asked.
    last_reading_at: Instant | None = None


class DeviceStatus:
    """Counts and passes on what a device says, and tells its state when it changes."""

    def __init__(self, device_id: str, sink: Sink) -> None:
        self.device_id = device_id
        self.counters = DeviceCounters()
        self._sink = sink
        self._state: DeviceState | None = None

    @property
    def availability(self) -> Availability | None:
        return None if self._state is None else self._state.state

    def change(self, state: Availability, reason: Reason | None, now: Instant) -> None:
        before = self._state
        if before is not None and before.state is state and _code(before.reason) == _code(reason):
            return
        self._state = DeviceState(self.device_id, state, reason, now)
        if state is Availability.AVAILABLE:
            log.info("device_available", device_id=self.device_id)
        else:
            log.warning(f"device_{state}", device_id=self.device_id, reason=_code(reason))
        self._sink(self._state)

    def observed(self, output: Observed, now: Instant) -> None:
        self.counters.last_reading_at = now
        self._sink(output)

    def faulted(self, output: Faulted, *, counted: bool = False) -> None:
        """Pass on a fault; `counted` when it is in the counters already."""
        if not counted:
            self.counters.faults[output.reason] += 1
        self._sink(output)

    def ask_driver(self, question: Callable[[], Iterable[Answer]]) -> list[Answer] | None:
        """The driver's answer; None when it raised, which is our bug: counted, and logged ever more rarely."""
        try:
            return list(question())
        except Exception:  # Broad on purpose: a bug in one driver must not stop the other devices of this box.
            self.faulted(Faulted("driver-bug"))
            times = self.counters.faults["driver-bug"]
            if times & (times - 1) == 0:  # The 1st, 2nd, 4th, 8th ... time: it may happen with every frame.
                log.exception("driver_failed", device_id=self.device_id, times=times)
            return None


def _code(reason: Reason | None) -> str | None:
    return None if reason is None else reason.code
