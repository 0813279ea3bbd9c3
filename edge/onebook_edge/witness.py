"""This site as a witness of the book: keeps what the centre signed, and says so loudly when the centre contradicts itself.

A contradiction goes into the journal before it is kept here: whoever runs the centre hears of it, and it stays in the book.

Signatures are not checked here (the box has no key, and needs none): the auditor checks them. What contradicts is kept too,
beside the reason, and never displaces what was held. The file stays small: the newest ones, and one for each of many days.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from onebook_edge.errors import OutboxFullError
from onebook_edge.logs import get_logger
from onebook_schemas.checkpoint import Checkpoint, Position, Statement
from onebook_schemas.device_events import CheckpointContradicted
from onebook_schemas.encoding import UndecodableError, decode, explain

log = get_logger()

DOCUMENT = "checkpoint"
KEPT_NEWEST, KEPT_DAYS, KEPT_REFUSED = 200, 400, 100
_DAY_MS = 86_400_000
_SCHEMA = """CREATE TABLE IF NOT EXISTS checkpoint (
  made_at INTEGER NOT NULL, document TEXT NOT NULL UNIQUE, refused TEXT
)"""
_LET_GO = f"""DELETE FROM checkpoint WHERE
  refused IS NULL AND made_at NOT IN (SELECT made_at FROM checkpoint WHERE refused IS NULL ORDER BY 1 DESC LIMIT {KEPT_NEWEST})
    AND made_at NOT IN (SELECT max(made_at) FROM checkpoint WHERE refused IS NULL GROUP BY made_at / {_DAY_MS}
                        ORDER BY 1 DESC LIMIT {KEPT_DAYS})
  OR refused NOT NULL AND rowid NOT IN (SELECT rowid FROM checkpoint WHERE refused NOT NULL ORDER BY 1 LIMIT {KEPT_REFUSED})
"""  # noqa: S608 - numbers of ours.


def contradiction(held: Iterable[Checkpoint], new: Checkpoint, edge_id: str) -> str | None:
    """Why a checkpoint cannot be true beside those held; None if it can. Raises ValidationError for unreadable texts."""
    stated, positioned = new.stated(), new.positioned()
    if positioned.edge_id != edge_id:
        return f"it is meant for {positioned.edge_id}"
    for other in held:
        one, two = sorted(
            ((other.stated(), other.positioned()), (stated, positioned)), key=lambda pair: pair[0].made_at
        )
        if reason := _disagree(*one, *two):
            return f"it disagrees with checkpoint {other.version}: {reason}"
    return None


def _disagree(early: Statement, early_logs: Position, late: Statement, late_logs: Position) -> str | None:
    if early.feed_epoch != late.feed_epoch:
        return None  # The book was restored in between, which it says itself.
    if late.ledger_seq < early.ledger_seq:
        return f"the book has shrunk from {early.ledger_seq} to {late.ledger_seq} entries"
    if late.ledger_seq == early.ledger_seq and late.head != early.head:
        return f"entry {late.ledger_seq} has another hash"
    known = {(one.epoch, one.stream): one for one in late_logs.logs}
    for one in early_logs.logs:
        now = known.get((one.epoch, one.stream))
        if now is None or now.accepted_through < one.accepted_through:
            return f"events of this site's {one.stream} {one.epoch} are gone"
        if now.accepted_through == one.accepted_through and now.head != one.head:
            return f"event {one.accepted_through} of this site's {one.stream} {one.epoch} has another hash"
    return None


class _Judged(NamedTuple):
    """Why a checkpoint is refused (None: it is not), and whether the journal need not be told of it any more."""

    refused: str | None
    is_told: bool


class Witness:
    """`hear` what comes on `down/checkpoint`; `await run()` for ever. `hold` is told what is held, `record` is the journal."""

    def __init__(
        self,
        path: Path,
        edge_id: str,
        hold: Callable[[str, int], None],
        record: Callable[[Sequence[CheckpointContradicted]], Awaitable[object]],
    ) -> None:
        self._path, self._edge_id, self._hold, self._record = path, edge_id, hold, record
        self._heard: asyncio.Queue[bytes] = asyncio.Queue(16)

    def hear(self, body: bytes) -> None:
        if not self._heard.full():  # The next one says everything anew.
            self._heard.put_nowait(body)

    async def run(self) -> None:
        newest = max((one.version for one in await asyncio.to_thread(held_in, self._path)), default=None)
        if newest is not None:
            self._hold(DOCUMENT, newest)
        while True:
            body = await self._heard.get()
            try:
                checkpoint = decode(Checkpoint, body)
                await self._take(checkpoint)
            except (UndecodableError, ValidationError) as error:
                said = explain(error) if isinstance(error, ValidationError) else str(error)
                log.error("checkpoint_unreadable", reason=said)
            except sqlite3.Error as error:
                log.error("checkpoint_not_kept", reason=str(error), what_to_do="check the storage card")
            except OutboxFullError as error:  # The centre publishes again with its next connection.
                log.error("checkpoint_not_kept", reason=error.reason, what_to_do=error.what_to_do)

    async def _take(self, new: Checkpoint) -> None:
        refused, is_told = await asyncio.to_thread(self._judge, new)
        if refused is not None:
            log.error("checkpoint_contradicts", reason=refused, what_to_do="tell the auditor; keep checkpoints.db")
        if not is_told:
            said = CheckpointContradicted(version=new.version, reason=(refused or "")[:200], settled=refused is None)
            await self._record([said])
        await asyncio.to_thread(self._keep, new, refused)
        if refused is None:
            self._hold(DOCUMENT, new.version)

    def _judge(self, new: Checkpoint) -> _Judged:
        """Of contradictions each one that will be kept is told, and one that agrees again after them."""
        rows = _rows(self._path)
        refused = contradiction(_held(rows), new, self._edge_id)
        is_known = any(document == new.model_dump(mode="json") for document, _ in rows)
        if refused is None:
            return _Judged(None, is_told=is_known or not _is_last_refused(self._path))
        return _Judged(refused, is_told=is_known or sum(why is not None for _, why in rows) >= KEPT_REFUSED)

    def _keep(self, new: Checkpoint, refused: str | None) -> None:
        with contextlib.closing(sqlite3.connect(self._path)) as database, database:
            database.execute(_SCHEMA)
            row = (new.version, new.model_dump_json(), refused)
            database.execute("INSERT INTO checkpoint VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row)
            database.execute(_LET_GO)


def held_in(path: Path) -> list[Checkpoint]:
    """What this box holds and does not refuse, oldest first."""
    return _held(_rows(path))


def export_of(path: Path, edge_id: str) -> dict[str, Any]:
    """For the auditor: all that is held, and what was refused with the reason."""
    rows = _rows(path)
    refused = [{"reason": reason, "document": document} for document, reason in rows if reason is not None]
    return {"edge_id": edge_id, "documents": [one for one, reason in rows if reason is None], "refused": refused}


def _held(rows: Iterable[tuple[dict[str, Any], str | None]]) -> list[Checkpoint]:
    return [Checkpoint.model_validate(document) for document, refused in rows if refused is None]


def _rows(path: Path) -> list[tuple[dict[str, Any], str | None]]:
    found = _asked(path, "SELECT document, refused FROM checkpoint ORDER BY made_at")
    return [(json.loads(document), refused) for document, refused in found]


def _is_last_refused(path: Path) -> bool:
    """Whether of all that is kept the last to come was refused."""
    return _asked(path, "SELECT refused NOT NULL FROM checkpoint ORDER BY rowid DESC LIMIT 1") == [(1,)]


def _asked(path: Path, query: str) -> list[Any]:
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
