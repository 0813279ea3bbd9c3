"""A consistent copy of a SQLite database that is in use.

The whole copy is one step of SQLite's backup interface: one read transaction. In WAL mode that holds up no writer. (In several
steps it would begin anew with each commit, and never end at a busy centre.)
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from onebook_collector.errors import RetryableError


def copy_database(source: Path, target: Path) -> None:
    """`target` is one file, complete, without a -wal. Raises RetryableError."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as book:
            book.execute("PRAGMA busy_timeout=5000")
            with contextlib.closing(sqlite3.connect(target)) as copy:
                book.backup(copy, pages=-1)
                copy.execute("PRAGMA journal_mode=delete")
    except sqlite3.Error as error:
        raise RetryableError(f"{source}: {error}") from error


def revision_of(database: Path) -> str:
    """Of its tables; empty where the database keeps none."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone():
            return ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(row[0]) if row else ""
