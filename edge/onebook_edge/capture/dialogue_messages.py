"""What goes into the dialogue of a work place and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.stable_weight import StableWeight
from onebook_edge.machine import Woken
from onebook_schemas.device_events import CodeSetAside
from onebook_schemas.stock_events import StockEvent


@dataclass(frozen=True, slots=True)
class Scanned:
    """A whole code, read by a scanner of this work place."""

    text: str
    device: str


@dataclass(frozen=True, slots=True)
class NothingScanned:
    """A scanner of this work place triggered and saw no code."""


@dataclass(frozen=True, slots=True)
class TagsSeen:
    """RFID tags that came before the reader of this work place, as EPCs in hex."""

    epcs: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outbox has the facts of a draft on its disk; `sequence` is that of the last."""

    draft_id: str
    sequence: int


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The outbox refused a draft: none of its facts is kept. `reason` is a sentence for a person, Chinese first."""

    draft_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """What a person at a screen says about the code that was set aside last: words, or a picture that the box keeps."""

    note: str
    photo: str | None  # SHA-256 in hex.
    device: str


GoodsInput: TypeAlias = Scanned | TagsSeen | StableWeight
"""What fills in a sheet."""

DialogueInput: TypeAlias = GoodsInput | NoteAdded | NothingScanned | Recorded | NotRecorded | Woken


@dataclass(frozen=True, slots=True)
class Draft:
    """Facts for the journal, all or none of them. For a sheet, `draft_id` is the movement id of the first."""

    draft_id: str
    facts: tuple[StockEvent | CodeSetAside, ...]


DialogueOutput: TypeAlias = Draft | Feedback
