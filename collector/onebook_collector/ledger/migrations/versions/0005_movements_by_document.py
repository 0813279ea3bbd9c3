"""What was booked for an order is asked for whenever its site moves goods: not by reading the whole book."""

from __future__ import annotations

from alembic import op

revision = "0005_movements_by_document"
down_revision = "0004_hash_algorithm"


def upgrade() -> None:
    op.create_index("ix_movement_document_no", "movement", ["document_no"])
