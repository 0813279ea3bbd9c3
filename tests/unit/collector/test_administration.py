"""The administration's database keeps what was written, and its audit log keeps it as it was."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from onebook_collector.administration.audit import AuditEntry, write_audit
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.administration.tables import audit_entry

RELEASED = AuditEntry("person:liwei", "quarantine.release", "edge-hz-01/7", detail={"note": "复核无误"})


async def test_what_was_written_is_there_after_the_file_was_closed_and_opened(tmp_path: Path) -> None:
    path = tmp_path / "administration.db"
    async with aclosing(await AdministrationStore.open(path)) as store:
        await store.write(lambda connection: write_audit(connection, RELEASED, 5))
    async with aclosing(await AdministrationStore.open(path)) as store:
        (row,) = await store.read(lambda connection: connection.execute(select(audit_entry)).all())
    assert (row.at_ms, row.actor, row.subject, row.outcome) == (5, "person:liwei", "edge-hz-01/7", "done")
    assert "复核无误" in row.detail


@pytest.mark.parametrize("change", [update(audit_entry).values(actor="nobody"), delete(audit_entry)], ids=str)
async def test_the_audit_log_cannot_be_changed(tmp_path: Path, change: object) -> None:
    async with aclosing(await AdministrationStore.open(tmp_path / "administration.db")) as store:
        await store.write(lambda connection: write_audit(connection, RELEASED, 5))
        with pytest.raises(IntegrityError, match="append only"):
            await store.write(lambda connection: connection.execute(change))  # type: ignore[call-overload]
