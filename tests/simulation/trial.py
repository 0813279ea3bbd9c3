"""One seed: a plan that switches each fault on or off, and its run."""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from onebook_collector.ingest.decide import Pace
from onebook_edge.outbox.retention import DiskBudget
from tests.simulation.disk import Card, new_card
from tests.simulation.network import Line, NetworkFaults
from tests.simulation.simulation import ROOMY, SETTINGS, Simulation
from tests.simulation.world import World

STORM_MS = 20_000
SMALL = DiskBudget(journal_bytes=6_000, telemetry_bytes=1_500, free_bytes_min=500)
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """Which faults a seed has. Drawn in a fixed order, so that a seed means the same for ever."""

    boxes: int
    collectors: int
    drop: bool
    duplicate: bool
    delay: bool
    damage: bool
    cuts: bool
    holes: bool
    broker_loss: bool
    edge_deaths: bool
    power_cuts: bool
    collector_deaths: bool
    restores: bool
    new_cards: bool
    old_copies: bool
    clones: bool
    bad_events: bool
    small_card: bool
    full_card: bool
    wrong_clocks: bool
    paced: bool

    @classmethod
    def draw(cls, world: World) -> Plan:
        random = world.random

        def on(probability: float = 0.4) -> bool:
            return random.random() < probability

        return cls(
            boxes=random.choice((1, 1, 1, 1, 1, 2, 3)), collectors=random.choice((1, 1, 2)),
            drop=on(), duplicate=on(), delay=on(), damage=on(), cuts=on(), holes=on(0.2), broker_loss=on(0.2),
            edge_deaths=on(), power_cuts=on(), collector_deaths=on(), restores=on(), new_cards=on(0.1),
            old_copies=on(0.1), clones=on(0.1), bad_events=on(), small_card=on(), full_card=on(0.2),
            wrong_clocks=on(), paced=on(0.2),
        )  # fmt: skip


class Trial:
    """`Trial(seed).run()` raises BrokenError if the promise is."""

    def __init__(self, seed: int, *, tracing: bool = False) -> None:
        self.world = World(seed, tracing=tracing)
        self.plan = plan = Plan.draw(self.world)
        self.world.say("trial", "has the plan", plan=plan)
        self.simulation = Simulation(
            self.world,
            plan.boxes,
            plan.collectors,
            SMALL if plan.small_card else ROOMY,
            replace(SETTINGS, upload_events_max=self.world.random.choice((3, 20, 500))),
        )

    def run(self) -> None:
        self._begin()
        self.simulation.run(STORM_MS)
        self._end()
        self.simulation.settle()

    def _begin(self) -> None:
        plan, simulation, random = self.plan, self.simulation, self.world.random
        simulation.network.faults = NetworkFaults(
            drop=random.uniform(0.02, 0.4) if plan.drop else 0,
            duplicate=random.uniform(0.02, 0.4) if plan.duplicate else 0,
            repeat=random.uniform(0.02, 0.4) if plan.duplicate else 0,
            damage=random.uniform(0.02, 0.2) if plan.damage else 0,
            delay_ms_max=random.choice((1_000, 10_000)) if plan.delay else 50,
        )
        for node, warehouse in zip(simulation.nodes, simulation.warehouses, strict=True):
            node.death_chance = random.uniform(0.001, 0.02) if plan.edge_deaths else 0
            node.power_cuts = plan.power_cuts
            node.wrong_clock_chance = 0.5 if plan.wrong_clocks else 0
            warehouse.bad_share = 0.15 if plan.bad_events else 0
            if not plan.small_card and not plan.full_card:  # Thinning reads what it sums up.
                warehouse.bad_telemetry_share = warehouse.bad_share
            warehouse.start()
        for office in simulation.offices:
            office.death_chance = random.uniform(0.005, 0.05) if plan.collector_deaths else 0
            office.pace = Pace(random.choice((300, 1_500)), random.choice((None, 5))) if plan.paced else Pace()
        if plan.broker_loss:
            simulation.network.queue_max = 5
        self._plan_events()

    def _plan_events(self) -> None:
        plan = self.plan
        for switched_on, times, action in (
            (plan.cuts, 3, self._cut_line),
            (plan.holes, 2, self._open_hole),
            (plan.broker_loss, 2, self.simulation.network.lose_everything),
            (plan.restores, 2, self._back_up),
            (plan.restores, 2, self._restore),
            (plan.new_cards, 1, self._put_in_new_card),
            (plan.old_copies, 1, self._copy_card),
            (plan.clones, 1, self._clone_box),
            (plan.full_card, 3, self._fill_card),
            (plan.wrong_clocks, 2, self._step_clock),
        ):
            for _ in range(times if switched_on else 0):
                self.world.after(self.world.random.randrange(STORM_MS), action)

    def _end(self) -> None:
        simulation = self.simulation
        self.world.say("trial", "ends all faults")
        simulation.network.faults = NetworkFaults()
        for node, warehouse in zip(simulation.nodes, simulation.warehouses, strict=True):
            node.death_chance = node.wrong_clock_chance = warehouse.bad_share = warehouse.bad_telemetry_share = 0
            warehouse.open = False
            simulation.network.set_line(node, Line.OPEN)
            _empty(node.card)
            if node.name.endswith("-twin"):
                node.retire()
        for office in simulation.offices:
            office.death_chance = 0
        for key in simulation.promise.held:
            simulation.centre.release(key)

    # Faults that come at a moment -------------------------------------------------------------------------------

    def _cut_line(self) -> None:
        self._spoil_line(Line.CUT)

    def _open_hole(self) -> None:
        self._spoil_line(Line.HOLE)

    def _spoil_line(self, line: Line) -> None:
        node = self.world.random.choice(self.simulation.nodes)
        self.world.say(node.name, "has its line spoiled", line=line)
        self.simulation.network.set_line(node, line)
        self.world.after(self.world.between(500, 15_000), self.simulation.network.set_line, node, Line.OPEN)

    def _back_up(self) -> None:
        self.simulation.centre.back_up()

    def _restore(self) -> None:
        centre = self.simulation.centre
        if centre.backups:
            centre.restore(self.world.random.choice(centre.backups))

    def _put_in_new_card(self) -> None:
        node = self.world.random.choice(self.simulation.nodes)
        self.simulation.replace_card(node, new_card(self.world, node.edge_id, self.simulation.card_bytes))

    def _fill_card(self) -> None:
        """Others take nearly all that is left, for a while."""
        card = self.world.random.choice(self.simulation.nodes).card
        card.foreign_bytes += max(card.free_bytes - self.world.random.randrange(3_000), 0)
        self.world.after(self.world.between(1_000, 15_000), _empty, card)

    def _copy_card(self) -> None:
        node = self.world.random.choice(self.simulation.nodes)
        copy = node.card.copy()
        left_ms = max(STORM_MS - self.world.now_ms, 1)
        self.world.after(self.world.between(1, left_ms), self.simulation.put_back_copy, node, copy)

    def _clone_box(self) -> None:
        node = self.world.random.choice(self.simulation.nodes)
        self.simulation.clone(node)
        self.simulation.warehouses[-1].start()

    def _step_clock(self) -> None:
        node = self.world.random.choice(self.simulation.nodes)
        if node.alive:
            node.lose_time(self.world.between(-(10**9), 10**9))


def _empty(card: Card) -> None:
    card.foreign_bytes = 0


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What the machines would log is not what a trial is looked at for."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def run_seed(seed: int, *, tracing: bool = False) -> Counter[str]:
    """Gives what the trial has met. Raises BrokenError."""
    with quiet():
        trial = Trial(seed, tracing=tracing)
        trial.run()
    return trial.simulation.promise.seen


@dataclass(frozen=True, slots=True)
class Sweep:
    """What many seeds came to: by failing seed, what broke; and what all of them have met."""

    broken: dict[int, str]
    seen: Counter[str]


def run_seeds(seeds: range, processes: int = 2) -> Sweep:
    """Run these seeds, in chunks, over so many processes."""
    chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    sweep = Sweep({}, Counter())
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for part in pool.map(_run_chunk, chunks):
            sweep.broken.update(part.broken)
            sweep.seen.update(part.seen)
    return sweep


def replay_command(seed: int) -> str:
    return f"python -m tests.simulation --seed {seed} --trace"


def _run_chunk(seeds: range) -> Sweep:
    sweep = Sweep({}, Counter())
    gc.disable()  # A trial leaves little behind; one look at the end of a chunk is cheaper than hundreds on the way.
    for seed in seeds:
        try:
            sweep.seen.update(run_seed(seed))
        except Exception as error:  # noqa: BLE001 - Whatever a seed raises is its result.
            sweep.broken[seed] = f"{type(error).__name__}: {error}"
    gc.collect()
    return sweep
