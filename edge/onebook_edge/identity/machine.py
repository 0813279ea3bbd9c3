"""When a certificate is renewed. Pure.

At two thirds of its life the agent asks for the next one, and goes on asking, more and more rarely, until it has it. The
wall clock of a box may be wrong, so it decides on nothing but when to ask: asking too early costs a certificate, and the centre
judges by its own clock. A certificate that seems to have ended is still shown and still renewed, and never thrown away; the
clock is looked at again every few minutes because somebody may have set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onebook_edge.machine import Instant, Woken


@dataclass(frozen=True, slots=True)
class RenewalSettings:
    """`at_share` of the life is when it is due; `spread` of the life, times a share that differs by edge, is how much earlier."""

    at_share: float = 2 / 3
    spread: float = 0.05
    look_every_ms: int = 600_000
    retry_ms_min: int = 60_000
    retry_ms_max: int = 3_600_000
    refused_retry_ms: int = 6 * 3_600_000


@dataclass(frozen=True, slots=True)
class Renewed:
    """There is a new certificate, and it is in place."""

    not_before_ms: int
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class Failed:
    """No certificate. `refused`: the centre said no, and a person has to look; asking goes on all the same."""

    refused: bool


@dataclass(frozen=True, slots=True)
class AskForRenewal:
    """Ask the centre, then say `Renewed` or `Failed`."""


RenewalInput = Woken | Renewed | Failed


class RenewalMachine:
    def __init__(self, not_before_ms: int, not_after_ms: int, share: float, settings: RenewalSettings) -> None:
        """`share`: a number from 0 to 1 that differs by edge, so that a fleet enrolled in one day does not ask in one minute."""
        self._settings, self._share = settings, share
        self._due_wall_ms = self._due(not_before_ms, not_after_ms)
        self._asking = False
        self._failures = 0
        self._look_at_ms = 0

    def handle(self, message: RenewalInput, now: Instant) -> Sequence[AskForRenewal]:
        match message:
            case Renewed(not_before_ms, not_after_ms):
                self._asking, self._failures = False, 0
                self._due_wall_ms = self._due(not_before_ms, not_after_ms)
                self._look_at_ms = now.monotonic_ms + self._until_due_ms(now)
            case Failed(refused):
                self._asking = False
                self._look_at_ms = now.monotonic_ms + self._retry_after_ms(refused=refused)
                self._failures += 1
            case Woken() if not self._asking and now.monotonic_ms >= self._look_at_ms:
                if now.wall_ms >= self._due_wall_ms:
                    self._asking = True
                    return (AskForRenewal(),)
                self._look_at_ms = now.monotonic_ms + self._until_due_ms(now)
        return ()

    def wakeup_at(self) -> int | None:
        return None if self._asking else self._look_at_ms

    def _due(self, not_before_ms: int, not_after_ms: int) -> int:
        life_ms = not_after_ms - not_before_ms
        return not_before_ms + int(life_ms * (self._settings.at_share - self._settings.spread * self._share))

    def _until_due_ms(self, now: Instant) -> int:
        return max(1, min(self._due_wall_ms - now.wall_ms, self._settings.look_every_ms))

    def _retry_after_ms(self, *, refused: bool) -> int:
        if refused:
            return self._settings.refused_retry_ms
        return int(min(self._settings.retry_ms_min << min(self._failures, 30), self._settings.retry_ms_max))
