"""The audit log: every write, every export, every refusal, with who and when. Append only, by a trigger."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, insert, select

from onebook_collector.administration.tables import audit_entry

DONE = "done"


class AuditEntry(NamedTuple):
    """One thing that somebody did, or was refused. `detail` holds no secrets."""

    actor: str
    action: str
    subject: str
    outcome: str = DONE
    address: str = ""
    detail: Mapping[str, str | int | bool | None] = {}


def write_audit(connection: Connection, entry: AuditEntry, now_ms: int) -> None:
    """Write it down in the transaction of what it tells about."""
    values = entry._asdict() | {"at_ms": now_ms, "detail": json.dumps(dict(entry.detail), ensure_ascii=False)}
    connection.execute(insert(audit_entry).values(values))


def audit_entries(
    connection: Connection,
    *,
    actor: str | None = None,
    action: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> Sequence[Row[Any]]:
    """The newest first."""
    query = select(audit_entry).order_by(audit_entry.c.entry_id.desc()).limit(limit)
    if actor is not None:
        query = query.where(audit_entry.c.actor == actor)
    if action is not None:
        query = query.where(audit_entry.c.action == action)
    if before is not None:
        query = query.where(audit_entry.c.entry_id < before)
    return connection.execute(query).all()
