"""The tables of people, their sessions, and the tokens of programs."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, Table, Text

from onebook_collector.administration.tables import metadata


def _scope() -> tuple[Column[str], ...]:
    """Null: all. Lists are JSON."""
    return (
        Column("division", Text, nullable=False),
        Column("department", Text),
        Column("categories", Text),
        Column("modes", Text),
        Column("site", Text),
    )


person = Table(
    "person",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    *_scope(),
    Column("password_hash", Text, nullable=False),  # argon2id, with its salt and costs.
    Column("added_ms", BigInteger, nullable=False),
    Column("locked_ms", BigInteger),  # By an administrator; null: may sign in.
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary, primary_key=True),  # SHA-256 of what the cookie holds.
    Column("person", Text, ForeignKey("person.name"), nullable=False, index=True),
    Column("address", Text, nullable=False),
    Column("began_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
)

token = Table(
    "token",
    metadata,
    Column("name", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),  # SHA-256 of what was told once.
    Column("rights", Text, nullable=False),  # JSON list of verb:resource.
    *_scope(),
    Column("issued_ms", BigInteger, nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
    Column("revoked_ms", BigInteger),
    Column("used_ms", BigInteger),  # To the minute.
)
