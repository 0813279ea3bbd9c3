"""The first tables of the administration. Until the first release they are made as they are declared."""

from __future__ import annotations

from alembic import op

from onebook_collector.administration import every_table

revision = "0001"
down_revision = None


def upgrade() -> None:
    every_table.metadata.create_all(op.get_bind())
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{verb.lower()} BEFORE {verb} ON audit_entry "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END"
        )
