"""SQLite through SQLAlchemy, set up so that nothing is lost: WAL, synchronous FULL, and the write lock taken at the start."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

_WRITER_PRAGMAS = ("journal_mode=wal", "synchronous=full", "foreign_keys=on", "busy_timeout=5000")
_READER_PRAGMAS = ("query_only=on", "busy_timeout=5000")


def writer_engine(path: Path) -> Engine:
    """One connection. It begins with BEGIN IMMEDIATE: it takes the lock at once instead of failing in the middle."""
    return _engine(path, _WRITER_PRAGMAS, "BEGIN IMMEDIATE", connections=1)


def reader_engine(path: Path, *, connections: int) -> Engine:
    """Connections that cannot write. Each transaction sees the database as it was when it began."""
    return _engine(path, _READER_PRAGMAS, "BEGIN", connections=connections)


def _engine(path: Path, pragmas: Iterable[str], begin: str, *, connections: int) -> Engine:
    engine = create_engine(f"sqlite:///{path}", pool_size=connections, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # Or the driver begins transactions of its own.
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
