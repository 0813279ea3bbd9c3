"""This site as a witness of the book: keeps what the centre signed, and says so loudly when the centre contradicts itself.

Signatures are not checked here (the box has no key, and needs none): the auditor checks them. What contradicts is kept too,
beside the reason, and never displaces what was held. The file stays small: the newest ones, and one for each of many days.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from onebook_edge.logs import get_logger
from onebook_schemas.checkpoint import Checkpoint, Position, Statement
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


class Witness:
    """`hear` whatever comes on `down/checkpoint`; `await run()` for ever."""

    def __init__(self, path: Path, edge_id: str, hold: Callable[[str, int], None]) -> None:
        self._path, self._edge_id, self._hold = path, edge_id, hold
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
                refused = await asyncio.to_thread(self._keep, checkpoint)
            except (UndecodableError, ValidationError) as error:
                said = explain(error) if isinstance(error, ValidationError) else str(error)
                log.error("checkpoint_unreadable", reason=said)
            except sqlite3.Error as error:
                log.error("checkpoint_not_kept", reason=str(error), what_to_do="check the storage card")
            else:
                if refused is None:
                    self._hold(DOCUMENT, checkpoint.version)
                else:
                    log.error(
                        "checkpoint_contradicts", reason=refused, what_to_do="tell the auditor; keep checkpoints.db"
                    )

    def _keep(self, new: Checkpoint) -> str | None:
        """Keep it, in a thread. Gives the reason why it was refused."""
        refused = contradiction(held_in(self._path), new, self._edge_id)
        with contextlib.closing(sqlite3.connect(self._path)) as database, database:
            database.execute(_SCHEMA)
            row = (new.version, new.model_dump_json(), refused)
            database.execute("INSERT INTO checkpoint VALUES (?, ?, ?) ON CONFLICT DO NOTHING", row)
            database.execute(_LET_GO)
        return refused


def held_in(path: Path) -> list[Checkpoint]:
    """What this box holds and does not refuse, oldest first."""
    return [Checkpoint.model_validate(document) for document, refused in _rows(path) if refused is None]


def export_of(path: Path, edge_id: str) -> dict[str, Any]:
    """For the auditor: all that is held, and what was refused with the reason."""
    rows = _rows(path)
    refused = [{"reason": reason, "document": document} for document, reason in rows if reason is not None]
    return {"edge_id": edge_id, "documents": [one for one, reason in rows if reason is None], "refused": refused}


def _rows(path: Path) -> list[tuple[dict[str, Any], str | None]]:
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        found = database.execute("SELECT document, refused FROM checkpoint ORDER BY made_at").fetchall()
    return [(json.loads(document), refused) for document, refused in found]
