"""The virtual world: one clock that only moves from event to event, and one source of chance."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

from onebook_edge.machine import Instant

BEGINNING_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z: Unix time of the world's first moment.


class Died(Exception):
    """A process is gone, between two steps. Nothing after this happens."""


class World:
    """Runs actions in the order of their time. The same seed gives the same run, to the last byte."""

    def __init__(self, seed: int, *, tracing: bool = False) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.tracing = tracing
        self.now_ms = 0
        self.steps = 0
        self._order = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []

    @property
    def wall_ms(self) -> int:
        """True Unix time."""
        return BEGINNING_MS + self.now_ms

    def after(self, delay_ms: int, action: Callable[..., None], *arguments: object) -> None:
        """Do this later; what is due at the same millisecond happens in the order in which it was asked for."""
        self._order += 1
        heapq.heappush(self._heap, (self.now_ms + delay_ms, self._order, action, arguments))

    def run(self, until_ms: int) -> None:
        """Take steps until this moment."""
        while self._heap and self._heap[0][0] <= until_ms:
            self.now_ms, _, action, arguments = heapq.heappop(self._heap)
            action(*arguments)
            self.steps += 1
        self.now_ms = until_ms

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + int(self.random.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def hexadecimal(self, digits: int) -> str:
        """A random name, such as an epoch or a boot has."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def say(self, who: str, what: str, **details: object) -> None:
        """One line of the trace."""
        if self.tracing:
            words = " ".join(f"{key}={value}" for key, value in details.items())
            print(f"{self.now_ms:>8} ms  {who:<12} {what} {words}".rstrip())


class BoxClock:
    """The clocks of one box, as the edge's Clock protocol: each boot begins a new monotonic count.

    The wall clock of a box without a battery is wrong until it is synchronised.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._synchronised = True
        self._wall_error_ms = 0
        self.boot_id = ""
        self._booted_at_ms = 0
        self.boot(wall_error_ms=0)

    def boot(self, wall_error_ms: int) -> None:
        """Start anew. A box that is wrong does not know it; `synchronise` tells it."""
        self.boot_id = self._world.hexadecimal(16)
        self._booted_at_ms = self._world.now_ms - self._world.random.randrange(1_000, 20_000)
        self.step(wall_error_ms)

    def step(self, wall_error_ms: int) -> None:
        """The wall clock jumps. A jump away from the truth is one that no time server has asked for."""
        self._wall_error_ms = wall_error_ms
        self._synchronised = wall_error_ms == 0

    def now(self) -> Instant:
        now_ms = self._world.now_ms
        return Instant(now_ms - self._booted_at_ms, self._world.wall_ms + self._wall_error_ms)

    def synchronised(self) -> bool:
        return self._synchronised

    def true_ms(self, monotonic_ms: int) -> int:
        """World time of a moment of this boot."""
        return self._booted_at_ms + monotonic_ms
