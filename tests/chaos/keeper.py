"""The person at the centre who is told of a held log, and decides as docs/operating/fork.md says, with our own command."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.chaos.plan import COLLECTOR
from tests.end_to_end.plant import read

if TYPE_CHECKING:
    from tests.chaos.world import World

_HELD = "SELECT edge_id, epoch FROM log WHERE is_forked AND stream = 'journal'"
_EVERY_S = 0.5


class Keeper:
    """`look()` now and then. `is_free(part)`: no fault holds this part of the plant now."""

    def __init__(self, world: World, is_free: Callable[[str], bool]) -> None:
        self._world, self._is_free = world, is_free
        self._looks_at = 0.0
        self._released: set[tuple[str, str]] = set()
        self.told: Counter[str] = Counter()

    def look(self) -> None:
        if time.monotonic() < self._looks_at:
            return
        self._looks_at = time.monotonic() + _EVERY_S
        for name in self._world.load.edge_ids:
            if name not in self._world.full:  # Not even a reader may open a database on a full disk.
                self._world.twins.look(name)
        if COLLECTOR in self._world.full:
            return
        for edge_id, epoch in read(self._world.plant.ledger_file, _HELD):
            if self._may_decide(edge_id):
                self._decide(edge_id, epoch)

    def _may_decide(self, edge_id: str) -> bool:
        """Both boxes must not run any more: whatever is released would be held again at once."""
        parts = (f"{who}/{part}" for who in (edge_id, COLLECTOR) for part in ("process", "disk"))
        return not self._world.twins.is_running(edge_id) and all(self._is_free(part) for part in parts)

    def _decide(self, edge_id: str, epoch: str) -> None:
        """Held again after a release: the book has the content of the other box. Then this one begins anew."""
        world = self._world
        if (edge_id, epoch) in self._released and world.epoch(edge_id) == epoch:
            world.twins.begin_anew(edge_id)
            self.told["began a new epoch"] += 1
        name, environment = f"{edge_id}/{epoch}", world.hardware[COLLECTOR].environment
        world.plant.centre(
            "forks", "--release", name, "--actor", "keeper", "--note", "twin gone", environment=environment
        )
        self._released.add((edge_id, epoch))
        self.told["released"] += 1
        world.back_up()  # What the box that is gone had delivered could never be refilled into an older one.
