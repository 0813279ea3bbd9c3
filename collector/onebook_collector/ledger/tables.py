"""The tables of the book. Plain SQL that SQLite and PostgreSQL both speak.

Times are Unix milliseconds. Quantities are base units (g, mL, piece ...) as 64-bit integers. Rows of `APPEND_ONLY` tables are
never updated or deleted; triggers see to that.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Who, where, what -----------------------------------------------------------------------------------------------

site = Table(
    "site",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("division_code", Text, nullable=False, index=True),  # Six digits; a county's begin with its prefecture's.
    Column("lon", Float),
    Column("lat", Float),
)

edge = Table(
    "edge",
    metadata,
    Column("edge_id", Text, primary_key=True),
    Column("site_id", Text, ForeignKey("site.site_id"), nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("item_id", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("name_zh", Text, nullable=False),
    Column("name_en", Text, nullable=False),
    Column("pinyin_initials", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("category_zh", Text, nullable=False),
    Column("subcategory", Text, nullable=False),
    Column("subcategory_zh", Text, nullable=False),
    Column("unit_code", Text, nullable=False),  # The unit that people say it in.
    Column("unit_zh", Text, nullable=False),
    Column("base_unit", Text, nullable=False),  # Fixed for ever, like the numbers in item_unit.
    Column("tracking", Text, nullable=False),
    Column("shelf_life_days", Integer),
    Column("storage_class", Text, nullable=False),
    Column("temperature_c_min", Float),
    Column("temperature_c_max", Float),
    Column("humidity_pct_min", Float),
    Column("humidity_pct_max", Float),
    Column("is_hazardous", Integer, nullable=False),
    Column("is_reusable", Integer, nullable=False),
    Column("inspection_days", Integer),
    Column("piece_weight_mg", BigInteger),  # Of one piece, for counting by scale; known for few.
)

item_unit = Table(
    "item_unit",
    metadata,
    Column("item_id", Integer, ForeignKey("item.item_id"), primary_key=True),
    Column("unit_code", Text, primary_key=True),
    Column("name_zh", Text, nullable=False),
    Column("numerator", BigInteger, nullable=False),  # One unit is numerator/denominator base units.
    Column("denominator", BigInteger, nullable=False),
    Column("gtin", Text, unique=True),
)

lot = Table(
    "lot",
    metadata,
    Column("lot_id", Integer, primary_key=True, autoincrement=False),
    Column("item_id", Integer, ForeignKey("item.item_id"), nullable=False),
    Column("number", Text, nullable=False),  # Empty: the item's unknown lot.
    Column("produced_on", Text),  # ISO 8601 civil dates.
    Column("expires_on", Text, index=True),
    UniqueConstraint("item_id", "number"),
)

serial = Table(
    "serial",
    metadata,
    Column("serial_id", Integer, primary_key=True, autoincrement=False),
    Column("item_id", Integer, ForeignKey("item.item_id"), nullable=False),
    Column("number", Text, nullable=False, index=True),
    UniqueConstraint("item_id", "number"),
)

account = Table(
    "account",
    metadata,
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("code", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("site_id", Text, nullable=False, index=True),  # Empty: in transit.
    Column("bin", Text, nullable=False),
    Column("owner_org", Text, nullable=False),
    Column("custodian_org", Text, nullable=False),
    Column("reserve_mode", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("document_no", Text, nullable=False),
)

# What came in ---------------------------------------------------------------------------------------------------

log = Table(
    "log",
    metadata,
    Column("log_id", Integer, primary_key=True, autoincrement=False),
    Column("edge_id", Text, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("accepted_through", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("is_forked", Integer, nullable=False),
    Column("last_event_ms", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("first_received_ms", BigInteger, nullable=False),
    Column("last_received_ms", BigInteger, nullable=False),
    Column("hash_algorithm", Text, nullable=False, server_default="sha256"),  # Of its chain, as long as it lives.
    UniqueConstraint("edge_id", "epoch", "stream"),
    CheckConstraint("hash_algorithm IN ('sha256', 'sm3')", name="hash_algorithm_known"),
)

envelope = Table(
    "envelope",
    metadata,
    Column("log_id", Integer, ForeignKey("log.log_id"), primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("event_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("chain_hash", LargeBinary, nullable=False),
    Column("event_time", BigInteger, nullable=False),
    Column("time_quality", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text),
    Column("ledger_seq", BigInteger),
    CheckConstraint("verdict IN ('posted', 'noted', 'quarantined')", name="verdict_known"),
    CheckConstraint("(verdict = 'posted') = (ledger_seq IS NOT NULL)", name="posted_has_entry"),
)
Index("ix_envelope_quarantined", envelope.c.received_at, sqlite_where=envelope.c.verdict == "quarantined",
      postgresql_where=envelope.c.verdict == "quarantined")  # fmt: skip

fork = Table(
    "fork",
    metadata,
    Column("fork_id", Integer, primary_key=True, autoincrement=False),
    Column("log_id", Integer, ForeignKey("log.log_id"), nullable=False),
    Column("digest", Text, nullable=False),
    Column("upload", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("log_id", "digest"),
)

fork_release = Table(
    "fork_release",
    metadata,
    Column("fork_release_id", Integer, primary_key=True, autoincrement=False),
    Column("log_id", Integer, ForeignKey("log.log_id"), nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("released_at", BigInteger, nullable=False),
)

quarantine_decision = Table(
    "quarantine_decision",
    metadata,
    Column("log_id", Integer, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("decision", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("ledger_seq", BigInteger, ForeignKey("movement.ledger_seq")),
    Column("replacement", LargeBinary),  # The fact that was booked in place of the one that came.
    ForeignKeyConstraint(["log_id", "sequence"], ["envelope.log_id", "envelope.sequence"]),
    CheckConstraint("decision IN ('released', 'rejected')", name="decision_known"),
)

# The book -------------------------------------------------------------------------------------------------------

movement = Table(
    "movement",
    metadata,
    Column("ledger_seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("movement_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    Column("document_kind", Text),
    Column("document_no", Text, index=True),
    Column("device", Text),
    Column("source", Text),  # Which hand wrote its lines, where they agree.
    Column("reverses", Text, ForeignKey("movement.movement_id"), unique=True),
    Column("corrects", Text, ForeignKey("movement.movement_id")),
    Column("site_id", Text),
    Column("event_time", BigInteger, nullable=False, index=True),
    Column("time_quality", Text, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("log_id", Integer),
    Column("sequence", BigInteger),
    Column("hash", LargeBinary, nullable=False),
    ForeignKeyConstraint(["log_id", "sequence"], ["envelope.log_id", "envelope.sequence"]),
)

posting = Table(
    "posting",
    metadata,
    Column("ledger_seq", BigInteger, ForeignKey("movement.ledger_seq"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("leg", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("account.account_id"), nullable=False),
    Column("item_id", Integer, ForeignKey("item.item_id"), nullable=False),
    Column("lot_id", Integer, ForeignKey("lot.lot_id"), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    # Of its movement: what lies behind a moment is found on an account without reading its whole history.
    Column("event_time", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("quantity <> 0", name="quantity_not_zero"),
    Index("ix_posting_account_id_item_id_event_time", "account_id", "item_id", "event_time"),
    sqlite_with_rowid=False,
)

posting_serial = Table(
    "posting_serial",
    metadata,
    Column("ledger_seq", BigInteger, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("leg", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("serial_id", Integer, ForeignKey("serial.serial_id"), nullable=False, index=True),
    ForeignKeyConstraint(["ledger_seq", "line", "leg"], ["posting.ledger_seq", "posting.line", "posting.leg"]),
    sqlite_with_rowid=False,
)

count_assertion = Table(
    "count_assertion",
    metadata,
    Column("ledger_seq", BigInteger, ForeignKey("movement.ledger_seq"), primary_key=True, autoincrement=False),
    Column("account_id", Integer, ForeignKey("account.account_id"), nullable=False),
    Column("item_id", Integer, ForeignKey("item.item_id"), nullable=False),
    Column("lot_id", Integer, ForeignKey("lot.lot_id")),  # NULL: all lots of the bin together.
    Column("counted", BigInteger, nullable=False),
    Column("book_at", BigInteger, nullable=False),
    Column("difference", BigInteger, nullable=False),
    Column("counted_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

discrepancy = Table(
    "discrepancy",
    metadata,
    Column("discrepancy_id", Integer, primary_key=True, autoincrement=False),
    Column("ledger_seq", BigInteger, ForeignKey("movement.ledger_seq"), nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("site_id", Text),
    Column("account_id", Integer, ForeignKey("account.account_id"), nullable=False),
    Column("item_id", Integer, ForeignKey("item.item_id"), nullable=False),
    Column("lot_id", Integer, ForeignKey("lot.lot_id")),
    Column("quantity", BigInteger, nullable=False),
    Column("detail", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
)

discrepancy_closing = Table(
    "discrepancy_closing",
    metadata,
    Column("discrepancy_id", Integer, ForeignKey("discrepancy.discrepancy_id"), primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    Column("ledger_seq", BigInteger, ForeignKey("movement.ledger_seq")),  # The movement that mended it, if any.
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("made_at", BigInteger, primary_key=True, autoincrement=False),
    Column("ledger_seq", BigInteger, nullable=False),
    Column("statement", Text, nullable=False),  # The bytes that are signed: a Statement of the schemas.
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

feed_epoch = Table(
    "feed_epoch",
    metadata,
    Column("ledger_seq", BigInteger, primary_key=True, autoincrement=False),  # 0: the first, before any movement.
    Column("feed_epoch", Text, nullable=False, unique=True),
    Column("started_at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

# What follows from the postings, and can be made anew from them ---------------------------------------------------

balance = Table(
    "balance",
    metadata,
    Column("account_id", Integer, primary_key=True),
    Column("item_id", Integer, primary_key=True),
    Column("lot_id", Integer, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Index("ix_balance_item_id", "item_id"),
    sqlite_with_rowid=False,
)

day_net = Table(
    "day_net",
    metadata,
    Column("account_id", Integer, primary_key=True),
    Column("item_id", Integer, primary_key=True),
    Column("lot_id", Integer, primary_key=True),
    Column("business_day", Integer, primary_key=True),  # Of event_time, Asia/Shanghai, as days since 1970-01-01 there.
    Column("net", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

serial_place = Table(
    "serial_place",
    metadata,
    Column("serial_id", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Integer, nullable=False),
    Column("lot_id", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Index("ix_serial_place_account_id", "account_id"),
)

sequencer = Table(
    "sequencer",
    metadata,
    Column("sequencer_id", Integer, primary_key=True, autoincrement=False),  # Always 1.
    Column("ledger_seq", BigInteger, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("generation", BigInteger, nullable=False),  # Goes up with every transaction that wrote.
    Column("hash_algorithm", Text, nullable=False, server_default="sha256"),  # Of the book's chain and its checkpoints.
    CheckConstraint("hash_algorithm IN ('sha256', 'sm3')", name="hash_algorithm_known"),
)

APPEND_ONLY = (
    envelope,
    movement,
    posting,
    posting_serial,
    count_assertion,
    discrepancy,
    discrepancy_closing,
    quarantine_decision,
    fork,
    fork_release,
    feed_epoch,
    checkpoint,
)
