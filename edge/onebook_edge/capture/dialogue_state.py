"""What a work place remembers: who is there, the steps of the open sheet, what is being booked, what waits behind it.

Everything is immutable and goes to JSON and back without loss.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydantic import TypeAdapter

from onebook_edge.capture.dialogue_messages import GoodsInput
from onebook_edge.capture.sheet import Sheet
from onebook_edge.capture.sheet_steps import Step
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.machine import Instant
from onebook_schemas.labels import Command

_PEOPLE_MAX = 50  # Whose last movement is remembered.
_NO_MOVEMENTS = (Command.COUNT, Command.BLIND, Command.PAPERS, Command.REPACK)


@dataclass(frozen=True, slots=True)
class Booking:
    """A draft that was handed over and not answered yet."""

    draft_id: str
    actor: str
    movement_id: str | None = None  # That can be reversed later, when it is not the draft's own.
    number: str | None = None  # Of the document that was made for it.


@dataclass(frozen=True, slots=True)
class Booked:
    """The last movement of a person at this work place."""

    actor: str
    movement_id: str
    action: Command
    lines: int
    number: str | None = None


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
    number: str | None = None  # Made for a sheet that could not be recorded: it is used when that is confirmed again.
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
    """The last movements once the booking of this sheet is recorded. What moved no goods is none; what was reversed is gone."""
    booking, action = state.booking, sheet.action
    if booking is None or action is None or action in _NO_MOVEMENTS:
        return state.booked
    gone = (sheet.reverses, sheet.corrects)
    others = tuple(entry for entry in state.booked if entry.movement_id not in gone)
    if action is Command.REVERSE:
        return others
    latest = Booked(booking.actor, booking.movement_id or booking.draft_id, action, len(sheet.lines), booking.number)
    return (*(entry for entry in others if entry.actor != booking.actor), latest)[-_PEOPLE_MAX:]


_STATE: TypeAdapter[DialogueState] = TypeAdapter(DialogueState)
