"""What a machine is: code that decides, without waiting, opening, reading a clock or rolling dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)


class Instant(NamedTuple):
    """One moment as the box saw it: two clocks, because only one of them can be trusted at a time.

    `monotonic_ms` counts from boot and never jumps; every time-out and interval is measured with it.
    `wall_ms` is Unix time in milliseconds as the box believes it; a Pi has no battery clock, so it may be wrong.
    """

    monotonic_ms: int
    wall_ms: int


@dataclass(frozen=True, slots=True)
class Woken:
    """The time that `wakeup_at` asked for has come."""


class Machine(Protocol[In_contra, Out_co]):
    """Decides. A runner feeds it and carries out what it returns, in order."""

    def handle(self, message: In_contra, now: Instant) -> Sequence[Out_co]: ...

    def wakeup_at(self) -> int | None:
        """Monotonic milliseconds at which to call `handle(Woken(), now)`; None when nothing is due."""
        ...
