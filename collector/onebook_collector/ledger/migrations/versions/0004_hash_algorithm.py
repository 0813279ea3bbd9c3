"""Every log, and the book itself, says what its chain is made with. All that were begun before are of SHA-256.

A checkpoint that was signed before still says what it said: no column that it covers has changed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_hash_algorithm"
down_revision = "0003_postings_by_time"


def upgrade() -> None:
    for table in ("log", "sequencer"):
        if op.get_context().dialect.name == "sqlite":
            # Not as a batch: that would write the table anew, and with it the order of its rows, which is signed.
            op.execute(
                f"ALTER TABLE {table} ADD COLUMN hash_algorithm TEXT DEFAULT 'sha256' NOT NULL"
                f" CONSTRAINT ck_{table}_hash_algorithm_known CHECK (hash_algorithm IN ('sha256', 'sm3'))"
            )
            continue
        op.add_column(table, sa.Column("hash_algorithm", sa.Text(), nullable=False, server_default="sha256"))
        op.create_check_constraint(
            op.f(f"ck_{table}_hash_algorithm_known"), table, "hash_algorithm IN ('sha256', 'sm3')"
        )
