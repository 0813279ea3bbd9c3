"""What a simulated device is: a machine that observes the physical truth and says it in the bytes of its manual.

A device opens nothing, asks no clock and rolls no dice: what it observes and the virtual time are handed in, so a day of a
warehouse runs in seconds and twice the same. `ports.py` puts a device behind a real port; `faults.py` wraps one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias


@dataclass(frozen=True, slots=True)
class PoweredOn:
    """The device got its supply: what it does not keep without power is gone."""


@dataclass(frozen=True, slots=True)
class HostSent:
    """Bytes on the wire towards the device: half a command, or three."""

    data: bytes


@dataclass(frozen=True, slots=True)
class HostConnected:
    """A new network connection: half a command of the last one means nothing. A serial line has no such moment."""


@dataclass(frozen=True, slots=True)
class Woken:
    """The time that `wakeup_at` named has come."""


@dataclass(frozen=True, slots=True)
class Physical:
    """Something that a person or the goods do to a device; each device declares its own kinds."""


DeviceInput: TypeAlias = PoweredOn | HostConnected | HostSent | Woken | Physical


@dataclass(frozen=True, slots=True)
class DeviceSends:
    """One whole frame or line from the device. The fault injector relies on "one output, one frame"."""

    data: bytes


class Device(Protocol):
    """Built from its settings and the piece of truth that it observes. An input that means nothing to it is ignored."""

    def handle(self, message: DeviceInput, now_ms: int) -> list[DeviceSends]: ...

    def wakeup_at(self) -> int | None:
        """Virtual milliseconds at which to call `handle(Woken(), now_ms)`; None when nothing is due."""
        ...
