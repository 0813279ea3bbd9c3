"""What each warehouse was given to work by, and the versions of the documents that say so. Times are Unix milliseconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from onebook_collector.administration.tables import metadata

furnished_site = Table(
    "furnished_site",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("generation", BigInteger, nullable=False),  # Goes up with every change of anything below.
    Column("maker_number", Integer),  # NULL: it was not set up yet, and is told nothing of bins and people.
    Column("rules", Text, nullable=False),  # JSON, as in the schemas; so are the next two.
    Column("reasons", Text, nullable=False),
    Column("holdings", Text, nullable=False),
)

site_zone = Table(
    "site_zone",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("zone", Text, nullable=False),  # JSON.
)

site_bin = Table(
    "site_bin",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("zone", Text),
)

site_person = Table(
    "site_person",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("badge", Text, primary_key=True),
    Column("person", Text, nullable=False),  # JSON; of the PIN only its scrypt.
)

site_task = Table(
    "site_task",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),  # The same order may be one site's to issue and another's to receive.
    Column("task", Text, nullable=False),  # JSON.
    Column("given_at_ms", BigInteger, nullable=False),
    Column("given_by", Text, nullable=False),
    Column("closed_at_ms", BigInteger),
    Column("closed_by", Text),
    Column("closing_reason", Text),
)

given_document = Table(
    "given_document",
    metadata,
    Column("edge_id", Text, primary_key=True),  # Empty: of the province.
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of the content: the same content keeps its version.
    Column("parts", Integer, nullable=False),
)
