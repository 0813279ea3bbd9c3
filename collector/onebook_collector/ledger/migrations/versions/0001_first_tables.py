"""The first tables of the book, and the triggers that keep its rows as they were written."""

from __future__ import annotations

from typing import Any

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
        *_integers("account_id"),
        *_texts(
            "code", "kind", "site_id", "bin", "owner_org", "custodian_org", "reserve_mode", "status", "document_no"
        ),
        sa.PrimaryKeyConstraint("account_id", name="pk_account"),
        sa.UniqueConstraint("code", name="uq_account_code"),
    )
    op.create_index("ix_account_site_id", "account", ["site_id"])
    op.create_table(
        "balance",
        *_integers("account_id", "item_id", "lot_id"),
        *_bigs("quantity", "last_seq"),
        sa.PrimaryKeyConstraint("account_id", "item_id", "lot_id", name="pk_balance"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_balance_item_id", "balance", ["item_id"])
    op.create_table(
        "day_net",
        *_integers("account_id", "item_id", "lot_id", "business_day"),
        *_bigs("net"),
        sa.PrimaryKeyConstraint("account_id", "item_id", "lot_id", "business_day", name="pk_day_net"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "feed_epoch",
        *_bigs("ledger_seq"),
        *_texts("feed_epoch"),
        *_bigs("started_at"),
        *_texts("reason"),
        sa.PrimaryKeyConstraint("ledger_seq", name="pk_feed_epoch"),
        sa.UniqueConstraint("feed_epoch", name="uq_feed_epoch_feed_epoch"),
    )
    op.create_table(
        "item",
        *_integers("item_id"),
        *_texts(
            "code",
            "name_zh",
            "name_en",
            "pinyin_initials",
            "category",
            "category_zh",
            "subcategory",
            "subcategory_zh",
            "unit_code",
            "unit_zh",
            "base_unit",
            "tracking",
        ),
        *_integers("shelf_life_days", nullable=True),
        *_texts("storage_class"),
        *_floats("temperature_c_min", "temperature_c_max", "humidity_pct_min", "humidity_pct_max", nullable=True),
        *_integers("is_hazardous", "is_reusable"),
        *_integers("inspection_days", nullable=True),
        sa.PrimaryKeyConstraint("item_id", name="pk_item"),
        sa.UniqueConstraint("code", name="uq_item_code"),
    )
    op.create_table(
        "log",
        *_integers("log_id"),
        *_texts("edge_id", "epoch", "stream"),
        *_bigs("accepted_through"),
        *_binaries("head"),
        *_integers("is_forked"),
        *_bigs("last_event_ms", "waiting", "first_received_ms", "last_received_ms"),
        sa.PrimaryKeyConstraint("log_id", name="pk_log"),
        sa.UniqueConstraint("edge_id", "epoch", "stream", name="uq_log_edge_id_epoch_stream"),
    )
    op.create_table(
        "sequencer",
        *_integers("sequencer_id"),
        *_bigs("ledger_seq"),
        *_binaries("head"),
        *_bigs("generation"),
        sa.PrimaryKeyConstraint("sequencer_id", name="pk_sequencer"),
    )
    op.create_table(
        "serial_place",
        *_integers("serial_id", "account_id", "lot_id"),
        *_bigs("since_ms", "last_seq"),
        sa.PrimaryKeyConstraint("serial_id", name="pk_serial_place"),
    )
    op.create_index("ix_serial_place_account_id", "serial_place", ["account_id"])
    op.create_table(
        "site",
        *_texts("site_id", "name_zh", "name_en", "division_code"),
        *_floats("lon", "lat", nullable=True),
        sa.PrimaryKeyConstraint("site_id", name="pk_site"),
    )
    op.create_index("ix_site_division_code", "site", ["division_code"])
    op.create_table(
        "edge",
        *_texts("edge_id", "site_id"),
        sa.PrimaryKeyConstraint("edge_id", name="pk_edge"),
        sa.ForeignKeyConstraint(["site_id"], ["site.site_id"], name="fk_edge_site_id_site"),
    )
    op.create_table(
        "envelope",
        *_integers("log_id"),
        *_bigs("sequence"),
        *_texts("event_type"),
        *_binaries("body", "chain_hash"),
        *_bigs("event_time"),
        *_texts("time_quality"),
        *_bigs("received_at"),
        *_texts("verdict"),
        *_texts("reason", nullable=True),
        *_bigs("ledger_seq", nullable=True),
        sa.PrimaryKeyConstraint("log_id", "sequence", name="pk_envelope"),
        sa.CheckConstraint(
            "(verdict = 'posted') = (ledger_seq IS NOT NULL)", name=op.f("ck_envelope_posted_has_entry")
        ),
        sa.CheckConstraint("verdict IN ('posted', 'noted', 'quarantined')", name=op.f("ck_envelope_verdict_known")),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name="fk_envelope_log_id_log"),
    )
    op.create_index(
        "ix_envelope_quarantined",
        "envelope",
        ["received_at"],
        sqlite_where=sa.text("verdict = 'quarantined'"),
        postgresql_where=sa.text("verdict = 'quarantined'"),
    )
    op.create_table(
        "fork",
        *_integers("fork_id", "log_id"),
        *_texts("digest"),
        *_binaries("upload"),
        *_texts("reason"),
        *_bigs("received_at"),
        sa.PrimaryKeyConstraint("fork_id", name="pk_fork"),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name="fk_fork_log_id_log"),
        sa.UniqueConstraint("log_id", "digest", name="uq_fork_log_id_digest"),
    )
    op.create_table(
        "fork_release",
        *_integers("fork_release_id", "log_id"),
        *_texts("actor", "note"),
        *_bigs("released_at"),
        sa.PrimaryKeyConstraint("fork_release_id", name="pk_fork_release"),
        sa.ForeignKeyConstraint(["log_id"], ["log.log_id"], name="fk_fork_release_log_id_log"),
    )
    op.create_table(
        "item_unit",
        *_integers("item_id"),
        *_texts("unit_code", "name_zh"),
        *_bigs("numerator", "denominator"),
        *_texts("gtin", nullable=True),
        sa.PrimaryKeyConstraint("item_id", "unit_code", name="pk_item_unit"),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_item_unit_item_id_item"),
        sa.UniqueConstraint("gtin", name="uq_item_unit_gtin"),
    )
    op.create_table(
        "lot",
        *_integers("lot_id", "item_id"),
        *_texts("number"),
        *_texts("produced_on", "expires_on", nullable=True),
        sa.PrimaryKeyConstraint("lot_id", name="pk_lot"),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_lot_item_id_item"),
        sa.UniqueConstraint("item_id", "number", name="uq_lot_item_id_number"),
    )
    op.create_index("ix_lot_expires_on", "lot", ["expires_on"])
    op.create_table(
        "serial",
        *_integers("serial_id", "item_id"),
        *_texts("number"),
        sa.PrimaryKeyConstraint("serial_id", name="pk_serial"),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_serial_item_id_item"),
        sa.UniqueConstraint("item_id", "number", name="uq_serial_item_id_number"),
    )
    op.create_index("ix_serial_number", "serial", ["number"])
    op.create_table(
        "movement",
        sa.Column("ledger_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False),
        *_texts("movement_id", "kind", "actor"),
        *_texts(
            "reason",
            "document_kind",
            "document_no",
            "device",
            "source",
            "reverses",
            "corrects",
            "site_id",
            nullable=True,
        ),
        *_bigs("event_time"),
        *_texts("time_quality"),
        *_bigs("recorded_at"),
        *_integers("log_id", nullable=True),
        *_bigs("sequence", nullable=True),
        *_binaries("hash"),
        sa.PrimaryKeyConstraint("ledger_seq", name="pk_movement"),
        sa.ForeignKeyConstraint(["corrects"], ["movement.movement_id"], name="fk_movement_corrects_movement"),
        sa.ForeignKeyConstraint(
            ["log_id", "sequence"],
            ["envelope.log_id", "envelope.sequence"],
            name="fk_movement_log_id_sequence_envelope",
        ),
        sa.ForeignKeyConstraint(["reverses"], ["movement.movement_id"], name="fk_movement_reverses_movement"),
        sa.UniqueConstraint("movement_id", name="uq_movement_movement_id"),
        sa.UniqueConstraint("reverses", name="uq_movement_reverses"),
    )
    op.create_index("ix_movement_event_time", "movement", ["event_time"])
    op.create_table(
        "checkpoint",
        *_bigs("ledger_seq"),
        *_binaries("head"),
        *_bigs("made_at"),
        *_texts("key_id"),
        *_binaries("signature"),
        sa.PrimaryKeyConstraint("ledger_seq", name="pk_checkpoint"),
        sa.ForeignKeyConstraint(["ledger_seq"], ["movement.ledger_seq"], name="fk_checkpoint_ledger_seq_movement"),
    )
    op.create_table(
        "count_assertion",
        *_bigs("ledger_seq"),
        *_integers("account_id", "item_id"),
        *_integers("lot_id", nullable=True),
        *_bigs("counted", "book_at", "difference", "counted_at"),
        sa.PrimaryKeyConstraint("ledger_seq", name="pk_count_assertion"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_count_assertion_account_id_account"),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_count_assertion_item_id_item"),
        sa.ForeignKeyConstraint(["ledger_seq"], ["movement.ledger_seq"], name="fk_count_assertion_ledger_seq_movement"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.lot_id"], name="fk_count_assertion_lot_id_lot"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "discrepancy",
        *_integers("discrepancy_id"),
        *_bigs("ledger_seq"),
        *_texts("kind"),
        *_texts("site_id", nullable=True),
        *_integers("account_id", "item_id"),
        *_integers("lot_id", nullable=True),
        *_bigs("quantity"),
        *_texts("detail"),
        *_bigs("opened_at"),
        sa.PrimaryKeyConstraint("discrepancy_id", name="pk_discrepancy"),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_discrepancy_account_id_account"),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_discrepancy_item_id_item"),
        sa.ForeignKeyConstraint(["ledger_seq"], ["movement.ledger_seq"], name="fk_discrepancy_ledger_seq_movement"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.lot_id"], name="fk_discrepancy_lot_id_lot"),
    )
    op.create_index("ix_discrepancy_ledger_seq", "discrepancy", ["ledger_seq"])
    op.create_table(
        "posting",
        *_bigs("ledger_seq"),
        *_integers("line", "leg", "account_id", "item_id", "lot_id"),
        *_bigs("quantity"),
        sa.PrimaryKeyConstraint("ledger_seq", "line", "leg", name="pk_posting"),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_posting_quantity_not_zero")),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_posting_account_id_account"),
        sa.ForeignKeyConstraint(["item_id"], ["item.item_id"], name="fk_posting_item_id_item"),
        sa.ForeignKeyConstraint(["ledger_seq"], ["movement.ledger_seq"], name="fk_posting_ledger_seq_movement"),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.lot_id"], name="fk_posting_lot_id_lot"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posting_account_id_item_id", "posting", ["account_id", "item_id"])
    op.create_table(
        "quarantine_decision",
        *_integers("log_id"),
        *_bigs("sequence"),
        *_texts("decision", "actor", "reason"),
        *_bigs("decided_at"),
        *_bigs("ledger_seq", nullable=True),
        *_binaries("replacement", nullable=True),
        sa.PrimaryKeyConstraint("log_id", "sequence", name="pk_quarantine_decision"),
        sa.CheckConstraint("decision IN ('released', 'rejected')", name=op.f("ck_quarantine_decision_decision_known")),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name="fk_quarantine_decision_ledger_seq_movement"
        ),
        sa.ForeignKeyConstraint(
            ["log_id", "sequence"],
            ["envelope.log_id", "envelope.sequence"],
            name="fk_quarantine_decision_log_id_sequence_envelope",
        ),
    )
    op.create_table(
        "discrepancy_closing",
        *_integers("discrepancy_id"),
        *_texts("actor", "note"),
        *_bigs("closed_at"),
        *_bigs("ledger_seq", nullable=True),
        sa.PrimaryKeyConstraint("discrepancy_id", name="pk_discrepancy_closing"),
        sa.ForeignKeyConstraint(
            ["discrepancy_id"], ["discrepancy.discrepancy_id"], name="fk_discrepancy_closing_discrepancy_id_discrepancy"
        ),
        sa.ForeignKeyConstraint(
            ["ledger_seq"], ["movement.ledger_seq"], name="fk_discrepancy_closing_ledger_seq_movement"
        ),
    )
    op.create_table(
        "posting_serial",
        *_bigs("ledger_seq"),
        *_integers("line", "leg", "position", "serial_id"),
        sa.PrimaryKeyConstraint("ledger_seq", "line", "leg", "position", name="pk_posting_serial"),
        sa.ForeignKeyConstraint(
            ["ledger_seq", "line", "leg"],
            ["posting.ledger_seq", "posting.line", "posting.leg"],
            name="fk_posting_serial_ledger_seq_line_leg_posting",
        ),
        sa.ForeignKeyConstraint(["serial_id"], ["serial.serial_id"], name="fk_posting_serial_serial_id_serial"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_posting_serial_serial_id", "posting_serial", ["serial_id"])


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text(), nullable=nullable) for name in names]


def _binaries(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.LargeBinary(), nullable=nullable) for name in names]


def _floats(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Float(), nullable=nullable) for name in names]


def _integers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Integer(), nullable=nullable, autoincrement=False) for name in names]


def _bigs(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=nullable, autoincrement=False) for name in names]
