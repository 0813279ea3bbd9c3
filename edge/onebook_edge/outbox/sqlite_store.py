"""A stream in a SQLite file: one writer, commits in groups.

The journal is written with `synchronous=FULL`: a commit is on the disk when `append` returns. Telemetry is written with
`synchronous=NORMAL`: a killed process loses nothing that was committed, a power cut may lose what the operating system had not
written yet (docs/guarantees.md says how much). It is forced to the disk before it is sent, because a sequence that the
collector has seen must never be given to another event.

The connection lives in a thread of its own, and each unit of work crosses over to it once: a library that crosses for every
statement took four times as long for a commit. A commit writes its events and nothing else: where the stream stands is read off
its last event when the file is opened. Telemetry is kept compressed: the names of its series weigh more than their samples.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from onebook_edge.errors import OutboxBrokenError, OutboxFullError, RefusedError
from onebook_edge.logs import get_logger
from onebook_edge.outbox.store import EventDraft, Position, StoredEvent, Usage, chained, numbered
from onebook_edge.outbox.worker import Worker
from onebook_schemas.chain import HashAlgorithm, available, chain_start
from onebook_schemas.uplink import Stream

log = get_logger()

SCHEMA_VERSION = 3
_SCHEMA = """
CREATE TABLE identity (edge_id TEXT NOT NULL, epoch TEXT NOT NULL, stream TEXT NOT NULL, schema_version INTEGER NOT NULL,
  hash_algorithm TEXT NOT NULL);
CREATE TABLE position (delivered_through INTEGER NOT NULL);
CREATE TABLE event (
  sequence INTEGER PRIMARY KEY, through INTEGER NOT NULL, wall_ms INTEGER NOT NULL, body BLOB NOT NULL, chain_hash BLOB
);
"""
_FROM_VERSION_1 = """
ALTER TABLE position DROP COLUMN last_sequence;
ALTER TABLE position DROP COLUMN head;
UPDATE identity SET schema_version = 2;
"""
_FROM_VERSION_2 = """
ALTER TABLE identity ADD COLUMN hash_algorithm TEXT NOT NULL DEFAULT 'sha256';
UPDATE identity SET schema_version = 3;
"""
_COMPRESS_ABOVE_BYTES = 512
_DELETE_AT_ONCE = 2_000  # Events per deleting transaction: an append never waits long behind it.
_PAGES_PER_VACUUM = 256
_FREE_BYTES_MIN = 16 * 1024
_ROW_BYTES = 64  # About what a row takes beside its body.
_FIND_AMONG = 2_000
_WALL_MS = re.compile(rb'"wall_ms":(-?\d{1,18})\b')

T = TypeVar("T")
_Group: TypeAlias = list[tuple[Sequence[EventDraft], asyncio.Future[range]]]


class SqliteStreamStore:
    """Open with `await SqliteStreamStore.open(...)`. Appends that wait at the same time share one commit."""

    def __init__(self, path: Path, edge_id: str, stream: Stream, log_bytes: int) -> None:
        self._path, self._edge_id, self._stream, self._log_bytes = path, edge_id, stream, log_bytes
        self._db: sqlite3.Connection
        self._worker = Worker(f"outbox-{stream}")
        self._loop = asyncio.get_running_loop()
        self._waiting: _Group = []
        self._idle = asyncio.Event()  # Nothing waits, and nothing is being committed.
        self._idle.set()
        self._epoch = ""
        self._algorithm = HashAlgorithm.SHA256
        self._head = b""
        self._position = Position(0, 0)
        self._used_bytes = 0
        self._synced_through = 0  # Telemetry: what a power cut cannot take any more.

    @classmethod
    async def open(
        cls,
        path: Path,
        edge_id: str,
        stream: Stream,
        new_epoch: str,
        algorithm: HashAlgorithm = HashAlgorithm.SHA256,
        *,
        log_bytes: int = 4 << 20,
    ) -> SqliteStreamStore:
        """Open the file, or create it under `new_epoch`, chained with `algorithm`: a file that is there keeps its own. Its
        write-ahead log is folded in when it is as long as `log_bytes`.

        Raises RefusedError for a file of another edge or stream.
        """
        store = cls(path, edge_id, stream, log_bytes)
        store._db = await store._in_thread(lambda: sqlite3.connect(path, isolation_level=None))
        try:
            await store._in_thread(store._prepare, new_epoch, algorithm)
        except BaseException:  # Its thread ends with it, whatever went wrong; the caller is told.
            await store.close()
            raise
        return store

    @property
    def stream(self) -> Stream:
        return self._stream

    @property
    def epoch(self) -> str:
        return self._epoch

    @property
    def algorithm(self) -> HashAlgorithm:
        return self._algorithm

    @property
    def position(self) -> Position:
        return self._position

    @property
    def used_bytes(self) -> int:
        return self._used_bytes

    @property
    def usage(self) -> Usage:
        return Usage(self._used_bytes, self._position.last_sequence - self._position.delivered_through)

    async def append(self, drafts: Sequence[EventDraft]) -> range:
        stored: asyncio.Future[range] = self._loop.create_future()
        self._waiting.append((drafts, stored))
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_soon(
                self._commit_waiting
            )  # Whoever appends in the same turn of the loop shares the commit.
        return await stored

    async def load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        return await self._in_thread(self._load, after, events_max, bytes_max)

    async def chain_hash(self, sequence: int) -> bytes | None:
        if sequence == 0:
            return self._start()
        if sequence == self._position.last_sequence:
            return self._head
        row = await self._in_thread(self._row, "SELECT chain_hash FROM event WHERE sequence = ?", (sequence,))
        return row[0] if row else None

    async def refills_after(self) -> int:
        """The lowest cursor of a restored collector that this stream can still go on from."""
        row = await self._in_thread(self._row, "SELECT min(sequence) FROM event")
        oldest = self._position.last_sequence if row[0] is None else row[0]
        return 0 if oldest == 1 else oldest

    async def find(self, text: str) -> int | None:
        """The sequence of the newest of the last events that contains these words; None if none does."""
        query = "SELECT max(sequence) FROM event WHERE sequence > ? AND instr(body, ?)"
        row = await self._in_thread(self._row, query, (self._position.last_sequence - _FIND_AMONG, text.encode()))
        return row[0] if row else None

    async def mark_delivered(self, through: int) -> None:
        """A cursor that a power cut takes back is only sent for again: no need to wait for the disk, nor for room on it."""
        try:
            await self._in_thread(self._db.execute, "UPDATE position SET delivered_through = ?", (through,))
        except sqlite3.OperationalError as error:
            log.warning("cursor_not_written", stream=self._stream, reason=str(error))
        self._position = Position(self._position.last_sequence, through)

    async def drop_delivered(self, keep_bytes: int, aged_through: int) -> int:
        dropped = 0
        while True:
            try:
                count = await self._in_thread(self._drop_some, keep_bytes, aged_through)
            except sqlite3.OperationalError as error:
                raise _no_room_made(error) from error
            dropped += count
            if count == 0:
                return dropped

    async def replace(self, first: int, through: int, thinned: EventDraft) -> None:
        assert self._stream is Stream.TELEMETRY, "the journal is never thinned"
        try:
            await self._in_thread(self._replace, first, through, thinned)
        except sqlite3.OperationalError as error:
            raise _no_room_made(error) from error

    async def adopt(self, events: Sequence[StoredEvent]) -> None:
        """Begin an empty stream with the events of another one, which `carried_over` has numbered for it."""
        head = events[-1].chain_hash or self._head
        await self._in_thread(self._insert, events, list(_captured_ms(events)))
        self._head, self._position = head, Position(events[-1].sequence, self._position.delivered_through)

    async def prove(self) -> None:
        """Return when the thread has come round to answering."""
        await self._in_thread(self._row, "SELECT 1")

    async def settle(self) -> None:
        """Until all that was appended so far is committed, or refused."""
        await self._idle.wait()

    async def close(self) -> None:
        await self.settle()
        await self._in_thread(self._db.close)  # The last connection folds the write-ahead log into the file.
        self._worker.close()

    # Committing -------------------------------------------------------------------------------------------------

    def _commit_waiting(self) -> None:
        """One transaction for all that wait."""
        group, self._waiting = self._waiting, []
        if not group:
            self._idle.set()
            return
        drafts = [draft for one, _ in group for draft in one]
        first = self._position.last_sequence + 1
        if self._stream is Stream.JOURNAL:
            events, head = chained(self._head, first, drafts, self._algorithm)
        else:
            events, head = numbered(first, drafts), self._head
        self._worker.ask(
            partial(self._insert, events, [draft.at.wall_ms for draft in drafts]),
            then=partial(self._committed, group, events[-1].sequence, head),
            fail=partial(self._not_committed, group),
        )

    def _committed(self, group: _Group, last: int, head: bytes, used_bytes: int) -> None:
        """Sequences are taken only now."""
        start = self._position.last_sequence + 1
        self._head, self._position = head, Position(last, self._position.delivered_through)
        self._used_bytes += used_bytes
        for drafts, stored in group:
            if not stored.done():  # Else the caller was cancelled.
                stored.set_result(range(start, start + len(drafts)))
            start += len(drafts)
        self._loop.call_soon(self._commit_waiting)  # Behind those just told: what they append next shares a commit.

    def _not_committed(self, group: _Group, error: Exception) -> None:
        told = _not_stored(error) if isinstance(error, sqlite3.DatabaseError) else error
        for _, stored in group:
            if not stored.done():
                stored.set_exception(told)
        self._loop.call_soon(self._commit_waiting)

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do a unit of work in the thread, after those asked for before. It is finished even if the caller is cancelled."""
        return await self._worker.do(partial(work, *arguments))

    # In the thread ----------------------------------------------------------------------------------------------

    def _insert(self, events: Sequence[StoredEvent], wall_ms: Sequence[int]) -> int:
        """Returns about how many bytes they take up."""
        rows = [
            (event.sequence, event.through, at_ms, self._packed(event.body), event.chain_hash)
            for event, at_ms in zip(events, wall_ms, strict=True)
        ]
        try:
            with self._transaction():
                self._db.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.OperationalError:
            self._read_position()  # Whether a failed COMMIT came through, only the file knows.
            raise
        return sum(len(row[3]) + _ROW_BYTES for row in rows)

    def _packed(self, body: bytes) -> bytes:
        """Journal events stay legible (and searchable, see `find`); of telemetry one in ten bytes is left."""
        small = self._stream is Stream.JOURNAL or len(body) <= _COMPRESS_ABOVE_BYTES
        return body if small else zlib.compress(body, 1)

    def _load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        self._sync()
        found: list[StoredEvent] = []
        size = 0
        query = "SELECT sequence, through, body, chain_hash FROM event WHERE through > ? ORDER BY sequence LIMIT ?"
        for sequence, through, kept, chain_hash in self._db.execute(query, (after, events_max)):
            body = plain_body(kept)
            size += len(body)
            if found and size > bytes_max:
                break
            found.append(StoredEvent(sequence, through, body, chain_hash))
        return tuple(found)

    def _sync(self) -> None:
        """Force what was committed with `synchronous=NORMAL` to the disk: it is in the write-ahead log, or past it."""
        last = self._position.last_sequence
        if self._stream is Stream.JOURNAL or self._synced_through == last:
            return
        log = self._path.with_name(self._path.name + "-wal")
        with (log if log.exists() else self._path).open("rb") as file:
            os.fsync(file.fileno())
        self._synced_through = last

    def _row(self, query: str, values: Sequence[object] = ()) -> Any:
        return self._db.execute(query, values).fetchone()

    def _replace(self, first: int, through: int, thinned: EventDraft) -> None:
        with self._transaction():
            self._db.execute("DELETE FROM event WHERE sequence >= ? AND through <= ?", (first, through))
            row = (first, through, thinned.at.wall_ms, self._packed(thinned.body(first)))
            self._db.execute("INSERT INTO event (sequence, through, wall_ms, body) VALUES (?, ?, ?, ?)", row)
        self._give_back_space()

    def _drop_some(self, keep_bytes: int, aged_through: int) -> int:
        """Delete one transaction's worth of delivered events: the oldest that the bytes ask for, else those that have aged."""
        delivered, excess = self._position.delivered_through, self._used_bytes - keep_bytes
        through = self._enough(delivered, excess) if excess > 0 else aged_through
        chosen = "SELECT sequence FROM event WHERE through < ? AND through <= ? ORDER BY sequence LIMIT ?"
        delete = f"DELETE FROM event WHERE sequence IN ({chosen})"  # noqa: S608 - of constants only.
        count = self._db.execute(delete, (delivered, through, _DELETE_AT_ONCE)).rowcount
        if count:
            self._give_back_space()
        return count

    def _enough(self, delivered: int, excess_bytes: int) -> int:
        """Up to which sequence delivered events must go to free so many bytes, or a few pages: only whole pages are freed."""
        through, left = 0, max(excess_bytes, _FREE_BYTES_MIN)
        query = "SELECT through, length(body) FROM event WHERE through < ? ORDER BY sequence LIMIT ?"
        for last, size in self._db.execute(query, (delivered, _DELETE_AT_ONCE)):
            through, left = last, left - size - _ROW_BYTES
            if left <= 0:
                break
        return through

    def _give_back_space(self) -> None:
        # As a script: a single `execute` takes one step, and each step frees one page.
        self._db.executescript(f"PRAGMA incremental_vacuum({_PAGES_PER_VACUUM})")
        self._measure()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:  # Also a full disk at the commit, after which SQLite may have rolled back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _prepare(self, new_epoch: str, algorithm: HashAlgorithm) -> None:
        level = "FULL" if self._stream is Stream.JOURNAL else "NORMAL"
        for pragma in ("auto_vacuum=INCREMENTAL", "journal_mode=WAL", f"synchronous={level}", "busy_timeout=5000"):
            self._db.execute(f"PRAGMA {pragma}")
        pages = max(self._log_bytes // self._row("PRAGMA page_size")[0], 1)
        self._db.execute(f"PRAGMA wal_autocheckpoint={pages}")
        self._db.execute(f"PRAGMA journal_size_limit={self._log_bytes}")  # What a long reader made of it is given back.
        if self._row("SELECT 1 FROM sqlite_master WHERE name = 'identity'") is None:
            self._create(new_epoch, algorithm)
        for version, statements in ((1, _FROM_VERSION_1), (2, _FROM_VERSION_2)):
            if self._row("SELECT schema_version FROM identity") == (version,):
                with self._transaction():
                    self._run(statements)
        self._read_identity()
        self._read_position()
        self._measure()

    def _create(self, epoch: str, algorithm: HashAlgorithm) -> None:
        with self._transaction():
            self._run(_SCHEMA)
            identity = (self._edge_id, epoch, self._stream, SCHEMA_VERSION, algorithm)
            self._db.execute("INSERT INTO identity VALUES (?, ?, ?, ?, ?)", identity)
            self._db.execute("INSERT INTO position VALUES (0)")

    def _run(self, statements: str) -> None:
        for statement in statements.strip().split(";\n"):  # `executescript` would end the transaction.
            self._db.execute(statement)

    def _read_identity(self) -> None:
        row = self._row("SELECT edge_id, epoch, stream, schema_version FROM identity")
        edge_id, self._epoch, stream, version = row or ("", "", "", 0)
        if (edge_id, stream, version) != (self._edge_id, self._stream, SCHEMA_VERSION):
            raise RefusedError(
                f"{self._path} belongs to edge {edge_id!r}, stream {stream!r}, version {version}",
                f"Give edge {self._edge_id!r} a data folder of its own, or move this file away.",
            )
        try:
            self._algorithm = available(HashAlgorithm(self._row("SELECT hash_algorithm FROM identity")[0]))
        except ValueError as error:
            raise RefusedError(
                f"{self._path}: {error}", "Events of this epoch cannot be chained without it."
            ) from error

    def _start(self) -> bytes:
        """The head of the chain before its first event."""
        return chain_start(self._edge_id, self._epoch, self._stream, algorithm=self._algorithm)

    def _read_position(self) -> None:
        (delivered,) = self._row("SELECT delivered_through FROM position")
        last = self._row("SELECT through, chain_hash FROM event ORDER BY sequence DESC LIMIT 1")
        through, self._head = last or (0, self._start())
        self._position = Position(through, delivered)

    def _measure(self) -> None:
        """Bytes in use: pages that hold something. The write-ahead log beside it is bounded, see `_prepare`."""
        pages, free, size = (
            self._row(f"PRAGMA {pragma}")[0] for pragma in ("page_count", "freelist_count", "page_size")
        )
        self._used_bytes = (pages - free) * size


def _no_room_made(error: sqlite3.OperationalError) -> OutboxFullError:
    return OutboxFullError(
        f"磁盘已满,无法腾出空间 / the disk is so full that nothing can be deleted either ({error})",
        "请清理存储卡上的其他文件 / remove other files from the storage card.",
    )


def _captured_ms(events: Sequence[StoredEvent]) -> Iterator[int]:
    """When each was captured, as it says itself; one whose bytes no longer say it came with the one before."""
    captured_ms = 0
    for event in events:
        if said := _WALL_MS.search(event.body):
            captured_ms = int(said[1])
        yield captured_ms


def plain_body(kept: bytes) -> bytes:
    """The bytes of an event as it is sent. What is compressed is told by its first byte, as in an upload."""
    if kept[:1] == b"{":
        return kept
    try:
        return zlib.decompress(kept)
    except zlib.error:
        return kept.replace(b"\n", b" ")  # Damaged on the card. One line; the collector sets it aside with its bytes.


def _not_stored(error: sqlite3.DatabaseError) -> OutboxFullError | OutboxBrokenError:
    if not isinstance(error, sqlite3.OperationalError):
        return OutboxBrokenError(f"the outbox file is damaged: {error}")
    return OutboxFullError(
        f"磁盘写入失败,未记账 / not recorded, the disk refused the write ({error})",
        "请勿继续作业,联系管理员检查存储卡 / stop working and have the storage card checked.",
    )
