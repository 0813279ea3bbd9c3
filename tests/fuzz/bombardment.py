"""Runs targets under fire: seeded, counted, measured. What it finds can be replayed by one command.

A round is `ROUND_INPUTS` inputs at one fresh instance of the target, so that state between inputs is hit too. Everything that
happens in a round follows from (seed, target, round).
"""

from __future__ import annotations

import resource
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

ROUND_INPUTS = 50
WARM_UP_ROUNDS = 20
TRACED_ROUNDS = 3

Hit = Callable[[bytes], str | None]
"""Takes an input. None: it was taken for something valid. Otherwise the reason, in words, for which it was not."""


@dataclass(frozen=True)
class Target:
    """Something that hears bytes of strangers. An exception out of `hit` is a crash."""

    name: str
    forge: Callable[[Random], bytes]
    open: Callable[[Random], Hit]
    close: Callable[[Hit], None] = lambda hit: None  # Looks at what the round has left behind.


class CrashedError(AssertionError):
    """Carries the command that replays it."""


@dataclass
class Tally:
    """What became of the inputs of one target."""

    inputs: int = 0
    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # By reason.
    longest_bytes: int = 0
    traced_peak_bytes: int = 0
    resident_growth: float = 1.0  # Resident memory at the end / after the warm-up.
    cpu_s: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "refused": dict(self.refused.most_common())}


def bombard(target: Target, seed: int, rounds: range) -> Tally:
    """Fire these rounds at a target. Raises CrashedError."""
    tally, began = Tally(), time.process_time()
    resident = resident_bytes()
    for position, number in enumerate(rounds):
        if position < TRACED_ROUNDS:
            tracemalloc.start()
        fire_round(target, seed, number, tally)
        if tracemalloc.is_tracing():
            tally.traced_peak_bytes = max(tally.traced_peak_bytes, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        if position == WARM_UP_ROUNDS:
            resident = resident_bytes()
    tally.resident_growth = round(resident_bytes() / resident, 3)
    tally.cpu_s = round(time.process_time() - began, 2)
    return tally


def fire_round(target: Target, seed: int, number: int, tally: Tally, say: Callable[[str], None] | None = None) -> None:
    dice = Random(f"{seed}/{target.name}/{number}")
    hit = target.open(dice)
    body = b""
    try:
        for _ in range(ROUND_INPUTS):
            body = target.forge(dice)
            reason = hit(body)
            assert reason is None or reason.strip(), "refused without a word"
            tally.inputs += 1
            tally.longest_bytes = max(tally.longest_bytes, len(body))
            if reason is None:
                tally.taken += 1
            else:
                tally.refused[reason[:60]] += 1
            if say:
                say(f"{body[:200]!r} -> {reason or 'taken'}")
        target.close(hit)
    except Exception as error:
        command = f"python -m tests.fuzz --target {target.name} --seed {seed} --round {number}"
        raise CrashedError(f"{type(error).__name__}: {error}\nlast input {body[:500]!r}\nreplay: {command}") from error


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
