"""The audit log: every write, every export, every refusal, with who and when. Append only, by a trigger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, insert

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
