"""Keeps early warnings, open and cleared, in a SQLite file: its own, or that of the metrics."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from onebook_collector.early_warning.rule import EarlyWarning, Kind, Raised, Severity, Subject
from onebook_collector.metrics.sqlite_thread import SqliteThread, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS early_warning (
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL, edge_id TEXT NOT NULL, site TEXT NOT NULL, device TEXT NOT NULL, quantity TEXT NOT NULL,
    severity INTEGER NOT NULL, text TEXT NOT NULL, text_values TEXT NOT NULL,
    opened_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL, cleared_ms INTEGER, clearing_reason TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_open_instance ON early_warning (kind, edge_id, site, device, quantity)
    WHERE cleared_ms IS NULL;
CREATE INDEX IF NOT EXISTS early_warning_by_time ON early_warning (opened_ms);
"""
_SAVE = """
INSERT INTO early_warning VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    severity = excluded.severity, text = excluded.text, text_values = excluded.text_values,
    last_seen_ms = excluded.last_seen_ms, cleared_ms = excluded.cleared_ms, clearing_reason = excluded.clearing_reason
"""


class EarlyWarningStore:
    def __init__(self, path: Path) -> None:
        self._thread = SqliteThread(path)

    @classmethod
    async def open(cls, path: Path) -> EarlyWarningStore:
        store = cls(path)
        await store._thread.run(lambda db: db.executescript(_SCHEMA))
        return store

    async def close(self) -> None:
        await self._thread.close()

    async def save(self, warnings: Iterable[EarlyWarning]) -> None:
        """Keep the warnings as they are now. One that closes is named before the next of its kind that opens."""
        rows = [_row(warning) for warning in warnings]

        def work(db: sqlite3.Connection) -> None:
            with transaction(db):
                db.executemany(_SAVE, rows)

        await self._thread.run(work)

    async def open_warnings(self) -> list[EarlyWarning]:
        """Oldest first."""
        return await self._select("WHERE cleared_ms IS NULL ORDER BY opened_ms", ())

    async def history(
        self, *, edge_id: str | None = None, before_ms: int, limit: int, edges: Collection[str] | None = None
    ) -> list[EarlyWarning]:
        """Open and cleared ones that opened before a moment, newest first; `edges`: of these only."""
        among = None if edges is None else json.dumps(sorted(edges))
        where = (
            "WHERE opened_ms < ?1 AND edge_id = ifnull(?2, edge_id) "
            "AND (?3 IS NULL OR edge_id IN (SELECT value FROM json_each(?3))) ORDER BY opened_ms DESC, rowid DESC LIMIT ?4"
        )
        return await self._select(where, (before_ms, edge_id, among, limit))

    async def _select(self, where: str, parameters: tuple[Any, ...]) -> list[EarlyWarning]:
        query = f"SELECT * FROM early_warning {where}"  # noqa: S608  (one of the two texts above)
        return await self._thread.run(lambda db: [_warning(*row) for row in db.execute(query, parameters)])


def _row(warning: EarlyWarning) -> tuple[Any, ...]:
    raised = warning.raised
    return (
        warning.id,
        raised.kind.value,
        *warning.subject,
        raised.severity.value,
        raised.text,
        json.dumps(dict(raised.values)),
        warning.opened_ms,
        warning.last_seen_ms,
        warning.cleared_ms,
        warning.clearing_reason,
    )


def _warning(
    id: str,
    kind: str,
    edge_id: str,
    site: str,
    device: str,
    quantity: str,
    severity: int,
    text: str,
    values: str,
    opened_ms: int,
    last_seen_ms: int,
    cleared_ms: int | None,
    clearing_reason: str | None,
) -> EarlyWarning:
    raised = Raised(Kind(kind), Severity(severity), text, json.loads(values))
    subject = Subject(edge_id, site, device, quantity)
    return EarlyWarning(id, subject, raised, opened_ms, last_seen_ms, cleared_ms, clearing_reason)
