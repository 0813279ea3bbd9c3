"""Decides which part of the agent is begun anew, and whether the service manager may believe that the agent lives. Pure.

Theory of operation. A part is a task that counts its turns. It is stuck when the count stood still for longer than the part
allows itself, looked at every `LOOK_MS`; a look that comes late (the whole loop was held up) counts as one look, so that one
slow part does not condemn the others. A part that ended by itself, or was stuck and has been cancelled, is begun anew after a
back-off that doubles. It is troubled from its first failure until it ran for `STABLE_MS`: that is told once at either end.

A vital part (the outbox) is never begun anew beside what it may have left behind: if it ends the agent ends, if it is stuck the
pings stop, and the service manager starts the process again. A part that does not let itself be cancelled counts as stuck for
good, with the same consequence. A stuck event loop needs no rule: it does not get here, so nothing is pinged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from onebook_edge.machine import Instant

LOOK_MS = 1_000
STABLE_MS = 30_000
_PAUSE_MS_MIN, _PAUSE_MS_MAX = 1_000, 60_000


@dataclass(frozen=True, slots=True)
class Part:
    """A task of the agent. `patience_ms`: how long it may take for one turn; None for a part that takes no turns."""

    name: str
    patience_ms: int | None
    is_vital: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """The turns that each part has taken so far."""

    turns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ended:
    """A part's task is over: it raised, or it was cancelled as asked."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Begin:
    """Build the part and let it run."""

    name: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """End the part's task; `Ended` is to follow."""

    name: str


@dataclass(frozen=True, slots=True)
class Troubled:
    """Told once, at the first failure of a row."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Recovered:
    """The part has been running for `STABLE_MS` again."""

    name: str
    restarts: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A vital part ended: end the agent, so that it is started anew from what is on the disk."""

    name: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Tell the service manager that all is well."""


WatchdogInput: TypeAlias = Looked | Ended
WatchdogOutput: TypeAlias = Begin | Cancel | Troubled | Recovered | GiveUp | Ping


@dataclass(slots=True)
class _Watched:
    part: Part
    turns: int = 0
    still_ms: int = 0  # How long the turns stood still.
    begun_ms: int | None = None  # None: it does not run.
    begin_at_ms: int = 0
    failures: int = 0  # Since it last was stable.
    is_cancelled: bool = False

    @property
    def is_stuck(self) -> bool:
        return self.part.patience_ms is not None and self.still_ms > self.part.patience_ms

    def begin(self, now_ms: int) -> None:
        self.begun_ms, self.still_ms, self.turns, self.is_cancelled = now_ms, 0, 0, False

    def end(self, now_ms: int) -> None:
        pause_ms = min(_PAUSE_MS_MIN << min(self.failures, 10), _PAUSE_MS_MAX)
        self.begun_ms, self.begin_at_ms, self.still_ms = None, now_ms + pause_ms, 0
        self.failures += 1


class WatchdogMachine:
    """Feed it `Looked` at `wakeup_at()`, and `Ended` as it happens. Every part begins at the first look."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._watched = {part.name: _Watched(part) for part in parts}
        self._looked_ms: int | None = None

    def handle(self, message: WatchdogInput, now: Instant) -> list[WatchdogOutput]:
        match message:
            case Looked(turns):
                return self._look(turns, now.monotonic_ms)
            case Ended(name, reason):
                return self._ended(self._watched[name], reason, now.monotonic_ms)

    def wakeup_at(self) -> int | None:
        """When to look next; None: at once."""
        return None if self._looked_ms is None else self._looked_ms + LOOK_MS

    def _look(self, turns: Mapping[str, int], now_ms: int) -> list[WatchdogOutput]:
        passed_ms = 0 if self._looked_ms is None else min(now_ms - self._looked_ms, LOOK_MS)
        self._looked_ms = now_ms
        outputs = [
            output
            for name, watched in self._watched.items()
            for output in self._judge(watched, turns.get(name, 0), passed_ms, now_ms)
        ]
        if not any(one.is_stuck and (one.part.is_vital or one.is_cancelled) for one in self._watched.values()):
            outputs.append(Ping())
        return outputs

    def _judge(self, watched: _Watched, turns: int, passed_ms: int, now_ms: int) -> list[WatchdogOutput]:
        name = watched.part.name
        if watched.begun_ms is None:
            if now_ms < watched.begin_at_ms:
                return []
            watched.begin(now_ms)
            return [Begin(name)]
        watched.still_ms = 0 if turns != watched.turns else watched.still_ms + passed_ms
        watched.turns = turns
        if watched.is_stuck and not watched.part.is_vital and not watched.is_cancelled:
            watched.is_cancelled, watched.still_ms = True, 0
            return [*self._trouble(watched, "stuck"), Cancel(name)]
        if watched.failures and not watched.is_cancelled and now_ms - watched.begun_ms >= STABLE_MS:
            restarts, watched.failures = watched.failures, 0
            return [Recovered(name, restarts)]
        return []

    def _ended(self, watched: _Watched, reason: str, now_ms: int) -> list[WatchdogOutput]:
        if watched.part.is_vital:
            return [GiveUp(watched.part.name)]
        told = [] if watched.is_cancelled else self._trouble(watched, reason)
        watched.end(now_ms)
        return told

    @staticmethod
    def _trouble(watched: _Watched, reason: str) -> list[WatchdogOutput]:
        return [Troubled(watched.part.name, reason)] if watched.failures == 0 else []
