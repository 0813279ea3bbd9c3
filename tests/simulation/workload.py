"""What people and devices do in a warehouse: bookings, now and then a bad one, and measurements without end."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

from onebook_collector.ledger.goods import BookedItem
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.ledger.registry import register_edge
from onebook_edge.outbox.store import EventDraft
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.envelope import JournalFact
from onebook_schemas.quantities import Quantity
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken
from onebook_schemas.stock_events import (
    CaptureSource,
    GoodsMoved,
    Lot,
    MovedLine,
    MovementKind,
    MovementReversed,
    StockCounted,
)
from onebook_schemas.uplink import Stream
from tests.simulation.edge_node import EdgeNode
from tests.simulation.truth import Meaning, StockKey
from tests.simulation.world import World

TENT, RICE = "JZ01001", "LY02001"
UNKNOWN_ITEM = b"ZZ99999"
UNITS = {"EA": (1, 1), "CT": (12, 1)}
BINS = ("A-01", "A-02")
LOTS = (None, "L1", "L2")


def site_of(edge_id: str) -> str:
    return f"site-{edge_id}"


def catalogue(book: MemoryBook, edge_ids: list[str]) -> None:
    """What the book must know before anything happens."""
    for item_id, code in enumerate((TENT, RICE), 1):
        book.items[code] = book.items_by_id[item_id] = BookedItem(item_id, code, False, UNITS)
    for edge_id in edge_ids:
        register_edge(book, edge_id, site_of(edge_id))


class FutureDraft(EventDraft):
    """An event of a schema that this collector does not know yet."""

    def body(self, sequence: int) -> bytes:
        return EventDraft.body(self, sequence).replace(b'"v":1', b'"v":2', 1)


@dataclass(slots=True)
class Warehouse:
    """One site at work: its clerk and its devices."""

    world: World
    node: EdgeNode
    bad_share: float = 0.0
    bad_telemetry_share: float = 0.0
    pause_ms_max: int = 4_500  # Between two bookings; measurements come more slowly.
    open: bool = True
    _reversible: list[tuple[str, dict[StockKey, int]]] = field(default_factory=list)

    def start(self) -> None:
        self.world.after(self._pause(), self._work)
        self.world.after(self._pause(), self._measure)

    def forget(self) -> None:
        """Another card is in the box: nobody reverses what only the old one knew."""
        self._reversible.clear()

    def book_something(self, facts: int = 1) -> bool:
        """One booking: facts that are recorded together, or a bad one. Whether people may believe in it."""
        if not self.node.alive:
            return False
        if self.world.chance(self.bad_share):
            self._book_badly()
            return False
        return self._record([self._fact() for _ in range(facts)])

    def measure(self) -> None:
        if not self.node.alive:
            return
        if self.world.chance(self.bad_telemetry_share):
            self._put_raw(Stream.TELEMETRY, b'{"type":"heartbeats_heard","id":"%s"}' % self._new_id().encode())
        else:
            self.node.take([_samples(self.world.random.randrange(200))])

    def _work(self) -> None:
        if self.open:
            self.book_something(self.world.random.choice((1, 1, 1, 2, 3)))
            self.world.after(self._pause(), self._work)

    def _measure(self) -> None:
        if self.open:
            self.measure()
            self.world.after(self._pause() * 3 // 2, self._measure)

    def _pause(self) -> int:
        return self.world.between(1, self.pause_ms_max)

    # Facts ------------------------------------------------------------------------------------------------------

    def _record(self, facts: list[tuple[JournalFact, dict[StockKey, int]]]) -> bool:
        for fact, legs in facts:
            self._declare(fact.model_dump_json(exclude_none=True).encode(), legs=legs)
        recorded = self.node.record([fact for fact, _ in facts])
        if recorded:
            moved = [(fact.movement_id, legs) for fact, legs in facts if isinstance(fact, GoodsMoved) and legs]
            self._reversible.extend(moved)
        return recorded

    def _declare(self, fact: bytes, *, damaged: bool = False, legs: dict[StockKey, int] | None = None) -> None:
        self.node.promise.meanings[fact] = Meaning(damaged, legs or {}, self.world.wall_ms)

    def _fact(self) -> tuple[JournalFact, dict[StockKey, int]]:
        match self.world.random.randrange(10):
            case 0 | 1 | 2 | 3:
                return self._moved(MovementKind.RECEIPT)
            case 4 | 5:
                return self._moved(MovementKind.ISSUE)
            case 6:
                return self._moved(MovementKind.BIN_MOVE)
            case 7:
                return self._counted(), {}
            case 8:
                return CodeSetAside(text=self._new_id(), reason="unknown"), {}
            case _:
                return self._reversed() if self._reversible else self._moved(MovementKind.RECEIPT)

    def _moved(self, kind: MovementKind) -> tuple[GoodsMoved, dict[StockKey, int]]:
        random = self.world.random
        item, unit, amount = random.choice((TENT, RICE)), random.choice(("EA", "CT")), random.randint(1, 20)
        lot = random.choice(LOTS)
        moved = _moved_once(kind, item, unit, amount, lot).model_copy(update={"movement_id": self._new_id()})
        return moved, self._legs(kind, item, lot, amount * UNITS[unit][0])

    def _legs(self, kind: MovementKind, item: str, lot: str | None, units: int) -> dict[StockKey, int]:
        site, number = site_of(self.node.edge_id), lot or ""
        match kind:
            case MovementKind.RECEIPT:
                return {(f"supplier/{site}", item, number): -units}
            case MovementKind.ISSUE:
                return {(f"consumed/{site}", item, number): units}
            case _:
                return {}

    def _reversed(self) -> tuple[MovementReversed, dict[StockKey, int]]:
        movement_id, legs = self._reversible.pop(self.world.random.randrange(len(self._reversible)))
        fact = MovementReversed(movement_id=self._new_id(), reverses=movement_id, reason="mistake", actor="clerk")
        return fact, {account: -units for account, units in legs.items()}

    def _counted(self) -> StockCounted:
        random = self.world.random
        counted = _counted_once(random.choice((TENT, RICE)), random.randint(0, 300))
        return counted.model_copy(update={"movement_id": self._new_id()})

    def _book_badly(self) -> None:
        draft_type: type[EventDraft] = EventDraft
        match self.world.random.randrange(4):
            case 0:
                fact = self._moved(MovementKind.RECEIPT)[0].model_dump_json(exclude_none=True).encode()
                fact = fact.replace(TENT.encode(), UNKNOWN_ITEM).replace(RICE.encode(), UNKNOWN_ITEM)
            case 1:
                fact = b'{"type":"goods_moved","movement_id":"%s' % self._new_id().encode()
            case 2:
                fact = b'{"type":"drone_landed","id":"%s"}' % self._new_id().encode()
            case _:
                fact = json.dumps({"type": "code_set_aside", "text": self._new_id(), "reason": ""}).encode()
                draft_type = FutureDraft
        self._put_raw(Stream.JOURNAL, fact, draft_type)

    def _put_raw(self, stream: Stream, fact: bytes, draft_type: type[EventDraft] = EventDraft) -> None:
        clock = self.node.clock
        self._declare(fact, damaged=True)
        self.node.record_raw(stream, draft_type(fact, clock.now(), clock.boot_id, clock.synchronised()))

    def _new_id(self) -> str:
        digits = self.world.hexadecimal(32)
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


# Checking a fact takes longer than all that a seed does with it: each kind of fact is made once, and copied.

NOBODY = "00000000-0000-0000-0000-000000000000"


@functools.cache
def _moved_once(kind: MovementKind, item: str, unit: str, amount: int, lot: str | None) -> GoodsMoved:
    line = MovedLine(
        item=item,
        quantity=Quantity(amount=Decimal(amount), unit=unit),
        lot=Lot(number=lot) if lot else None,
        from_bin=None if kind is MovementKind.RECEIPT else BINS[0],
        to_bin={MovementKind.RECEIPT: BINS[0], MovementKind.BIN_MOVE: BINS[1]}.get(kind),
        source=CaptureSource.BARCODE,
    )
    return GoodsMoved(movement_id=NOBODY, kind=kind, lines=(line,), actor="clerk")


@functools.cache
def _counted_once(item: str, amount: int) -> StockCounted:
    return StockCounted(
        movement_id=NOBODY,
        item=item,
        bin=BINS[0],
        counted=Quantity(amount=Decimal(amount), unit="EA"),
        source=CaptureSource.MANUAL,
        actor="clerk",
    )


@functools.cache
def _samples(number: int) -> SamplesTaken:
    random = Random(number)
    count = random.randint(1, 5)
    series = SampleSeries(
        device=random.choice(("probe-1", "probe-2")),
        quantity="temperature_c",
        unit="CEL",
        after_ms=tuple(range(-1_000 * count, 0, 1_000)),
        values=tuple(round(random.uniform(-5, 35), 1) for _ in range(count)),
    )
    return SamplesTaken(series=(series,))
