"""The index of papers in a SQLite file. Everything here waits for the disk: it is called in a thread.

What it knows of the journal can be read there again, and is dropped when it does not fit any more. How often a paper was printed
stands nowhere else and stays. A file that is damaged is put aside, and both begin anew.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from onebook_edge.logs import get_logger
from onebook_edge.paper.filing import Entry, PaperKind

log = get_logger()

FOUND_MAX: Final = 50
"""Papers in one answer; the next ones are asked for by `before`."""
FACTS_MAX: Final = 2_000
"""Facts on one paper, which are those of a stocktake: the first ones."""
_RELATED_MAX = 20
_SCHEMA = """
CREATE TABLE IF NOT EXISTS followed (epoch TEXT NOT NULL, through INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
  sequence INTEGER PRIMARY KEY, paper TEXT NOT NULL, kind TEXT NOT NULL, number TEXT NOT NULL, movement_id TEXT NOT NULL,
  day TEXT NOT NULL, actor TEXT NOT NULL, refers_to TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_paper ON entry (paper);
CREATE INDEX IF NOT EXISTS entry_day ON entry (day);
CREATE INDEX IF NOT EXISTS entry_movement ON entry (movement_id);
CREATE INDEX IF NOT EXISTS entry_refers_to ON entry (refers_to);
CREATE TABLE IF NOT EXISTS entry_item (item TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (item, sequence)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS print (paper TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
"""
_PAPERS = """
SELECT sequence, entry.paper, kind, number, movement_id, day, actor, coalesce(times, 0),
  EXISTS (
    SELECT 1 FROM entry AS own JOIN entry AS other ON other.refers_to = own.movement_id
    WHERE own.paper = entry.paper AND other.kind = 'reversal'
  )
FROM entry LEFT JOIN print ON print.paper = entry.paper
"""
_RELATED = """
SELECT sequence FROM entry WHERE (refers_to <> '' AND refers_to IN (SELECT movement_id FROM entry WHERE paper = ?))
  OR movement_id IN (SELECT refers_to FROM entry WHERE paper = ? AND refers_to <> '') ORDER BY sequence LIMIT ?
"""
_BEHIND_ALL = 1 << 62

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Search:
    """What a person looks for; what is empty is not asked for. `number` may be a part of one."""

    number: str = ""
    kind: PaperKind | None = None
    from_day: str = ""
    to_day: str = ""
    item: str = ""
    actor: str = ""
    before: int | None = None  # The sequence of the last paper of the answer before this one.


@dataclass(frozen=True, slots=True)
class FoundPaper:
    """A paper in a list; `sequence` is that of its latest fact."""

    sequence: int
    paper: str
    kind: PaperKind
    number: str
    movement_id: str
    day: str
    actor: str
    printed: int
    is_reversed: bool


class IndexFile:
    """Opened when it is first asked for something. Any call may raise sqlite3.OperationalError: the disk is full, or gone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None

    def followed(self, epoch: str, last_sequence: int) -> int:
        """Through which sequence of this epoch the journal is in the index. Another epoch: none of it is."""
        return self._with_file(lambda db: _followed(db, epoch, last_sequence))

    def file(self, entries: Sequence[Entry], through: int) -> None:
        self._with_file(lambda db: _file(db, entries, through))

    def forget_before(self, sequence: int) -> None:
        """Papers of facts before this one are not found any more, nor is it known how often those were printed."""
        self._with_file(lambda db: _forget_before(db, sequence))

    def find(self, search: Search) -> list[FoundPaper]:
        """The newest first, at most FOUND_MAX."""
        return self._with_file(lambda db: _find(db, search))

    def places(self, paper: str) -> tuple[FoundPaper | None, list[int], list[int]]:
        """Where the facts of a paper stand in the journal, and those that it refers to or that refer to it."""
        return self._with_file(lambda db: _places(db, paper))

    def count_print(self, paper: str) -> int:
        """The how manieth print this one is. On the disk when it returns."""
        return self._with_file(lambda db: _count_print(db, paper))

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _with_file(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connected())
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            log.error("archive_damaged", reason=str(error), effect="built anew; prints are counted from one again")
            self._put_aside()
            return work(self._connected())

    def _connected(self) -> sqlite3.Connection:
        if self._db is None:
            db = self._db = sqlite3.connect(self._path, isolation_level=None)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")  # Nothing is forced to the disk beside the journal's commits.
            db.executescript(_SCHEMA)
        return self._db

    def _put_aside(self) -> None:
        self.close()
        self._path.replace(self._path.with_suffix(".damaged"))
        for left in self._path.parent.glob(f"{self._path.name}-*"):
            left.unlink()


def _followed(db: sqlite3.Connection, epoch: str, last_sequence: int) -> int:
    row = db.execute("SELECT epoch, through FROM followed").fetchone()
    if row and row[0] == epoch and row[1] <= last_sequence:
        return int(row[1])
    with db:
        db.execute("BEGIN")
        db.execute("DELETE FROM followed")
        db.execute("DELETE FROM entry")
        db.execute("DELETE FROM entry_item")
        db.execute("INSERT INTO followed VALUES (?, 0)", (epoch,))
    return 0


def _file(db: sqlite3.Connection, entries: Sequence[Entry], through: int) -> None:
    rows = [(x.sequence, x.paper, x.kind, x.number, x.movement_id, x.day, x.actor, x.refers_to) for x in entries]
    items = [(item, entry.sequence) for entry in entries for item in entry.items]
    with db:
        db.execute("BEGIN")
        db.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        db.executemany("INSERT OR IGNORE INTO entry_item VALUES (?, ?)", items)
        db.execute("UPDATE followed SET through = ?", (through,))


def _forget_before(db: sqlite3.Connection, sequence: int) -> None:
    with db:
        db.execute("BEGIN")
        db.execute("DELETE FROM entry WHERE sequence < ?", (sequence,))
        db.execute("DELETE FROM entry_item WHERE sequence < ?", (sequence,))
        db.execute("DELETE FROM print WHERE paper NOT IN (SELECT paper FROM entry)")


def _find(db: sqlite3.Connection, search: Search) -> list[FoundPaper]:
    wanted: Mapping[str, str | None] = {
        "instr({}.number, ?)": search.number or None,
        "{}.kind = ?": search.kind,
        "{}.day >= ?": search.from_day or None,
        "{}.day <= ?": search.to_day or None,
        "{}.sequence IN (SELECT sequence FROM entry_item WHERE item = ?)": search.item or None,
        "{}.actor = ?": search.actor or None,
    }
    asked = {condition: value for condition, value in wanted.items() if value is not None}
    here, later = (" AND ".join(["1", *(one.format(table) for one in asked)]) for table in ("entry", "later"))
    # Each paper once, at its latest fact of those that are looked for: so a list is read from its end, and not whole.
    query = f"""{_PAPERS} WHERE sequence < ? AND {here} AND NOT EXISTS (
        SELECT 1 FROM entry AS later WHERE later.paper = entry.paper AND later.sequence > entry.sequence AND {later}
    ) ORDER BY sequence DESC LIMIT ?"""  # noqa: S608 - of constants only.
    values = (search.before or _BEHIND_ALL, *asked.values(), *asked.values(), FOUND_MAX)
    return [_found(row) for row in db.execute(query, values)]


def _places(db: sqlite3.Connection, paper: str) -> tuple[FoundPaper | None, list[int], list[int]]:
    row = db.execute(f"{_PAPERS} WHERE entry.paper = ? ORDER BY sequence DESC LIMIT 1", (paper,)).fetchone()
    own = db.execute("SELECT sequence FROM entry WHERE paper = ? ORDER BY sequence LIMIT ?", (paper, FACTS_MAX))
    related = db.execute(_RELATED, (paper, paper, _RELATED_MAX))
    return (_found(row) if row else None), [one for (one,) in own], [one for (one,) in related]


def _count_print(db: sqlite3.Connection, paper: str) -> int:
    insert = "INSERT INTO print VALUES (?, 1) ON CONFLICT (paper) DO UPDATE SET times = times + 1 RETURNING times"
    db.execute("PRAGMA synchronous=FULL")
    try:
        ((times,),) = db.execute(insert, (paper,)).fetchall()  # To the end: only then it is committed.
        return int(times)
    finally:
        db.execute("PRAGMA synchronous=NORMAL")


def _found(row: Any) -> FoundPaper:
    sequence, paper, kind, number, movement_id, day, actor, printed, is_reversed = row
    return FoundPaper(sequence, paper, PaperKind(kind), number, movement_id, day, actor, printed, bool(is_reversed))
