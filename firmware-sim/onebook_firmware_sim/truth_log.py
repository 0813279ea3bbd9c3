"""What the simulated world really did, as JSON Lines, so that somebody else can compare it with the book.

Two words tell an entry's weight. `happened`: goods changed their place. `scanned`: a person confirmed it at the work place. A
loss happens unscanned; a count and a reversal are scanned and move nothing; a mistaken sheet is scanned and never happened, and
a reversal with the same document follows. So the movements of a document that stand in the book unreversed are, line by line,
its entries that happened and were scanned.
"""

from __future__ import annotations

import enum
from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from onebook_schemas.quantities import ExactDecimal


class TruthKind(enum.StrEnum):
    """As the kinds of the book, and two of its own: what was reversed, and what went unseen."""

    RECEIPT = "receipt"
    ISSUE = "issue"
    BIN_MOVE = "bin_move"
    COUNT = "count"
    REVERSAL = "reversal"
    LOSS = "loss"


class TruthEntry(BaseModel):
    """One line of one sheet. `operation` numbers the sheets, `line` the lines within one, in the order of the scans.

    `quantity` is in base units of the catalogue. A count names its bin as `from_bin`; a reversal names the document of what it
    reverses and nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: int
    line: int
    at_ms: int
    kind: TruthKind
    happened: bool
    scanned: bool
    person: str = ""
    document: str | None = None
    item: str | None = None
    lot: str | None = None
    serials: tuple[str, ...] = ()
    quantity: ExactDecimal = Decimal(0)
    unit: str | None = None
    from_bin: str | None = None
    to_bin: str | None = None


class StockKey(NamedTuple):
    bin: str
    item: str
    lot: str | None


class TruthLog:
    """Appends to a file; the operating system has the entries before `write` returns."""

    def __init__(self, path: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, entries: Iterable[TruthEntry]) -> None:
        for entry in entries:
            self._file.write(entry.model_dump_json() + "\n")
            self.counts[entry.kind] += 1
        self._file.flush()


def read_truth(path: Path) -> list[TruthEntry]:
    """Raises pydantic's ValidationError for what is no entry."""
    with path.open(encoding="utf-8") as file:
        return [TruthEntry.model_validate_json(line) for line in file]


def totals(entries: Iterable[TruthEntry]) -> dict[StockKey, Decimal]:
    """What lies where after all that happened, in base units; empty places are left out."""
    lying: defaultdict[StockKey, Decimal] = defaultdict(Decimal)
    for entry in entries:
        if not entry.happened or entry.item is None:
            continue
        if entry.from_bin is not None:
            lying[StockKey(entry.from_bin, entry.item, entry.lot)] -= entry.quantity
        if entry.to_bin is not None:
            lying[StockKey(entry.to_bin, entry.item, entry.lot)] += entry.quantity
    return {key: quantity for key, quantity in lying.items() if quantity}


def kinds(entries: Iterable[TruthEntry]) -> Counter[str]:
    """How many lines of each kind."""
    return Counter(entry.kind for entry in entries)
