"""Many virtual edges that speak the uplink and nothing else, written from docs/protocol.md: a second reading of the protocol.

Theory of operation of a stream. All events stay in memory, so loading them takes no time. One upload is in flight; it is
published again, the same bytes, after a time-out and after each reconnect. An ack counts only when it answers the upload in
flight. Its cursor at or beyond the upload's end: go on behind it. Inside the upload: go on from there. Just before the upload:
nothing was stored, wait for the time-out. Further back: the collector was restored, step back. Without events to send a probe
asks for the cursor now and then; a probe that waits for its answer is overtaken by real events. The collector's pace is kept.
"""

from __future__ import annotations

import random
import uuid
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel

from onebook_firmware_sim.goods import Goods, Item, Tracking
from onebook_firmware_sim.warehouse import Warehouse, Zone
from onebook_schemas.chain import chain_next, chain_start
from onebook_schemas.envelope import JournalEvent, TelemetryEvent
from onebook_schemas.quantities import ExactDecimal, Quantity
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken
from onebook_schemas.stock_events import CaptureSource, GoodsMoved, Lot, MovedLine, MovementKind
from onebook_schemas.uplink import Ack, Stream, Upload, UploadHeader

_ITEMS_MAX = 12  # Of one warehouse, two lots each: what lies there stays small however much is moved.
_MOVEMENTS_PER_SAMPLE = 10
_KINDS = (MovementKind.RECEIPT, MovementKind.ISSUE, MovementKind.BIN_MOVE)
_KIND_WEIGHTS = (5, 3, 2)
_ZONE = Zone(
    name="F",
    bins=tuple(f"F-{rack:02}" for rack in range(1, 9)),
    storage_classes=frozenset(),
    mean_c=20,
    swing_c=0,
    mean_rh=50,
    swing_rh=0,
)


class UsedUpError(Exception):
    """The collector holds more of this epoch than was made here: another run had the same seed. Choose another one."""


@dataclass(frozen=True, slots=True)
class StreamTimes:
    """Milliseconds, and how many events go into one upload."""

    resend_ms: int = 2_000
    resend_ms_max: int = 16_000
    probe_ms: int = 30_000
    events_max: int = 500


class VirtualStream:
    """One stream of one edge. What is to be published is returned; None: nothing now."""

    def __init__(self, edge_id: str, epoch: str, stream: Stream, times: StreamTimes = StreamTimes()) -> None:
        self.stream = stream
        self.epoch = epoch
        self.delivered = 0
        self.resent = 0
        self.rewound = 0
        self.refused = 0
        self._edge_id = edge_id
        self._times = times
        self._events: list[bytes] = []
        self._heads = [chain_start(edge_id, epoch, stream)] if stream is Stream.JOURNAL else []
        self._in_flight: Upload | None = None
        self._sends = 0
        self._due_ms = 0
        self._not_before_ms = 0
        self._events_max = times.events_max
        self._connected = False

    @property
    def last(self) -> int:
        return len(self._events)

    @property
    def is_drained(self) -> bool:
        return self.delivered == self.last

    def append(self, event: bytes) -> None:
        """The next event, which says sequence `last + 1` itself."""
        self._events.append(event)
        if self._heads:
            self._heads.append(chain_next(self._heads[-1], event))

    def connected(self, now_ms: int) -> Upload:
        """Without events to send a probe: is the collector where we believe?"""
        self._connected = True
        return self._publish(now_ms) if self._in_flight else self._begin(now_ms)

    def disconnected(self) -> None:
        self._connected = False

    def heard(self, ack: Ack, now_ms: int) -> None:
        """Take an ack; what follows from it is asked for with `due`. Raises UsedUpError."""
        if self._in_flight is None or ack.epoch != self.epoch or ack.stream is not self.stream:
            return
        header = self._in_flight.header
        if ack.first_sequence != header.first_sequence:
            return
        if ack.accepted_through > self.last:
            raise UsedUpError(f"{self._edge_id}/{self.epoch}: {ack.accepted_through} is beyond {self.last}")
        self._not_before_ms = now_ms + ack.pace_ms
        self._events_max = min(ack.upload_events_max or self._times.events_max, self._times.events_max)
        self.refused += len(ack.refused)
        if ack.accepted_through == header.first_sequence - 1 and not self._in_flight.is_probe:
            return
        self.rewound += ack.accepted_through < self.delivered
        self.delivered = ack.accepted_through
        self._in_flight = None
        self._due_ms = now_ms + self._times.probe_ms

    def due(self, now_ms: int) -> Upload | None:
        """What is to be published now: the next events, the same upload again, or a probe."""
        if not self._connected:
            return None
        is_busy = self._in_flight is not None and not self._in_flight.is_probe
        if not is_busy and not self.is_drained and now_ms >= self._not_before_ms:
            return self._begin(now_ms)
        if now_ms < self._due_ms:
            return None
        return self._publish(now_ms) if self._in_flight else self._begin(now_ms)

    def _begin(self, now_ms: int) -> Upload:
        self._in_flight = self._make()
        self._sends = 0
        return self._publish(now_ms)

    def _make(self) -> Upload:
        first = self.delivered + 1
        lines = tuple(self._events[self.delivered : self.delivered + self._events_max])
        last = self.delivered + len(lines)
        return Upload(
            UploadHeader(
                edge_id=self._edge_id,
                epoch=self.epoch,
                stream=self.stream,
                first_sequence=first,
                last_sequence=last,
                waiting=self.last - last,
                chain_before=self._heads[self.delivered].hex() if self._heads else None,
                chain_after=self._heads[last].hex() if self._heads and lines else None,
            ),
            lines,
        )

    def _publish(self, now_ms: int) -> Upload:
        assert self._in_flight is not None, "there is nothing to publish"
        self.resent += self._sends > 0
        delay_ms = min(self._times.resend_ms << min(self._sends, 8), self._times.resend_ms_max)
        self._sends += 1
        # Up to a quarter less, other for each edge and each time, so that a fleet does not answer in chorus.
        spread = zlib.crc32(f"{self._edge_id}/{self.stream}/{self.delivered}/{self._sends}".encode())
        self._due_ms = now_ms + delay_ms - spread % (delay_ms // 4 + 1)
        return self._in_flight


# An edge ----------------------------------------------------------------------------------------------------------


class StockLine(BaseModel):
    bin: str
    item: str
    lot: str | None
    quantity: ExactDecimal
    unit: str


class EdgeTruth(BaseModel):
    """What one virtual edge really did and how far it was delivered: to be compared with the book."""

    edge_id: str
    epoch: str
    movements: dict[MovementKind, int]
    journal_events: int
    journal_delivered: int
    telemetry_events: int
    telemetry_delivered: int
    resent: int
    rewound: int
    refused: int
    stock: tuple[StockLine, ...]


class VirtualEdge:
    """A warehouse of which only the journal and the telemetry exist. Same seed: same goods, same ids, other times."""

    def __init__(self, edge_id: str, items: Sequence[Item], seed: int, times: StreamTimes = StreamTimes()) -> None:
        self.edge_id = edge_id
        self._dice = random.Random(f"{seed}/{edge_id}")
        self._boot_id = f"{self._dice.getrandbits(64):016x}"
        epoch = f"{self._dice.getrandbits(64):016x}"
        self.streams = {stream: VirtualStream(edge_id, epoch, stream, times) for stream in Stream}
        self._goods = self._assortment([item for item in items if item.tracking is Tracking.LOT])
        self._warehouse = Warehouse([_ZONE])
        self._movements: Counter[MovementKind] = Counter()

    @property
    def made(self) -> int:
        """Movements so far."""
        return self._movements.total()

    @property
    def is_drained(self) -> bool:
        return all(stream.is_drained for stream in self.streams.values())

    def move_goods(self, wall_ms: int, monotonic_ms: int) -> None:
        """One more movement; now and then a sample of the air."""
        fact = self._movement()
        journal, telemetry = self.streams[Stream.JOURNAL], self.streams[Stream.TELEMETRY]
        moment = {
            "wall_ms": wall_ms,
            "monotonic_ms": monotonic_ms,
            "boot_id": self._boot_id,
            "clock_synchronised": True,
        }
        journal.append(JournalEvent(sequence=journal.last + 1, fact=fact, **moment).model_dump_json().encode())
        if self.made % _MOVEMENTS_PER_SAMPLE == 0:
            event = TelemetryEvent(sequence=telemetry.last + 1, fact=self._sample(), **moment)
            telemetry.append(event.model_dump_json().encode())

    def truth(self) -> EdgeTruth:
        journal, telemetry = self.streams[Stream.JOURNAL], self.streams[Stream.TELEMETRY]
        return EdgeTruth(
            edge_id=self.edge_id,
            epoch=journal.epoch,
            movements=dict(self._movements),
            journal_events=journal.last,
            journal_delivered=journal.delivered,
            telemetry_events=telemetry.last,
            telemetry_delivered=telemetry.delivered,
            resent=journal.resent + telemetry.resent,
            rewound=journal.rewound + telemetry.rewound,
            refused=journal.refused + telemetry.refused,
            stock=tuple(
                StockLine(
                    bin=name, item=goods.item.code, lot=goods.lot_number, quantity=pile.quantity, unit=goods.item.unit
                )
                for name in _ZONE.bins
                for goods, pile in self._warehouse.count(name).items()
            ),
        )

    def _assortment(self, items: Sequence[Item]) -> list[Goods]:
        chosen = self._dice.sample(items, min(_ITEMS_MAX, len(items)))
        return [Goods(item, Lot(number=f"L{self._dice.randint(10000, 99999)}")) for item in chosen for _ in range(2)]

    def _movement(self) -> GoodsMoved:
        kind = self._dice.choices(_KINDS, weights=_KIND_WEIGHTS)[0]
        pile = self._some_pile() if kind is not MovementKind.RECEIPT else None
        if pile is None:
            return self._receive()
        from_bin, goods, lying = pile
        quantity = Decimal(self._dice.randint(1, lying))
        if kind is MovementKind.ISSUE:
            self._warehouse.take(from_bin, goods, quantity)
            return self._fact(kind, goods, quantity, from_bin, None)
        to_bin = self._dice.choice([name for name in _ZONE.bins if name != from_bin])
        self._warehouse.move(from_bin, to_bin, goods, quantity)
        return self._fact(kind, goods, quantity, from_bin, to_bin)

    def _receive(self) -> GoodsMoved:
        goods, to_bin = self._dice.choice(self._goods), self._dice.choice(_ZONE.bins)
        quantity = Decimal(self._dice.randint(1, 500))
        self._warehouse.put(to_bin, goods, quantity)
        return self._fact(MovementKind.RECEIPT, goods, quantity, None, to_bin)

    def _some_pile(self) -> tuple[str, Goods, int] | None:
        for name in self._dice.sample(_ZONE.bins, len(_ZONE.bins)):
            if piles := self._warehouse.count(name):
                goods, pile = self._dice.choice(list(piles.items()))
                return name, goods, int(pile.quantity)
        return None

    def _fact(
        self, kind: MovementKind, goods: Goods, quantity: Decimal, from_bin: str | None, to_bin: str | None
    ) -> GoodsMoved:
        self._movements[kind] += 1
        line = MovedLine(
            item=goods.item.code,
            quantity=Quantity(amount=quantity, unit=goods.item.unit),
            lot=goods.lot,
            from_bin=from_bin,
            to_bin=to_bin,
            source=CaptureSource.BARCODE,
        )
        movement_id = str(uuid.UUID(int=self._dice.getrandbits(128), version=4))
        return GoodsMoved(movement_id=movement_id, kind=kind, lines=(line,), actor="FLEET", device="scanner")

    def _sample(self) -> SamplesTaken:
        values = {"temperature_c": ("CEL", 18 + 8 * self._dice.random()), "humidity_rh": ("P1", 50.0)}
        return SamplesTaken(
            series=tuple(
                SampleSeries(device="probe", quantity=name, unit=unit, after_ms=(0,), values=(round(value, 1),))
                for name, (unit, value) in values.items()
            )
        )
