"""The truth: what loaded edges wrote down beside their outbox, not what they sent.

A checker that shared code with the path it checks would share its mistakes. Of each movement only its place is held in
memory; what it says is read from its file when it is asked for: a million movements fit beside a running plant.

Theory of operation. Staff of an edge attempt movements one behind the other: a path. Where the box was cloned the path
forks: both boxes went on from there, until a person chose one of them. What the chosen one recorded is the path (branch 0);
what the other one recorded since is a branch of its own (1, 2, ...), which begins at a place of the path.
"""

from __future__ import annotations

import mmap
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from onebook_schemas.stock_events import GoodsMoved, StockCounted

StockFact = GoodsMoved | StockCounted
_fact_of = TypeAdapter(StockFact).validate_json
_MOVEMENT_ID = re.compile(rb'"movement_id":"([0-9a-f-]{36})"')
NEVER = -1  # Staff were not told that it is recorded.


@dataclass(frozen=True, slots=True)
class Twin:
    """A clone: what it wrote down lies in its folder. Spans are lines of the first box's file of attempts."""

    folder: Path
    copied_at: int  # Lines that the first box had written when the clone was made ...
    decided_at: int  # ... and when a person chose.
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to an edge that explains what is missing."""

    gone_with_card: frozenset[str] = frozenset()  # Not delivered when a storage card was taken out for good.
    kept_beside: frozenset[str] = frozenset()  # In the folders of boxes that were not chosen.
    epochs_max: int = 1
    full_ms: tuple[tuple[int, int], ...] = ()  # From when to when its disk was full: readings are refused then.
    cloned_ms: tuple[tuple[int, int], ...] = ()  # Telemetry of two boxes is mixed: of a sequence the first one is kept.


Life = list[tuple[int, int]]  # What the probe said between start and end: number, monotonic ms.


class EdgeTruth:
    """`EdgeTruth.of(folder)`. Movements are numbered in the order in which they are met; see the arrays."""

    def __init__(self, damage: Damage) -> None:
        self.damage = damage
        self.numbers: dict[bytes, int] = {}  # Of a movement, by its id.
        self.places, self.branches, self.believed = array("q"), array("h"), array("q")
        self.begins_at: list[int] = [0]  # Of each branch: its place on the path.
        self.lives: list[Life] = []
        self._files: list[mmap.mmap | bytes] = []
        self._file_of, self._offsets = array("h"), array("q")

    @classmethod
    def of(cls, folder: Path, twins: Sequence[Twin] = (), damage: Damage = Damage()) -> EdgeTruth:
        truth = cls(damage)
        truth._walk(folder, twins)
        for one in (folder, *(twin.folder for twin in twins)):
            truth._read_believed(one / "believed")
            truth.lives += _lives(one / "said")
        return truth

    def __len__(self) -> int:
        return len(self.places)

    def number(self, movement_id: str) -> int | None:
        return self.numbers.get(movement_id.encode())

    def fact(self, number: int) -> StockFact:
        file, start = self._files[self._file_of[number]], self._offsets[number]
        return _fact_of(file[start : file.find(b"\n", start)])

    def ids(self) -> Iterator[tuple[int, str]]:
        for name, number in self.numbers.items():
            yield number, name.decode()

    def _walk(self, folder: Path, twins: Sequence[Twin]) -> None:
        """Number all attempts along the path and its branches."""
        first = list(self._lines(folder / "attempted"))
        at = place = 0
        for twin in twins:
            place = self._append(first[at : twin.copied_at], 0, place)
            at = max(at, twin.copied_at)
            theirs, ours = list(self._lines(twin.folder / "attempted")), first[at : twin.decided_at]
            chosen, other = (theirs, ours) if twin.is_chosen else ([], theirs)
            self.begins_at.append(place)
            self._append(other, len(self.begins_at) - 1, place)
            place = self._append(chosen, 0, place)
            at = twin.decided_at if twin.is_chosen else at
        self._append(first[at:], 0, place)

    def _append(self, lines: Iterable[tuple[int, int, bytes]], branch: int, place: int) -> int:
        for file, offset, movement_id in lines:
            if self.numbers.setdefault(movement_id, len(self.places)) == len(self.places):
                for kept, value in (
                    (self.places, place),
                    (self.branches, branch),
                    (self.believed, NEVER),
                    (self._file_of, file),
                    (self._offsets, offset),
                ):
                    kept.append(value)
            place += 1
        return place

    def _lines(self, path: Path) -> Iterator[tuple[int, int, bytes]]:
        """(file, offset, movement id) of each line."""
        if not path.exists() or path.stat().st_size == 0:
            return
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._files.append(content)
        start = 0
        while (end := content.find(b"\n", start)) >= 0:
            found = _MOVEMENT_ID.search(content, start, end)
            assert found, f"{path}: no movement id at byte {start}"
            yield len(self._files) - 1, start, found[1]
            start = end + 1

    def _read_believed(self, path: Path) -> None:
        if path.exists():
            with path.open("rb") as file:
                for line in file:
                    movement_id, sequence = line.split()
                    self.believed[self.numbers[movement_id]] = int(sequence)


def _lives(path: Path) -> list[Life]:
    lives: list[Life] = []
    if not path.exists():
        return lives
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line == "life\n":
                lives.append([])
            else:
                number, at_ms = line.split()
                lives[-1].append((int(number), int(at_ms)))
    return lives
