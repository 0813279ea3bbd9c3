"""A posting says when: a count asks what came after it on its account, and read the account's whole history for that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_postings_by_time"
down_revision = "0002_signed_checkpoints"


def upgrade() -> None:
    _let_update(True)
    op.add_column("posting", sa.Column("event_time", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE posting SET event_time ="
        " (SELECT event_time FROM movement WHERE movement.ledger_seq = posting.ledger_seq)"
    )
    _let_update(False)
    op.drop_index("ix_posting_account_id_item_id", "posting")
    op.create_index("ix_posting_account_id_item_id_event_time", "posting", ["account_id", "item_id", "event_time"])


def _let_update(may: bool) -> None:
    """Rows of `posting` are guarded against change: but for this one."""
    name, is_postgresql = "posting_refuses_update", op.get_context().dialect.name == "postgresql"
    if may:
        op.execute(f"DROP TRIGGER {name}" + (" ON posting" if is_postgresql else ""))
    elif is_postgresql:
        op.execute(f"CREATE TRIGGER {name} BEFORE UPDATE ON posting EXECUTE FUNCTION onebook_append_only()")
    else:
        op.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON posting "
            "BEGIN SELECT RAISE(ABORT, 'rows of posting are never changed'); END"
        )
