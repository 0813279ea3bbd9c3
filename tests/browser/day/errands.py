"""What an errand is: steps that a keeper takes, the answer of the page to each, and the entries that the book has afterwards.

Plain data, written by hand. Nothing of it is made by the code under test: an errand that the product gets wrong stays wrong here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

KEEPER, HEAD = "1001", "1002"  # Badges: who does the work, and who may authorise.
PHONE, DESK = 360, 1280  # Widths in px: a handheld, and the screen of the box.


# What a keeper does. `says` is the code of the answer. A code may name an earlier errand: {gift.number} is the number of the
# document that was made for it, {gift.id} its movement.


@dataclass(frozen=True, slots=True)
class Scan:
    """With the scanner in the hand."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Tap:
    """On the button that sends this code."""

    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Amount:
    """Set on the pad of the page."""

    amount: str
    says: str


@dataclass(frozen=True, slots=True)
class Typed:
    """By hand into the field for codes."""

    text: str
    says: str


@dataclass(frozen=True, slots=True)
class Picked:
    """Goods found by what is typed, and touched in the list."""

    text: str
    code: str
    says: str


@dataclass(frozen=True, slots=True)
class Load:
    """Put on the scale, until it has settled. Nothing is said to an empty one."""

    kg: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Tags:
    """Held before the antenna until they were heard, and taken away again."""

    epcs: Sequence[str]
    says: str


@dataclass(frozen=True, slots=True)
class Note:
    """On the page for a code that nobody knows."""

    text: str
    says: str = "noted"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page has on it now. `row`: the amount of the line on top; `state`: of the first thing expected; `picture`: one for
    the field guide, so wide."""

    row: str = ""
    state: str = ""
    picture: int = 0


UNTOLD = "untold"
"""The state of what a blind count expects: nothing may lead the eye."""

Step: TypeAlias = Scan | Tap | Amount | Typed | Picked | Load | Tags | Note | Shown


# What the book says afterwards.


@dataclass(frozen=True, slots=True)
class Goods:
    """So much of an item and lot left one place of the book and came to another: "A-01 available", "supplier" ..."""

    item: str
    lot: str | None
    quantity: str
    left: str
    came: str
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    item: str
    lot: str | None
    place: str
    counted: str
    book: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the book. `document`: two letters stand for a number that the box made. `about`: the errand whose movement is
    taken back, replaced, or has got its papers. `reasons`: their codes."""

    kind: str
    goods: tuple[Goods, ...] = ()
    document: str = ""
    actor: str = KEEPER
    second: str = ""
    reasons: str = ""
    about: str = ""
    rotation: str = ""
    papers: str = ""
    counted: Counted | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """A code that was set aside for a person, as the scanner sent it, with what the keeper knew of it."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Errand:
    """`name` is that of its picture too, docs/screenshots/field-<name>.png."""

    name: str
    steps: tuple[Step, ...]
    books: tuple[Entry, ...] = ()
    asides: tuple[Aside, ...] = ()

    @property
    def picture_width(self) -> int:
        """0: it has none."""
        return max((step.picture for step in self.steps if isinstance(step, Shown)), default=0)

    @property
    def picture_name(self) -> str:
        return f"field-{self.name.replace('_', '-')}.png"


# Codes that recur ----------------------------------------------------------------------------------------------------------


def confirm() -> Tap:
    return Tap("OBC-CONFIRM", "recorded")


def label(gtin14: str, lot: str = "", expires: str = "") -> str:
    """The GS1-128 code of goods: trade item, expiry (YYMMDD), lot (GS1 General Specifications, 3.2, 3.4.7, 3.4.2)."""
    return f"01{gtin14}" + (f"17{expires}" if expires else "") + (f"10{lot}" if lot else "")
