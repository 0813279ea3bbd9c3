"""Checkpoints keep the text that they sign. There were none that anybody could have made before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_signed_checkpoints"
down_revision = "0001"


def upgrade() -> None:
    op.drop_table("checkpoint")  # Its triggers go with it.
    op.create_table(
        "checkpoint",
        sa.Column("made_at", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("made_at", name="pk_checkpoint"),
    )
    for change in ("UPDATE", "DELETE"):
        op.execute(_refuse(change))


def _refuse(change: str) -> str:
    name = f"checkpoint_refuses_{change.lower()}"
    if op.get_context().dialect.name == "postgresql":
        return f"CREATE TRIGGER {name} BEFORE {change} ON checkpoint EXECUTE FUNCTION onebook_append_only()"
    return (
        f"CREATE TRIGGER {name} BEFORE {change} ON checkpoint "
        "BEGIN SELECT RAISE(ABORT, 'rows of checkpoint are never changed'); END"
    )
