"""What a work place remembers: who is there, and the sheet of paper that is being filled in.

A sheet is the sum of its steps. Taking back the last step is adding up one step fewer, so an undo is exact by construction, and
only the steps are kept over a restart. Everything is immutable and goes to JSON and back without loss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from itertools import accumulate
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from onebook_edge.capture.dialogue_messages import GoodsInput
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.machine import Instant
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import CaptureSource, Document, Lot

_PEOPLE_MAX = 50  # Whose last movement is remembered.

SerialKey: TypeAlias = tuple[str, int, str]
"""Item, factor, serial: a carton and a piece may bear the same serial."""


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

    @property
    def amount(self) -> Decimal:
        """In base units."""
        return self.count * self.factor

    @property
    def serial_keys(self) -> set[SerialKey]:
        return {(self.item, self.factor, serial) for serial in self.serials}

    def takes_in(self, other: Line) -> bool:
        """Whether the other line is more of the same. A weighed line is one placement and takes nothing in."""
        if CaptureSource.SCALE in (self.source, other.source) or bool(self.serials) != bool(other.serials):
            return False
        return (self.item, self.lot, self.factor, self.source) == (other.item, other.lot, other.factor, other.source)


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

    @property
    def serial_keys(self) -> set[SerialKey]:
        return {key for line in self.lines for key in line.serial_keys}


# Steps: what a person did that changed the sheet. Judged before; applying one cannot fail ------------------------------


@dataclass(frozen=True, slots=True)
class ActionChosen:
    """Begins the sheet, or begins it anew while there are no lines."""

    action: Command
    reverses: str | None = None
    step: Literal["action"] = "action"


@dataclass(frozen=True, slots=True)
class DocumentNamed:
    document: Document
    step: Literal["document"] = "document"


@dataclass(frozen=True, slots=True)
class BinNamed:
    side: Literal["from_bin", "to_bin"]
    bin: str
    step: Literal["bin"] = "bin"


@dataclass(frozen=True, slots=True)
class PalletNamed:
    sscc: str
    step: Literal["pallet"] = "pallet"


@dataclass(frozen=True, slots=True)
class GoodsAdded:
    lines: tuple[Line, ...]
    step: Literal["goods"] = "goods"


@dataclass(frozen=True, slots=True)
class CountSet:
    """The last line is so many of its units."""

    count: Decimal
    step: Literal["count"] = "count"


@dataclass(frozen=True, slots=True)
class WeightTaken:
    """The last line is what was weighed: `amount` base units."""

    amount: Decimal
    weight: StableWeight
    step: Literal["weight"] = "weight"


Step: TypeAlias = Annotated[
    ActionChosen | DocumentNamed | BinNamed | PalletNamed | GoodsAdded | CountSet | WeightTaken,
    Field(discriminator="step"),
]


def after(sheet: Sheet, step: Step) -> Sheet:
    """The sheet after one more step."""
    match step:
        case ActionChosen(action, reverses):
            return Sheet(action=action, reverses=reverses, document=sheet.document)
        case DocumentNamed(document):
            return replace(sheet, document=document)
        case BinNamed("from_bin", name):
            return replace(sheet, from_bin=name)
        case BinNamed(_, name):
            return replace(sheet, to_bin=name)
        case PalletNamed(sscc):
            return replace(sheet, pallet=sscc)
        case GoodsAdded(lines):
            return replace(sheet, lines=reduce(_with_line, lines, sheet.lines))
        case CountSet(count):
            return _with_last(sheet, replace(sheet.lines[-1], count=count, source=CaptureSource.BARCODE))
        case WeightTaken(amount):
            return _with_last(sheet, replace(sheet.lines[-1], count=amount, factor=1, source=CaptureSource.SCALE))


def sheets_of(steps: tuple[Step, ...]) -> list[Sheet]:
    """The empty sheet, and the sheet after each of the steps."""
    return list(accumulate(steps, after, initial=Sheet()))


def _with_line(lines: tuple[Line, ...], new: Line) -> tuple[Line, ...]:
    same = next((line for line in lines if line.takes_in(new)), None)
    if same is None:
        return (*lines, new)
    grown = replace(same, count=same.count + new.count, serials=same.serials + new.serials)
    return (*(line for line in lines if line is not same), grown)


def _with_last(sheet: Sheet, line: Line) -> Sheet:
    return replace(sheet, lines=(*sheet.lines[:-1], line))


# What is kept over a restart -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Booking:
    """A draft that was handed over and not answered yet."""

    draft_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class Booked:
    """The last movement of a person at this work place."""

    actor: str
    movement_id: str
    action: Command
    lines: int


@dataclass(frozen=True, slots=True)
class DialogueState:
    """All that the dialogue of one work place remembers."""

    actor: str | None = None
    last_scan_ms: int = 0  # On the monotonic clock.
    steps: tuple[Step, ...] = ()
    weight: StableWeight | None = None  # Settled, and not taken into a line yet.
    booking: Booking | None = None
    booked: tuple[Booked, ...] = ()  # One per person, the latest last.
    set_aside: str | None = None  # The unknown text that was set aside last.
    held: tuple[GoodsInput, ...] = ()  # What came while a booking was under way, to be taken after it, in order.

    def to_json(self) -> str:
        return _STATE.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> DialogueState:
        """Raises pydantic's ValidationError for what `to_json` did not write."""
        return _STATE.validate_json(text)

    def restarted(self, now: Instant) -> DialogueState:
        """The state as it is taken up after a restart: the monotonic clock may have begun anew, so what was weighed
        before is forgotten and the time to sign out runs from now. Sheet, person and what they scanned stay."""
        held = tuple(message for message in self.held if not isinstance(message, StableWeight))
        return replace(self, last_scan_ms=now.monotonic_ms, weight=None, held=held)


def booked_after(state: DialogueState, sheet: Sheet) -> tuple[Booked, ...]:
    """The last movements once the booking of this sheet is recorded. A count is no movement; one that was reversed is gone."""
    if state.booking is None or sheet.action is None or sheet.action is Command.COUNT:
        return state.booked
    if sheet.action is Command.REVERSE:
        return tuple(entry for entry in state.booked if entry.movement_id != sheet.reverses)
    others = tuple(entry for entry in state.booked if entry.actor != state.booking.actor)
    latest = Booked(state.booking.actor, state.booking.draft_id, sheet.action, len(sheet.lines))
    return (*others, latest)[-_PEOPLE_MAX:]


_STATE: TypeAdapter[DialogueState] = TypeAdapter(DialogueState)
