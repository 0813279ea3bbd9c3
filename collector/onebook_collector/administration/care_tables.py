"""What the centre wants of each edge, and what the edge said to it. Times are Unix milliseconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text, UniqueConstraint

from onebook_collector.administration.tables import metadata

desired_configuration = Table(
    "desired_configuration",
    metadata,
    Column("order_id", Integer, primary_key=True),  # In the order in which they were given.
    Column("edge_id", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("toml", Text, nullable=False),
    Column("given_at_ms", BigInteger, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("edge_id", "version"),
)

configuration_report = Table(
    "configuration_report",
    metadata,
    Column("edge_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("problems", Text, nullable=False),  # JSON list.
    Column("heard_at_ms", BigInteger, nullable=False),
)

edge_command = Table(
    "edge_command",
    metadata,
    Column("command_id", Text, primary_key=True),
    Column("edge_id", Text, nullable=False, index=True),
    Column("action", Text, nullable=False),
    Column("device", Text),
    Column("issued_at_ms", BigInteger, nullable=False, index=True),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("outcome", Text),  # NULL: nothing was heard yet.
    Column("outcome_reason", Text),
    Column("logs", Text),
    Column("heard_at_ms", BigInteger),
)
