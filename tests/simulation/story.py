"""The language of the scenarios: what people do, what breaks, and how it ends, one method each.

A story acts at once, and the promise is watched throughout as in every trial.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from onebook_collector.ingest.decide import Pace
from onebook_edge.outbox.retention import DiskBudget
from onebook_schemas.uplink import Stream
from tests.simulation.disk import Card, carry_through, new_card, size_of
from tests.simulation.edge_node import EdgeNode
from tests.simulation.network import Line, NetworkFaults
from tests.simulation.simulation import ROOMY, SETTINGS, Simulation
from tests.simulation.workload import Warehouse
from tests.simulation.world import World


@dataclass(slots=True)
class Story:
    """One box unless told otherwise; `on(n)` turns to another."""

    boxes: int = 1
    collectors: int = 1
    budget: DiskBudget = ROOMY
    events_max: int = 20
    tracing: bool = False
    simulation: Simulation = field(init=False)
    _at: int = 0
    _copy: Card | None = None

    def __post_init__(self) -> None:
        settings = replace(SETTINGS, upload_events_max=self.events_max)
        world = World(1, tracing=self.tracing)
        self.simulation = Simulation(world, self.boxes, self.collectors, self.budget, settings)
        self.passes(1_000)

    @property
    def node(self) -> EdgeNode:
        return self.simulation.nodes[self._at]

    @property
    def warehouse(self) -> Warehouse:
        return self.simulation.warehouses[self._at]

    # People and devices -----------------------------------------------------------------------------------------

    def on(self, box: int) -> Story:
        self._at = box
        return self

    def books(self, times: int) -> Story:
        for _ in range(times):
            self.warehouse.book_something()
        return self

    def books_badly(self, times: int) -> Story:
        self.warehouse.bad_share = 1
        self.books(times).warehouse.bad_share = 0
        return self

    def bad_share(self, share: float) -> Story:
        """So much of what is booked is bad, everywhere."""
        for warehouse in self.simulation.warehouses:
            warehouse.bad_share = share
        return self

    def measures(self, times: int) -> Story:
        for _ in range(times):
            self.warehouse.measure()
        return self

    def works(self, duration_ms: int, *, every_ms: int = 500) -> Story:
        """Every warehouse books and measures all the while."""
        for _ in range(duration_ms // every_ms):
            for warehouse in self.simulation.warehouses:
                warehouse.book_something()
                warehouse.measure()
            self.passes(every_ms)
        return self

    def measures_until_it_saw(self, what: str) -> Story:
        """Every millisecond."""
        while not self.simulation.promise.seen[what]:
            self.measures(1).passes(1)
        return self

    def dials(self) -> Story:
        self.node.dial()
        return self

    def passes(self, duration_ms: int) -> Story:
        self.simulation.run(duration_ms)
        return self

    # Faults -----------------------------------------------------------------------------------------------------

    def line(self, line: Line) -> Story:
        self.simulation.network.set_line(self.node, line)
        return self

    def network(self, **faults: float) -> Story:
        self.simulation.network.faults = replace(NetworkFaults(), **faults)  # type: ignore[arg-type]
        return self

    def dies(self, *, power: bool) -> Story:
        """A power cut of the worst kind: nothing that was not synced is left."""
        if power:
            for file in self.node.card.files.values():
                file.unsynced.clear()
        self.node.die(power=power, why="the story says so")
        return self

    def collector_dies_at(self, step: str) -> Story:
        self.simulation.offices[0].dies_at = step
        return self

    def backs_up(self) -> Story:
        self.simulation.centre.back_up()
        return self

    def restores(self) -> Story:
        self.simulation.centre.restore(self.simulation.centre.backups[-1])
        return self

    def copies_card(self) -> Story:
        self._copy = self.node.card.copy()
        return self

    def puts_copy_back(self) -> Story:
        assert self._copy is not None
        self.simulation.put_back_copy(self.node, self._copy)
        return self

    def gets_new_card(self) -> Story:
        node = self.node
        self.simulation.replace_card(node, new_card(self.simulation.world, node.edge_id, node.card.capacity_bytes))
        return self

    def is_cloned(self) -> Story:
        self.simulation.clone(self.node)
        return self

    def retires(self) -> Story:
        self.node.retire()
        return self

    def releases(self) -> Story:
        for key in self.simulation.promise.held:
            self.simulation.centre.release(key)
        return self

    def card_has_left(self, free_bytes: int) -> Story:
        card = self.node.card
        card.foreign_bytes = 0
        card.foreign_bytes = card.free_bytes - free_bytes
        return self

    def makes_room(self) -> Story:
        carry_through(self.node.outbox.make_room())
        return self

    def forgets_journal_that_is_backed_up(self) -> Story:
        """Retention drops what was delivered when the centre was backed up."""
        store, backup = self.node.store(Stream.JOURNAL), self.simulation.centre.backups[-1]
        through = backup.remembered.accepted[store.key]
        kept = sum(size_of(event) for event in store.kept() if event.sequence > through)
        carry_through(store.drop_delivered(kept, 0))
        return self

    def uploads_at_most(self, events: int) -> Story:
        self.node.settings = replace(self.node.settings, upload_events_max=events)
        return self

    def asks_for_pace(self, pace: Pace) -> Story:
        for office in self.simulation.offices:
            office.pace = pace
        return self

    def clock_is_off(self, wall_error_ms: int) -> Story:
        self.node.clock.step(wall_error_ms)
        return self

    def clock_is_set(self) -> Story:
        self.node.synchronise_clock()
        return self

    # Ends -------------------------------------------------------------------------------------------------------

    def settles(self) -> Story:
        self.simulation.settle()
        return self

    def saw(self, what: str, *, times: int | None = None) -> Story:
        """Something that the story is about has really happened."""
        seen = self.simulation.promise.seen
        assert seen[what] > 0 if times is None else seen[what] == times, f"{what}: {seen}"
        return self
