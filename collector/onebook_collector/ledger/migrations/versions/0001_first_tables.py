"""The first tables of the book, and the triggers that keep its rows as they were written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

APPEND_ONLY = (
    "envelope",
    "movement",
    "posting",
    "posting_serial",
    "count_assertion",
    "discrepancy",
    "discrepancy_closing",
    "quarantine_decision",
    "fork",
    "fork_release",
    "feed_epoch",
    "checkpoint",
)


def upgrade() -> None:
    _create_tables()
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION onebook_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = 'rows of ' || TG_TABLE_NAME || ' are never changed'; END $$"
        )
    for table in APPEND_ONLY:
        for change in ("UPDATE", "DELETE"):
            op.execute(_refuse(table, change))
    _set_sequencer()


def _refuse(table: str, change: str) -> str:
    name = f"{table}_refuses_{change.lower()}"
    if op.get_context().dialect.name == "postgresql":
        return f"CREATE TRIGGER {name} BEFORE {change} ON {table} EXECUTE FUNCTION onebook_append_only()"
    return (
        f"CREATE TRIGGER {name} BEFORE {change} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'rows of {table} are never changed'); END"
    )


def _set_sequencer() -> None:
    """Before the first movement: number 0 with a hash of zeros."""
    sequencer = sa.table(
        "sequencer", *(sa.column(name) for name in ("sequencer_id", "ledger_seq", "head", "generation"))
    )
    op.bulk_insert(sequencer, [{"sequencer_id": 1, "ledger_seq": 0, "head": bytes(32), "generation": 0}])


def _create_tables() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("bin", sa.Text(), nullable=False),
        sa.Column("owner_org", sa.Text(), nullable=False),
        sa.Column("custodian_org", sa.Text(), nullable=False),
        sa.Column("reserve_mode", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account")),
        sa.UniqueConstraint("code", name=op.f("uq_account_code")),
    )
    op.create_index(op.f("ix_account_site_id"), "account", ["site_id"], unique=False)
    op.create_table(
        "balance",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "item_id", "lot_id", name=op.f("pk_balance")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_balance_item_id", "balance", ["item_id"], unique=False)
    op.create_table(
        "day_net",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("business_day", sa.Integer(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "item_id", "lot_id", "business_day", name=op.f("pk_day_net")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feed_epoch",
        sa.Column("ledger_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("feed_epoch", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ledger_seq", name=op.f("pk_feed_epoch")),
        sa.UniqueConstraint("feed_epoch", name=op.f("uq_feed_epoch_feed_epoch")),
    )
    op.create_table(
        "item",
        sa.Column("item_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("pinyin_initials", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("category_zh", sa.Text(), nullable=False),
        sa.Column("subcategory", sa.Text(), nullable=False),
        sa.Column("subcategory_zh", sa.Text(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("unit_zh", sa.Text(), nullable=False),
        sa.Column("base_unit", sa.Text(), nullable=False),
        sa.Column("tracking", sa.Text(), nullable=False),
        sa.Column("shelf_life_days", sa.Integer(), nullable=True),
        sa.Column("storage_class", sa.Text(), nullable=False),
        sa.Column("temperature_c_min", sa.Float(), nullable=True),
        sa.Column("temperature_c_max", sa.Float(), nullable=True),
        sa.Column("humidity_pct_min", sa.Float(), nullable=True),
        sa.Column("humidity_pct_max", sa.Float(), nullable=True),
        sa.Column("is_hazardous", sa.Integer(), nullable=False),
        sa.Column("is_reusable", sa.Integer(), nullable=False),
        sa.Column("inspection_days", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_item")),
        sa.UniqueConstraint("code", name=op.f("uq_item_code")),
    )
    op.create_table(
        "log",
        sa.Column("log_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edge_id", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("accepted_through", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("is_forked", sa.Integer(), nullable=False),
        sa.Column("last_event_ms", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("first_received_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_received_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("log_id", name=op.f("pk_log")),
        sa.UniqueConstraint("edge_id", "epoch", "stream", name=op.f("uq_log_edge_id_epoch_stream")),
    )
    op.create_table(
        "sequencer",
        sa.Column("sequencer_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sequencer_id", name=op.f("pk_sequencer")),
    )
    op.create_table(
        "serial_place",
        sa.Column("serial_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("serial_id", name=op.f("pk_serial_place")),
    )
    op.create_index("ix_serial_place_account_id", "serial_place", ["account_id"], unique=False)
    op.create_table(
        "site",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_site")),
    )
    op.create_index(op.f("ix_site_division_code"), "site", ["division_code"], unique=False)
    op.create_table(
        "edge",
        sa.Column("edge_id", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name=op.f("fk_edge_site_id_site")),
        sa.PrimaryKeyConstraint("edge_id", name=op.f("pk_edge")),
    )
    op.create_table(
        "envelope",
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("time_quality", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(verdict = 'posted') = (ledger_seq IS NOT NULL)", name=op.f("ck_envelope_posted_has_entry")
        ),
        sa.CheckConstraint("verdict IN ('posted', 'noted', 'quarantined')", name=op.f("ck_envelope_verdict_known")),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name=op.f("fk_envelope_log_id_log")),
        sa.PrimaryKeyConstraint("log_id", "sequence", name=op.f("pk_envelope")),
    )
    op.create_index(
        "ix_envelope_quarantined",
        "envelope",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("verdict = 'quarantined'"),
        postgresql_where=sa.text("verdict = 'quarantined'"),
    )
    op.create_table(
        "fork",
        sa.Column("fork_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("upload", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name=op.f("fk_fork_log_id_log")),
        sa.PrimaryKeyConstraint("fork_id", name=op.f("pk_fork")),
        sa.UniqueConstraint("log_id", "digest", name=op.f("uq_fork_log_id_digest")),
    )
    op.create_table(
        "fork_release",
        sa.Column("fork_release_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name=op.f("fk_fork_release_log_id_log")),
        sa.PrimaryKeyConstraint("fork_release_id", name=op.f("pk_fork_release")),
    )
    op.create_table(
        "item_unit",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("unit_code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("denominator", sa.BigInteger(), nullable=False),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name=op.f("fk_item_unit_item_id_item")),
        sa.PrimaryKeyConstraint("item_id", "unit_code", name=op.f("pk_item_unit")),
        sa.UniqueConstraint("gtin", name=op.f("uq_item_unit_gtin")),
    )
    op.create_table(
        "lot",
        sa.Column("lot_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("produced_on", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name=op.f("fk_lot_item_id_item")),
        sa.PrimaryKeyConstraint("lot_id", name=op.f("pk_lot")),
        sa.UniqueConstraint("item_id", "number", name=op.f("uq_lot_item_id_number")),
    )
    op.create_index(op.f("ix_lot_expires_on"), "lot", ["expires_on"], unique=False)
    op.create_table(
        "serial",
        sa.Column("serial_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name=op.f("fk_serial_item_id_item")),
        sa.PrimaryKeyConstraint("serial_id", name=op.f("pk_serial")),
        sa.UniqueConstraint("item_id", "number", name=op.f("uq_serial_item_id_number")),
    )
    op.create_index(op.f("ix_serial_number"), "serial", ["number"], unique=False)
    op.create_table(
        "movement",
        sa.Column(
            "ledger_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("movement_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("document_kind", sa.Text(), nullable=True),
        sa.Column("document_no", sa.Text(), nullable=True),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("reverses", sa.Text(), nullable=True),
        sa.Column("corrects", sa.Text(), nullable=True),
        sa.Column("site_id", sa.Text(), nullable=True),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("time_quality", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["corrects"], ["movement.movement_id"], name=op.f("fk_movement_corrects_movement")),
        sa.ForeignKeyConstraint(
            ["log_id", "sequence"],
            ["envelope.log_id", "envelope.sequence"],
            name=op.f("fk_movement_log_id_sequence_envelope"),
        ),
        sa.ForeignKeyConstraint(["reverses"], ["movement.movement_id"], name=op.f("fk_movement_reverses_movement")),
        sa.PrimaryKeyConstraint("ledger_seq", name=op.f("pk_movement")),
        sa.UniqueConstraint("movement_id", name=op.f("uq_movement_movement_id")),
        sa.UniqueConstraint("reverses", name=op.f("uq_movement_reverses")),
    )
    op.create_index(op.f("ix_movement_event_time"), "movement", ["event_time"], unique=False)
    op.create_table(
        "checkpoint",
        sa.Column("ledger_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name=op.f("fk_checkpoint_ledger_seq_movement")
        ),
        sa.PrimaryKeyConstraint("ledger_seq", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "count_assertion",
        sa.Column("ledger_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=True),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("book_at", sa.BigInteger(), nullable=False),
        sa.Column("difference", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name=op.f("fk_count_assertion_account_id_account")
        ),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name=op.f("fk_count_assertion_item_id_item")),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name=op.f("fk_count_assertion_ledger_seq_movement")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.lot_id"], name=op.f("fk_count_assertion_lot_id_lot")),
        sa.PrimaryKeyConstraint("ledger_seq", name=op.f("pk_count_assertion")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "discrepancy",
        sa.Column("discrepancy_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("site_id", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_discrepancy_account_id_account")),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name=op.f("fk_discrepancy_item_id_item")),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name=op.f("fk_discrepancy_ledger_seq_movement")
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.lot_id"], name=op.f("fk_discrepancy_lot_id_lot")),
        sa.PrimaryKeyConstraint("discrepancy_id", name=op.f("pk_discrepancy")),
    )
    op.create_index(op.f("ix_discrepancy_ledger_seq"), "discrepancy", ["ledger_seq"], unique=False)
    op.create_table(
        "posting",
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_posting_quantity_not_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name=op.f("fk_posting_account_id_account")),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name=op.f("fk_posting_item_id_item")),
        sa.ForeignKeyConstraint(["ledger_seq"], ["movement.ledger_seq"], name=op.f("fk_posting_ledger_seq_movement")),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.lot_id"], name=op.f("fk_posting_lot_id_lot")),
        sa.PrimaryKeyConstraint("ledger_seq", "line", "leg", name=op.f("pk_posting")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posting_account_id_item_id", "posting", ["account_id", "item_id"], unique=False)
    op.create_table(
        "quarantine_decision",
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=True),
        sa.Column("replacement", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("decision IN ('released', 'rejected')", name=op.f("ck_quarantine_decision_decision_known")),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name=op.f("fk_quarantine_decision_ledger_seq_movement")
        ),
        sa.ForeignKeyConstraint(
            ["log_id", "sequence"],
            ["envelope.log_id", "envelope.sequence"],
            name=op.f("fk_quarantine_decision_log_id_sequence_envelope"),
        ),
        sa.PrimaryKeyConstraint("log_id", "sequence", name=op.f("pk_quarantine_decision")),
    )
    op.create_table(
        "discrepancy_closing",
        sa.Column("discrepancy_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["discrepancy_id"],
            ["discrepancy.discrepancy_id"],
            name=op.f("fk_discrepancy_closing_discrepancy_id_discrepancy"),
        ),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name=op.f("fk_discrepancy_closing_ledger_seq_movement")
        ),
        sa.PrimaryKeyConstraint("discrepancy_id", name=op.f("pk_discrepancy_closing")),
    )
    op.create_table(
        "posting_serial",
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("leg", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("serial_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ledger_seq", "line", "leg"],
            ["posting.ledger_seq", "posting.line", "posting.leg"],
            name=op.f("fk_posting_serial_ledger_seq_line_leg_posting"),
        ),
        sa.ForeignKeyConstraint(["serial_id"], ["serial.serial_id"], name=op.f("fk_posting_serial_serial_id_serial")),
        sa.PrimaryKeyConstraint("ledger_seq", "line", "leg", "position", name=op.f("pk_posting_serial")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_posting_serial_serial_id"), "posting_serial", ["serial_id"], unique=False)
