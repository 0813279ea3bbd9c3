"""Carry a schedule of faults out while staff work; then let everything drain, and compare the book with the truth."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import STRIKES, Ending
from tests.chaos.keeper import Keeper
from tests.chaos.plan import COLLECTOR, Fault, Kind, plan
from tests.chaos.world import Load, World
from tests.end_to_end import comparison
from tests.end_to_end.loaded_edge import PROBE
from tests.end_to_end.readings import ReadingsLost

DRAINED_WITHIN_S = 180.0
BACKUP_EVERY_MAX = 25_000  # Movements; in a short campaign a twentieth of it.
SAID_EVERY_S = 30.0
FOUND_AFTER_S = 60.0  # A clone that the centre does not see.


@dataclass(slots=True)
class Result:
    """What came of a campaign that found nothing wrong; times in seconds."""

    faults: Counter[str] = field(default_factory=Counter)  # By kind.
    struck: Counter[str] = field(default_factory=Counter)  # By victim.
    worked_s: float = 0.0  # From the start until the last fault has ended and staff believe in everything.
    drained_s: float = 0.0
    told: Counter[str] = field(default_factory=Counter)
    readings: ReadingsLost = field(default_factory=lambda: ReadingsLost(0, []))
    verify: str = ""
    ended_by_itself: int = 0
    clones: Counter[str] = field(default_factory=Counter)  # What the centre had made of them when a person came.
    keeper: Counter[str] = field(default_factory=Counter)  # What the person at the centre did about clones.
    left_out: list[str] = field(default_factory=list)  # Kinds of fault that this machine cannot do.


def conduct(
    folder: Path,
    load: Load,
    faults: int,
    seed: str,
    *,
    replay: str,
    with_tls: bool = True,
    only: Collection[Kind] | None = None,
) -> Result:
    """One campaign. Whatever it raises says how to have the same schedule again; `folder` holds what is left."""
    try:
        with World(folder, load, seed, with_tls=with_tls) as world:
            able = world.able()
            kinds = able if only is None else only
            schedule = plan(seed, faults=faults, movements=load.movements, edges=load.edge_ids, kinds=kinds)
            result = Campaign(world, schedule, seed, folder / "faults.jsonl").run()
    except BaseException as error:
        error.add_note(f"The same schedule again: {replay}\nWhat is left: {folder}")
        raise
    result.left_out = [kind for kind in Kind if kind not in able]
    return result


@dataclass(frozen=True, slots=True)
class _Lasting:
    fault: Fault
    due: float
    end: Ending


class Campaign:
    """`run()` returns the result, or raises AssertionError."""

    def __init__(self, world: World, faults: list[Fault], seed: str, log_file: Path) -> None:
        self._world, self._faults, self._seed = world, faults, seed
        self._log_file = log_file
        self._lasting: list[_Lasting] = []
        self._began = self._says_at = 0.0
        self._backups = 0
        self._keeper = Keeper(world, lambda part: not any(part in one.fault.holds for one in self._lasting))

    def run(self) -> Result:
        world, result = self._world, Result()
        self._began = time.monotonic()
        world.start()
        for fault in self._faults:
            self._wait_for(fault.after_movements)
            self._strike(fault)
            result.faults[fault.kind] += 1
            result.struck[fault.victim.split("-")[0]] += 1
        self._wait_for(world.load.of_each * world.load.edges)
        world.wait_until(lambda: not self._lasting, self._keep_house)
        result.worked_s = time.monotonic() - self._began
        result.drained_s = self._drain()
        self._check(result)
        return result

    def _wait_for(self, movements: int) -> None:
        self._world.wait_until(lambda: self._world.believed() >= movements, self._keep_house)

    def _keep_house(self) -> None:
        self._end_those_due()
        self._say_how_far()
        self._keeper.look()
        every = min(BACKUP_EVERY_MAX, -(-self._world.load.movements // 20))
        share = self._world.believed() // every
        if share > self._backups and COLLECTOR not in self._world.full:
            self._backups = share
            self._world.back_up()

    def _strike(self, fault: Fault) -> None:
        """One on a part that another fault still holds ends that one first."""
        self._free(fault.holds | fault.needs)
        self._world.look_after()
        dice = random.Random(f"{self._seed}/{fault.number}")
        self._note(fault, "strikes")
        end = STRIKES[fault.kind](self._world, fault, dice)
        self._lasting.append(_Lasting(fault, time.monotonic() + fault.lasts_s, end))
        self._end_those_due()

    def _end_those_due(self) -> None:
        now = time.monotonic()
        for lasting in [one for one in self._lasting if one.due <= now]:
            if lasting in self._lasting and not self._is_awaited(lasting, now):
                self._end(lasting)

    def _is_awaited(self, lasting: _Lasting, now: float) -> bool:
        """A person hears of a clone when the two boxes part at the centre; if nothing comes of it, it is found all the same."""
        if lasting.fault.kind is not Kind.CLONE or now > lasting.due + FOUND_AFTER_S:
            return False
        return not self._world.twins.have_parted(lasting.fault.victim)

    def _free(self, parts: Collection[str]) -> None:
        """End whatever still holds one of these parts."""
        for lasting in list(self._lasting):
            if lasting in self._lasting and lasting.fault.holds & frozenset(parts):
                self._end(lasting)

    def _end(self, lasting: _Lasting) -> None:
        self._lasting.remove(lasting)
        self._free(lasting.fault.needs)
        lasting.end()
        self._note(lasting.fault, "ends")

    def _drain(self) -> float:
        """Until the centre has acknowledged everything; the seconds that it took."""
        since = time.monotonic()
        self._world.wait_until(self._world.have_begun, self._keep_house)
        ends, decided = self._world.ends(), self._keeper.told.total()

        def everything_is_there() -> bool:
            nonlocal ends, decided
            assert time.monotonic() - since < DRAINED_WITHIN_S, f"not drained within {DRAINED_WITHIN_S} s"
            if decided != self._keeper.told.total():
                ends, decided = self._world.ends(), self._keeper.told.total()
            return self._world.centre_holds(ends) and self._world.is_unmixed()

        self._world.wait_until(everything_is_there, self._keep_house)
        return time.monotonic() - since

    def _check(self, result: Result) -> None:
        plant = self._world.plant
        for program in [*plant.edges.values(), plant.collector]:
            program.stop()
        result.ended_by_itself = self._world.ended_by_itself.total()
        result.verify = plant.centre("verify")
        result.keeper = self._keeper.told
        for name in self._world.load.edge_ids:
            result.clones += self._world.twins.of(name).outcomes
        result.told, result.readings = comparison.check_all(plant, self._world.truths(), PROBE)
        assert result.told["believed"] >= self._world.load.of_each * self._world.load.edges

    def _say_how_far(self) -> None:
        now = time.monotonic() - self._began
        if now >= self._says_at:
            self._says_at = now + SAID_EVERY_S
            believed = self._world.believed()
            struck = sum(fault.after_movements <= believed for fault in self._faults)
            print(f"{now:6.0f} s: {believed:,} movements, {struck:,} faults", flush=True)

    def _note(self, fault: Fault, what: str) -> None:
        entry = {
            "at_s": round(time.monotonic() - self._began, 3),
            "seed": self._seed,
            "number": fault.number,
            "fault": fault.kind,
            "victim": fault.victim,
            "what": what,
            "movements": self._world.believed(),
        }
        with self._log_file.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")
