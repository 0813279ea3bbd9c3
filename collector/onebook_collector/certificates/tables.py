"""Certificates that were issued, and codes with which a box may ask for its first one. Times are Unix milliseconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from onebook_collector.administration.tables import metadata

certificate = Table(
    "certificate",
    metadata,
    Column("serial", Text, primary_key=True),  # Hexadecimal, lower case.
    Column("subject", Text, nullable=False, index=True),  # Common name: the edge_id of an edge.
    Column("profile", Text, nullable=False),  # edge, collector, server.
    Column("state", Text, nullable=False),  # active, superseded, revoked.
    Column("pem", Text, nullable=False),
    Column("key_sha256", Text, nullable=False, index=True),  # Of the public key: the same request gets the same answer.
    Column("not_before_ms", BigInteger, nullable=False),
    Column("not_after_ms", BigInteger, nullable=False),
    Column("issued_at_ms", BigInteger, nullable=False),
    Column("revoked_at_ms", BigInteger),
    Column("revoked_because", Text),
)

enrolment_code = Table(
    "enrolment_code",
    metadata,
    Column("code_id", Integer, primary_key=True),
    Column("edge_id", Text, nullable=False, index=True),
    Column("site_id", Text, nullable=False),
    Column("code_sha256", Text, nullable=False),  # 80 random bits: nobody finds them again from this.
    Column("made_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("used_at_ms", BigInteger),
    Column("used_for_key_sha256", Text),
)
