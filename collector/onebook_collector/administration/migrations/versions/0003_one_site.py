"""A scope may be one site. Tables that were made as they are declared now have the column already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_one_site"
down_revision = "0002_furnishings"


def upgrade() -> None:
    for table in ("person", "token"):
        if "site" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
            op.add_column(table, sa.Column("site", sa.Text()))
