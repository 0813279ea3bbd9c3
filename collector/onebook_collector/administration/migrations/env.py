"""Run by Alembic. The connection is handed in by `migrations.upgrade`; there is no configuration file."""

from __future__ import annotations

from alembic import context

from onebook_collector.administration.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
