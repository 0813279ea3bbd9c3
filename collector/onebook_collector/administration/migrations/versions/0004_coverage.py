"""Facilities, prices, who was heard when, and the daily snapshots of coverage, which nobody may change."""

from __future__ import annotations

from alembic import op

from onebook_collector.administration import coverage_tables as t
from onebook_collector.administration.tables import metadata

revision = "0004_coverage"
down_revision = "0003_one_site"

TABLES = (t.facility, t.item_price, t.declared_outage, t.heard_span, t.edge_passed, *t.APPEND_ONLY)


def upgrade() -> None:
    """A new file has the tables already: its first ones are made as they are declared."""
    metadata.create_all(op.get_bind(), tables=TABLES, checkfirst=True)
    for table in t.APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table.name}_no_{verb.lower()} BEFORE {verb} ON {table.name} "
                f"BEGIN SELECT RAISE(ABORT, 'rows of {table.name} are never changed'); END"
            )
