"""What shall go wrong, when, and with whom: a schedule that follows from its seed. Pure.

Moments are counts of movements that staff believe to be booked, so that faults fall into the work however fast the machine is.
A fault holds parts of the plant while it lasts; faults on different parts overlap.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

COLLECTOR, BROKER = "collector", "broker"


class Kind(enum.StrEnum):
    KILL = "kill"  # SIGKILL, then started again.
    FREEZE = "freeze"  # SIGSTOP, then SIGCONT.
    CUT = "line cut"  # Reset, and refused while it lasts.
    HOLE = "silent hole"  # Packets are swallowed, nothing is reset.
    HALF_OPEN = "half-open line"  # The far end has forgotten the connection, the near end is not told.
    SLOW = "slow line"
    FORGET = "broker loses its store"
    DISK_FULL = "disk full"
    CLOCK_STEP = "clock step"
    POWER_CUT = "power cut"  # What was not synced is lost, or some of it.
    RESTORE = "collector restored from an old backup"
    NEW_CARD = "storage replaced"
    EXPIRED = "certificate expired"
    CLONE = "edge cloned"  # Two boxes under one name, until a person stops one of them.


@dataclass(frozen=True, slots=True)
class Nature:
    """How often a kind of fault strikes, whom, for how long, and what it holds of its victim."""

    weight: int
    victims: Mapping[str, int]  # "edge", "collector", "broker" -> how often
    lasts_s: tuple[float, float]
    holds: frozenset[str]
    needs: frozenset[str] = frozenset()  # What nothing else may hold when it begins, and when it ends.


_EDGES_MOST = {"edge": 6, COLLECTOR: 2, BROKER: 2}
_ON_A_LINE = {"edge": 6, COLLECTOR: 2}
_PROCESS, _LINE, _DISK, _CLOCK, _NAME = (frozenset([part]) for part in ("process", "line", "disk", "clock", "name"))

NATURES: Mapping[Kind, Nature] = {
    Kind.KILL: Nature(24, _EDGES_MOST, (0.0, 0.5), _PROCESS),
    Kind.FREEZE: Nature(12, _EDGES_MOST, (0.1, 4.0), _PROCESS),
    Kind.CUT: Nature(12, _ON_A_LINE, (0.0, 4.0), _LINE),
    Kind.HOLE: Nature(8, _ON_A_LINE, (1.0, 9.0), _LINE),
    Kind.HALF_OPEN: Nature(6, _ON_A_LINE, (0.0, 0.0), _LINE),
    Kind.SLOW: Nature(8, _ON_A_LINE, (1.0, 5.0), _LINE),
    Kind.FORGET: Nature(4, {BROKER: 1}, (0.0, 0.5), _PROCESS),
    Kind.DISK_FULL: Nature(6, {"edge": 3, COLLECTOR: 1}, (0.5, 4.0), _DISK),
    Kind.CLOCK_STEP: Nature(8, _ON_A_LINE, (0.5, 5.0), _CLOCK),
    Kind.POWER_CUT: Nature(10, _ON_A_LINE, (0.0, 0.5), _PROCESS | _DISK),
    Kind.RESTORE: Nature(1, {COLLECTOR: 1}, (0.0, 0.0), _PROCESS | _DISK),
    Kind.NEW_CARD: Nature(1, {"edge": 1}, (0.0, 0.5), _PROCESS | _DISK | _NAME),
    Kind.EXPIRED: Nature(3, _ON_A_LINE, (1.0, 6.0), _PROCESS),
    Kind.CLONE: Nature(2, {"edge": 1}, (5.0, 15.0), _NAME, needs=_PROCESS | _DISK),
}


_BACKED_UP = frozenset([f"{COLLECTOR}/process", f"{COLLECTOR}/disk"])  # What went with a card is in no older backup.


@dataclass(frozen=True, slots=True)
class Fault:
    number: int
    after_movements: int
    kind: Kind
    victim: str
    lasts_s: float

    @property
    def holds(self) -> frozenset[str]:
        """Parts of the plant that no other fault may touch meanwhile."""
        own = self._parts(NATURES[self.kind].holds)
        return own | _BACKED_UP if self.kind is Kind.NEW_CARD else own

    @property
    def needs(self) -> frozenset[str]:
        """Parts that must be free when it begins and when it ends."""
        return self._parts(NATURES[self.kind].needs)

    def _parts(self, parts: frozenset[str]) -> frozenset[str]:
        return frozenset(f"{self.victim}/{part}" for part in parts)


def plan(
    seed: str, *, faults: int, movements: int, edges: Sequence[str], kinds: Collection[Kind] = tuple(Kind)
) -> list[Fault]:
    """Each kind strikes at least once, if there are as many faults as kinds; the same seed gives the same schedule."""
    dice = random.Random(seed)
    able = [kind for kind in Kind if kind in kinds]
    weights = [NATURES[kind].weight for kind in able]
    chosen = [*able[:faults], *dice.choices(able, weights, k=max(0, faults - len(able)))]
    dice.shuffle(chosen)
    moments = sorted(dice.randrange(movements) for _ in chosen)
    return [
        Fault(number, moment, kind, _victim(kind, edges, dice), round(dice.uniform(*NATURES[kind].lasts_s), 2))
        for number, (moment, kind) in enumerate(zip(moments, chosen, strict=True), start=1)
    ]


def _victim(kind: Kind, edges: Sequence[str], dice: random.Random) -> str:
    victims = NATURES[kind].victims
    (victim,) = dice.choices(list(victims), list(victims.values()))
    return dice.choice(edges) if victim == "edge" else victim
