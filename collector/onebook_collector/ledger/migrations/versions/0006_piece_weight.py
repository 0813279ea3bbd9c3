"""What one piece of an item weighs: boxes count pieces on a scale by it.

A checkpoint that was signed before still says what it said: what came later is left out of an item's row while it is empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_piece_weight"
down_revision = "0005_movements_by_document"


def upgrade() -> None:
    op.add_column("item", sa.Column("piece_weight_mg", sa.BigInteger()))
