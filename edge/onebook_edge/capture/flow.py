"""What an action of the dialogue is: which bins it names, what it refuses, what it still lacks, which facts it comes to.

A flow is a value without memory: it is asked about a `Situation` and answers. To add one: a file in `flows/` with a subclass, its
command in the schemas' labels, its words in the texts, its line in `flows/__init__.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Literal, TypeAlias

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.sheet import Line
from onebook_edge.capture.sheet_steps import Marked, Step
from onebook_edge.capture.situation import ANY_STATUS, Part, Situation
from onebook_schemas.labels import Command
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import ReasonUse
from onebook_schemas.stock_events import (
    Document,
    DocumentKind,
    GoodsMoved,
    MovedLine,
    MovementKind,
    MovementReversed,
    RotationMethod,
    StockEvent,
    StockStatus,
)

Side: TypeAlias = Literal["from_bin", "to_bin"]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who answers for the facts, by which device, under which document."""

    actor: str
    device: str
    document: Document | None
    next_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """So much of one item, or of one lot, is asked for or should be there. `amount` None: not said, as in a blind count."""

    item: str
    amount: Decimal | None
    unit: str
    lot: str | None = None
    bin: str | None = None


class Flow:
    """An action that moves goods. The defaults are those of a plain movement out of a bin."""

    command: ClassVar[Command]
    kind: ClassVar[MovementKind]
    sides: ClassVar[tuple[Side, ...]] = ("from_bin",)
    """Which bins a sheet names, in the order in which they are scanned."""
    note: ClassVar[DocumentKind | None] = None
    """The letters of the number that is made for a sheet without a document."""
    marks: ClassVar[tuple[Command, ...]] = ()
    """Commands that say something of the whole sheet."""
    takes_zero: ClassVar[bool] = False
    needs_goods: ClassVar[bool] = True
    is_told_by_pieces: ClassVar[bool] = True
    """Whether tagged pieces that are known to lie in one bin name the bin that they leave."""
    statuses: ClassVar[tuple[StockStatus, ...]] = ANY_STATUS
    """Of the goods that leave a bin, what is taken first."""

    # While it is filled in

    def refuses(self, line: Line, at: Situation) -> Feedback | None:
        """Why these goods cannot go on the sheet."""
        return None

    def remark(self, line: Line, at: Situation) -> Feedback | None:
        """What to say to goods that were taken, beside their name and amount."""
        return None

    def mark(self, command: Command, at: Situation) -> Step | Feedback:
        """Take a command that goes on this sheet."""
        if command in self.marks:
            return Marked(command)
        return texts.NOT_HERE.say(action=texts.ACTIONS[self.command])

    # Before it is booked

    def needs(self, at: Situation) -> tuple[ReasonUse, ...]:
        """For what a reason must be given."""
        return ()

    def lacks(self, at: Situation) -> Feedback | None:
        """What else is missing when bins, goods and reasons are there."""
        return None

    def before_booking(self, at: Situation) -> tuple[Step, Feedback] | None:
        """A step that confirming takes instead of booking."""
        return None

    def is_limited(self, at: Situation) -> bool:
        """Whether a large amount needs a second person."""
        return True

    # What is compared and booked

    def wanted(self, at: Situation) -> tuple[Wanted, ...]:
        """What the task asks for; done already, taken off."""
        return tuple(self._of_task(at))

    def facts(self, at: Situation, by: Signature) -> tuple[StockEvent, ...]:
        """The facts of a complete sheet. The first one's id is the draft's."""
        taken_back = [_taken_back(at, by)] if at.sheet.corrects else []
        return (*taken_back, self.movement(at, by))

    def movement(self, at: Situation, by: Signature) -> GoodsMoved:
        sheet = at.sheet
        return GoodsMoved(
            movement_id=by.next_id(),
            kind=self.kind_of(at),
            lines=tuple(self._line(part, at) for line in sheet.lines for part in self.parts(line, at)),
            document=by.document,
            reason=reason_of(at),
            actor=by.actor,
            device=by.device,
            corrects=sheet.corrects,
            second_actor=sheet.second,
            rotation=self.rotation(at),
            papers=self.papers(at),
        )

    def kind_of(self, at: Situation) -> MovementKind:
        return self.kind

    def parts(self, line: Line, at: Situation) -> tuple[Part, ...]:
        return at.parts(line, self.statuses)

    def from_status(self, part: Part, at: Situation) -> StockStatus:
        return part.status

    def to_status(self, part: Part, at: Situation) -> StockStatus:
        """The status goods have after it; outside of a bin it says nothing."""
        return StockStatus.AVAILABLE

    def bins(self, at: Situation) -> tuple[str | None, str | None]:
        return at.sheet.from_bin, at.sheet.to_bin

    def rotation(self, at: Situation) -> RotationMethod | None:
        return None

    def papers(self, at: Situation) -> Literal["follow"] | None:
        return None

    def _line(self, part: Part, at: Situation) -> MovedLine:
        from_bin, to_bin = self.bins(at)
        line = part.line
        return MovedLine(
            item=line.item,
            quantity=Quantity(amount=line.amount, unit=line.unit),
            lot=line.lot,
            serials=line.serials if line.factor == 1 else (),
            from_bin=from_bin,
            to_bin=to_bin,
            from_status=self.from_status(part, at),
            to_status=self.to_status(part, at),
            holding=part.holding,
            source=line.source,
            scanned=line.scanned,
        )

    def _of_task(self, at: Situation) -> Iterator[Wanted]:
        task, tasks = at.task, at.known.tasks
        if task is None or tasks is None:
            return
        for line in task.lines:
            done = line.done.amount if line.done else Decimal(0)
            done += at.known.recent.done_since(task.document.number, line.item, tasks.version)
            rest = max(line.quantity.amount - done, Decimal(0))  # More than was asked for is nothing left to do.
            yield Wanted(line.item, rest, line.quantity.unit, line.lot, line.bin)


class Incoming(Flow):
    """Goods that come from outside: no bin has them before."""

    sides: ClassVar[tuple[Side, ...]] = ("to_bin",)

    def parts(self, line: Line, at: Situation) -> tuple[Part, ...]:
        return (Part(line, line.status or StockStatus.AVAILABLE, line.holding or at.known.usual_holding),)

    def from_status(self, part: Part, at: Situation) -> StockStatus:
        return StockStatus.AVAILABLE


def reason_of(at: Situation) -> str | None:
    """The reasons on the sheet as the book keeps them: code and words."""
    said = []
    for code in at.sheet.reasons:
        reason = at.known.reason(code)
        said.append(f"{code} {reason.zh} / {reason.en}" if reason else code)
    return "; ".join(said)[:200] or None


def _taken_back(at: Situation, by: Signature) -> MovementReversed:
    assert at.sheet.corrects is not None, "asked for a correction only"
    return MovementReversed(
        movement_id=by.next_id(),
        reverses=at.sheet.corrects,
        reason=reason_of(at) or texts.CORRECTION_REASON,
        actor=by.actor,
        device=by.device,
        second_actor=at.sheet.second,
    )
