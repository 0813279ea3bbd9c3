"""The tables of the administration: who may do what, which box is which, and who did what. Nothing about goods.

Each part declares its tables beside its code against this `metadata`. Times are Unix milliseconds.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("entry_id", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False, index=True),
    Column("actor", Text, nullable=False),  # "person:liwei", "token:erp-1", "edge:edge-hz-01", "command line:root".
    Column("action", Text, nullable=False, index=True),  # Verb and resource: "quarantine.release", "edge.enrol".
    Column("subject", Text, nullable=False),  # What it was done to, by its identifier.
    Column("outcome", Text, nullable=False),  # "done", or why it was refused.
    Column("address", Text, nullable=False),  # Where the request came from; empty for the command line.
    Column("detail", Text, nullable=False),  # JSON, without secrets.
)
