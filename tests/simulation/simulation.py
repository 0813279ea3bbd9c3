"""A province in one process: boxes, warehouses, collectors, a broker, and a promise that watches them all."""

from __future__ import annotations

from dataclasses import dataclass, field

from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_edge.outbox.retention import DiskBudget
from onebook_edge.uplink.machine import UplinkSettings
from onebook_schemas.chain import HashAlgorithm
from tests.simulation.checkers import Promise
from tests.simulation.collector_node import Centre, CollectorNode
from tests.simulation.disk import Card, new_card
from tests.simulation.edge_node import EdgeNode
from tests.simulation.network import Network
from tests.simulation.workload import Warehouse, catalogue
from tests.simulation.world import World

CARD_BYTES = 1_000_000
DRAINED_AFTER_MS = 35_000  # After the faults have stopped, everything has arrived within this time.
PROBE_MS = 15_000
FRESH_AFTER_MS = 6_000  # And a fresh event within this.
ROOMY = DiskBudget(free_bytes_min=500)
SETTINGS = UplinkSettings(upload_events_max=20, probe_ms=PROBE_MS)
EDGE_IDS = ["edge-a", "edge-b", "edge-c"]


@dataclass(slots=True)
class Simulation:
    """Built quiet and healthy; whoever drives it brings the faults."""

    world: World
    boxes: int = 1
    collectors: int = 1
    budget: DiskBudget = ROOMY
    settings: UplinkSettings = SETTINGS
    card_bytes: int = CARD_BYTES
    network: Network = field(init=False)
    promise: Promise = field(init=False)
    centre: Centre = field(init=False)
    nodes: list[EdgeNode] = field(default_factory=list)
    warehouses: list[Warehouse] = field(default_factory=list)
    offices: list[CollectorNode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.network = Network(self.world)
        self.promise = Promise(self.world)
        algorithm = HashAlgorithm.SM3 if self.world.seed % 2 else HashAlgorithm.SHA256
        book = MemoryBook(LedgerSettings(hash_algorithm=algorithm))
        self.centre = Centre(self.world, book, self.promise)
        edge_ids = EDGE_IDS[: self.boxes]
        catalogue(self.centre.book, edge_ids)
        for edge_id in edge_ids:
            self.add_box(edge_id, edge_id, new_card(self.world, edge_id, self.card_bytes))
        for number in range(1, self.collectors + 1):
            name = f"collector-{number}"
            self.offices.append(CollectorNode(self.world, self.network, self.promise, self.centre, name))
        self.network.consumers.extend(self.offices)
        for office in self.offices:
            office.start()

    def add_box(self, edge_id: str, name: str, card: Card) -> EdgeNode:
        node = EdgeNode(
            self.world, self.network, self.promise, edge_id, name, card, self.budget, self.settings
        )  # fmt: skip
        self.nodes.append(node)
        self.warehouses.append(Warehouse(self.world, node))
        node.start()
        return node

    # What may befall a card -------------------------------------------------------------------------------------

    def replace_card(self, node: EdgeNode, card: Card) -> None:
        """The box is switched off and gets another card."""
        if node.alive:
            node.die(power=True, why="its card is changed")
        node.card = card
        self.promise.card_changed(node)
        self.warehouses[self.nodes.index(node)].forget()

    def put_back_copy(self, node: EdgeNode, copy: Card) -> None:
        """The box gets a card that is a copy of what it once was."""
        self.promise.copied.update(keys_of(node.edge_id, copy))
        self.replace_card(node, copy)

    def clone(self, node: EdgeNode) -> EdgeNode:
        """A second box with a copy of the card claims the same name."""
        card = node.card.copy()
        self.promise.copied.update(keys_of(node.edge_id, card))
        return self.add_box(node.edge_id, f"{node.name}-twin", card)

    # Time -------------------------------------------------------------------------------------------------------

    def run(self, duration_ms: int) -> None:
        self.world.run(self.world.now_ms + duration_ms)

    def settle(self) -> None:
        """Nothing goes wrong any more: everything arrives, and what is recorded then arrives too."""
        self.run(DRAINED_AFTER_MS)
        living = [node for node in self.nodes if not node.retired]
        self.promise.check_settled(self.centre, living)
        for node, warehouse in zip(self.nodes, self.warehouses, strict=True):
            if not node.retired:
                self.promise.check_fresh(self.centre, node, taken=warehouse.book_something())
                warehouse.measure()
        self.run(FRESH_AFTER_MS)
        self.promise.check_settled(self.centre, living)


def keys_of(edge_id: str, card: Card) -> set[LogKey]:
    return {LogKey(edge_id, file.synced.epoch, stream) for stream, file in card.files.items()}
