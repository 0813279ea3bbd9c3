"""Bins, people, tasks of warehouses, and the documents that their edges were given."""

from __future__ import annotations

from alembic import op

from onebook_collector.administration import furnishing_tables as t
from onebook_collector.administration.tables import metadata

revision = "0002_furnishings"
down_revision = "0001"

TABLES = (t.furnished_site, t.site_zone, t.site_bin, t.site_person, t.site_task, t.given_document)


def upgrade() -> None:
    """A new file has them already: its first tables are made as they are declared."""
    metadata.create_all(op.get_bind(), tables=TABLES, checkfirst=True)
