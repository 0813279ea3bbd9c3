"""Clones: the storage of a running edge is copied, and a second box runs with it under the same name.

A person then stops one of the two, and keeps its folder. What becomes of the log that the centre holds is keeper.py.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.chaos.plan import COLLECTOR
from tests.end_to_end.plant import ONEBOOK, has_table, read
from tests.end_to_end.programs import Program, run_once
from tests.end_to_end.truth import Twin

if TYPE_CHECKING:
    from tests.chaos.world import World

NOT_SEEN = "not seen by the centre yet"
_MARGIN_MS = 1_000
_PROBES_APART = 100_000_000  # What the probes of two boxes say must not be the same.
_IDS = "SELECT json_extract(body, '$.fact.movement_id') FROM event"


@dataclass(slots=True)
class _Running:
    """A clone that runs."""

    program: Program
    storage: Path
    truth: Path
    copied_at: int
    since_ms: int


@dataclass(slots=True)
class OfEdge:
    """What became of the clones of one edge."""

    truths: list[Twin] = field(default_factory=list)
    kept_beside: set[str] = field(default_factory=set)  # Movements that only a box that was not chosen has recorded.
    windows: list[tuple[int, int]] = field(default_factory=list)  # Monotonic ms: two boxes wrote into one log.
    since_ms: int | None = None  # Such a window is open.
    outcomes: Counter[str] = field(default_factory=Counter)  # What the centre had made of them when a person came.
    ended: set[str] = field(default_factory=set)  # Files of epochs that boxes put aside for a new one.

    def note_ended(self, storage: Path) -> None:
        self.ended |= {path.name for path in storage.glob("journal-*.old.db")}


class Twins:
    """`make` and `decide`; one clone of an edge at a time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[str, _Running] = {}
        self._of: dict[str, OfEdge] = defaultdict(OfEdge)

    def of(self, name: str) -> OfEdge:
        return self._of[name]

    def is_running(self, name: str) -> bool:
        return name in self._running

    def must_run(self) -> None:
        for one in self._running.values():
            one.program.must_run()

    def end(self) -> None:
        for one in self._running.values():
            if one.program.is_running:
                one.program.kill()

    def make(self, name: str) -> None:
        """An image of the storage as it is at one moment, and a second box that runs with it."""
        world, number = self._world, len(self._of[name].truths) + 1
        folder = world.plant.folder / "twins" / f"{name}.{number}"
        program = world.program(name)
        if not program.is_running:  # It has just ended, its disk was full.
            program.start()
        program.signal(signal.SIGSTOP)
        copied_at = world.attempted(name)
        shutil.copytree(world.storage(name), folder / "storage", ignore=shutil.ignore_patterns("*-shm"))
        program.signal(signal.SIGCONT)
        (folder / "truth").mkdir()
        since_ms = time.monotonic_ns() // 1_000_000 - _MARGIN_MS
        self._of[name].since_ms = self._of[name].since_ms or since_ms
        twin = world.build_twin(name, folder, number * _PROBES_APART)
        self._running[name] = _Running(twin, folder / "storage", folder / "truth", copied_at, since_ms)
        twin.start()

    def decide(self, name: str, *, twin_stays: bool) -> None:
        """One box is stopped for good, and its folder is kept; the other one is the edge from now on."""
        world, of, one = self._world, self._of[name], self._running.pop(name)
        one.program.kill()
        of.outcomes[self._outcome(name, one)] += 1
        storage, kept = world.storage(name), one.storage
        if twin_stays:
            world.kill(name)
            kept = one.storage.with_name("kept")
            shutil.copytree(storage, kept, ignore=shutil.ignore_patterns("*-shm"))
            empty(storage)
            shutil.copytree(one.storage, storage, dirs_exist_ok=True)
            world.hardware[name].settle()
        of.truths.append(Twin(one.truth, one.copied_at, world.attempted(name), twin_stays))
        of.kept_beside |= _movements_in(kept) - _movements_in(storage)
        of.note_ended(kept)
        if twin_stays:
            shutil.rmtree(one.storage)
            world.revive(name)

    def _outcome(self, name: str, one: _Running) -> str:
        """What the centre has made of it until now; called before anybody decides."""
        if self._world.full.keys() & {name, COLLECTOR}:  # Not even a reader may open a database on a full disk.
            return NOT_SEEN
        if _epoch(self._world.storage(name)) != _epoch(one.storage):
            return "began a new epoch by itself"
        query = "SELECT count(*) FROM log WHERE is_forked AND edge_id = ?"
        return "held" if read(self._world.plant.ledger_file, query, [name]) != [(0,)] else NOT_SEEN

    def have_parted(self, name: str) -> bool:
        return self._outcome(name, self._running[name]) != NOT_SEEN

    def begin_anew(self, name: str) -> None:
        """A new epoch for a box that cannot go on with the log that is held. All that its journal holds goes along.

        So does the telemetry that waits, though the centre may have it and could not say so: it may then be doubled.
        """
        world, of = self._world, self._of[name]
        of.since_ms = of.since_ms or time.monotonic_ns() // 1_000_000 - _MARGIN_MS
        world.kill(name)
        call = ("edge", "new-epoch", "--config", str(world.plant.folder / f"{name}.toml"))
        done = run_once(ONEBOOK, *call, environment=world.hardware[name].environment)
        assert done.returncode == 0, f"onebook edge new-epoch: {done.returncode}\n{done.stdout}\n{done.stderr}"
        world.revive(name)

    def look(self, name: str) -> None:
        """Whether the telemetry of two boxes is no longer mixed: all that the chosen one holds was heard since."""
        of = self._of[name]
        if of.since_ms is None or self.is_running(name) or not self._world.is_heard(name):
            return
        of.windows.append((of.since_ms, time.monotonic_ns() // 1_000_000 + _MARGIN_MS))
        of.since_ms = None


def empty(storage: Path) -> None:
    """The folder itself may be a small disk: it stays."""
    for left in storage.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def _epoch(storage: Path) -> str:
    journal = storage / "journal.db"
    ((epoch,),) = read(journal, "SELECT epoch FROM identity") if has_table(journal, "identity") else [("",)]
    return str(epoch)


def _movements_in(storage: Path) -> set[str]:
    journal = storage / "journal.db"
    rows = read(journal, _IDS) if has_table(journal, "event") else []
    return {movement_id for (movement_id,) in rows if movement_id}
