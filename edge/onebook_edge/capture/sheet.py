"""The sheet of paper that is being filled in: lines of goods, bins, a document, and what was said about them.

Everything is immutable and goes to JSON and back without loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from onebook_edge.capture.stable_weight import StableWeight
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import CaptureSource, Document, Holding, Lot, StockStatus

SerialKey: TypeAlias = tuple[str, int, str]
"""Item, factor, serial: a carton and a piece may bear the same serial."""

LotKey: TypeAlias = tuple[str, str | None]
"""Item and lot number: what a count speaks of."""


@dataclass(frozen=True, slots=True)
class Line:
    """So much of one item and lot. `count` units of `factor` base units each; a carton and a piece are two lines."""

    item: str
    count: Decimal
    factor: int
    unit: str  # The item's base unit.
    source: CaptureSource
    lot: Lot | None = None
    serials: tuple[str, ...] = ()  # One for each unit, or none at all.
    scanned: str | None = None  # The first code that was read for this line.
    status: StockStatus | None = None  # None: as the local stock has it.
    holding: Holding | None = None

    @property
    def amount(self) -> Decimal:
        """In base units."""
        return self.count * self.factor

    @property
    def lot_key(self) -> LotKey:
        return self.item, self.lot.number if self.lot else None

    @property
    def serial_keys(self) -> set[SerialKey]:
        return {(self.item, self.factor, serial) for serial in self.serials}

    def takes_in(self, other: Line) -> bool:
        """Whether the other line is more of the same. A weighed line is one placement and takes nothing in."""
        if CaptureSource.SCALE in (self.source, other.source) or bool(self.serials) != bool(other.serials):
            return False
        mine, others = ((one.item, one.lot, one.factor, one.source, one.status, one.holding) for one in (self, other))
        return mine == others


@dataclass(frozen=True, slots=True)
class Sheet:
    """A movement or count that is being put together. The last line is the one touched last."""

    action: Command | None = None
    reverses: str | None = None  # The movement to be taken back, when the action is REVERSE.
    document: Document | None = None
    from_bin: str | None = None  # Also the bin that is counted.
    to_bin: str | None = None
    pallet: str | None = None
    lines: tuple[Line, ...] = ()
    corrects: str | None = None  # The movement that this sheet takes back and replaces.
    papers_of: str | None = None  # The movement whose papers have come.
    reasons: tuple[str, ...] = ()
    marks: tuple[Command, ...] = ()  # PASS, LATER, SALE ...: what was said of the whole sheet, the latest last.
    second: str | None = None  # Badge of the second person.
    tare: StableWeight | None = None
    unexpected: tuple[Line, ...] = ()  # Tags that nobody asked for, until a person accepts them or leaves them.
    kept: tuple[Line, ...] = ()  # Of a first count: what agreed well enough.
    again: tuple[LotKey, ...] = ()  # What is to be counted once more.
    is_bin_told: bool = False  # By the pieces themselves, nobody scanned it: more pieces may say otherwise.

    @property
    def serial_keys(self) -> set[SerialKey]:
        return {key for line in (*self.lines, *self.unexpected, *self.kept) for key in line.serial_keys}

    @property
    def total(self) -> Decimal:
        """Base units of all lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    def marked(self, *commands: Command) -> Command | None:
        """Which of these was said last."""
        return next((mark for mark in reversed(self.marks) if mark in commands), None)
