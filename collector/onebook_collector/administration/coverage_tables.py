"""What coverage needs beside the book, and its daily snapshots, which never change. Times are Unix milliseconds.

Days are business days (Asia/Shanghai), as days since 1970-01-01 there; dates are ISO 8601.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from onebook_collector.administration.tables import metadata

facility = Table(
    "facility",
    metadata,
    Column("site_id", Text, primary_key=True),  # Of the book.
    Column("level", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("goods", Text, nullable=False),  # Words with blanks between them; so is `systems`.
    Column("department", Text, nullable=False),
    Column("storage_area_m2", Text, nullable=False),  # A decimal.
    Column("systems", Text, nullable=False),
    Column("counts_with", Text, nullable=False),  # Empty: it stands for its own place.
    Column("active_since", Text),
    Column("removed_on", Text),
    Column("removal_approval", Text, nullable=False),
    Column("removal_reason", Text, nullable=False),
)

item_price = Table(
    "item_price",
    metadata,
    Column("item", Text, primary_key=True),  # Its code.
    Column("valid_from", Text, primary_key=True),
    Column("price_cny", Text, nullable=False),  # Of one of the item's own unit, a decimal.
    Column("source", Text, nullable=False),  # Who says so: a contract, an inquiry.
)

declared_outage = Table(
    "declared_outage",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("from_ms", BigInteger, primary_key=True),
    Column("until_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("declared_ms", BigInteger, nullable=False),
)

heard_span = Table(
    "heard_span",
    metadata,
    Column("edge_id", Text, primary_key=True),  # Empty: the centre itself, which listened.
    Column("from_ms", BigInteger, primary_key=True),
    Column("until_ms", BigInteger, nullable=False, index=True),
)

edge_passed = Table(
    "edge_passed",
    metadata,
    Column("edge_id", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),  # When it last said that nothing of this stream waits.
)

coverage_snapshot = Table(
    "coverage_snapshot",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("made_at_ms", BigInteger, nullable=False),
    Column("rule_version", Text, nullable=False),
    Column("rule", Text, nullable=False),  # JSON, with every value.
)

coverage_site = Table(
    "coverage_site",
    metadata,
    Column("day", Integer, primary_key=True),
    Column("site_id", Text, primary_key=True),
    Column("division_code", Text, nullable=False),
    Column("facility", Text, nullable=False),  # JSON: the register's row as it was on that day.
    Column("outside", Text),  # Why it does not count; NULL: it does.
    Column("grade", Integer, nullable=False),  # Of this day.
    Column("standing", Integer, nullable=False),  # The one that stands.
    Column("standing_since", Integer, nullable=False),
    Column("reconciled", Integer),  # Whether e6 held on this day; NULL: not known.
    Column("value_fen", BigInteger),  # Of its stock; NULL: prices are lacking.
    Column("evidence", Text, nullable=False),  # JSON.
)
APPEND_ONLY = (coverage_snapshot, coverage_site)
