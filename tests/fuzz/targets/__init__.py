"""Everything that hears bytes of strangers, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fuzz.bombardment import Tally, Target, bombard
from tests.fuzz.targets import codes, documents, drivers, modbus, tables, uploads

TARGETS: Mapping[str, Target] = {
    target.name: target for part in (drivers, modbus, codes, uploads, documents, tables) for target in part.targets()
}


def fire(name: str, seed: int, rounds: range) -> Tally:
    """What a process of its own is asked to do. Raises CrashedError."""
    return bombard(TARGETS[name], seed, rounds)
