"""What a checkpoint says of the tables that the ledger's hash chain does not hold.

    records   tables whose rows are only added: head(0) = H(name of the table), head(n) = H(head(n-1) || row n), in
              the order in which the rows were written (SQLite's rowid). A checkpoint names the count and the head.
    standing  tables whose rows may change (who, where, what; dates of lots; cursors): one H over all of them as they stand.

H is the algorithm of the book (`hashing.py`). What a log or the book is hashed with stands in neither list: with another word
there, no hash of that chain is right any more.

A row is compact JSON of the columns named here, bytes in hex. Both lists are part of what is signed. A column that a table was
given later stands at the end, and is left out of its row while it is empty (`ADDED`): what was signed before there was one
still holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, literal_column, select

from onebook_collector.ledger import tables as t
from onebook_schemas.chain import HashAlgorithm, hash_of, new_hash

RECORDS: dict[Table, tuple[str, ...]] = {
    t.account: (
        "account_id", "code", "kind", "site_id", "bin", "owner_org", "custodian_org", "reserve_mode", "status",
        "document_no",
    ),
    t.lot: ("lot_id", "item_id", "number"),
    t.serial: ("serial_id", "item_id", "number"),
    t.log: ("log_id", "edge_id", "epoch", "stream", "first_received_ms"),
    t.envelope: (
        "log_id", "sequence", "event_type", "body", "chain_hash", "event_time", "time_quality", "received_at",
        "verdict", "reason", "ledger_seq",
    ),
    t.fork: ("fork_id", "log_id", "digest", "upload", "reason", "received_at"),
    t.fork_release: ("fork_release_id", "log_id", "actor", "note", "released_at"),
    t.quarantine_decision: (
        "log_id", "sequence", "decision", "actor", "reason", "decided_at", "ledger_seq", "replacement",
    ),
    t.discrepancy: (
        "discrepancy_id", "ledger_seq", "kind", "site_id", "account_id", "item_id", "lot_id", "quantity", "detail",
        "opened_at",
    ),
    t.discrepancy_closing: ("discrepancy_id", "actor", "note", "closed_at", "ledger_seq"),
    t.feed_epoch: ("ledger_seq", "feed_epoch", "started_at", "reason"),
    t.checkpoint: ("made_at", "ledger_seq", "statement", "key_id", "signature"),
}  # fmt: skip
STANDING: dict[Table, tuple[str, ...]] = {
    t.site: ("site_id", "name_zh", "name_en", "division_code", "lon", "lat"),
    t.edge: ("edge_id", "site_id"),
    t.item: (
        "item_id", "code", "name_zh", "name_en", "pinyin_initials", "category", "category_zh", "subcategory",
        "subcategory_zh", "unit_code", "unit_zh", "base_unit", "tracking", "shelf_life_days", "storage_class",
        "temperature_c_min", "temperature_c_max", "humidity_pct_min", "humidity_pct_max", "is_hazardous", "is_reusable",
        "inspection_days", "piece_weight_mg",
    ),
    t.item_unit: ("item_id", "unit_code", "name_zh", "numerator", "denominator", "gtin"),
    t.lot: ("lot_id", "produced_on", "expires_on"),
    t.log: (
        "log_id", "accepted_through", "head", "is_forked", "last_event_ms", "waiting", "last_received_ms",
    ),
}  # fmt: skip
ADDED: dict[Table, int] = {t.item: 1}
"""How many of a standing table's last columns were added later. At the end of a row those that are empty are left out."""
_ROWS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """How far one table is hashed."""

    count: int
    head: bytes


Records = Mapping[str, Recorded]


def nothing_recorded(algorithm: HashAlgorithm) -> Records:
    return {table.name: Recorded(0, hash_of(table.name.encode(), algorithm)) for table in RECORDS}


def record_on(connection: Connection, done: Records, algorithm: HashAlgorithm) -> Records:
    """Go on from what is hashed already, over the rows that were added since."""
    return {
        table.name: _record(connection, table, columns, done[table.name], algorithm)
        for table, columns in RECORDS.items()
    }


def standing(connection: Connection, algorithm: HashAlgorithm) -> bytes:
    """The tables whose rows may change, as they stand: a line with the table's name, then a line for each row by its key."""
    digest = new_hash(algorithm)
    for table, columns in STANDING.items():
        digest.update(f"{table.name}\n".encode())
        query = select(*(table.c[name] for name in columns)).order_by(*table.primary_key)
        for row in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
            digest.update(row_text(_without_empty_end(row, ADDED.get(table, 0))) + b"\n")
    result: bytes = digest.digest()
    return result


def row_text(row: Sequence[Any]) -> bytes:
    values = [value.hex() if isinstance(value, bytes) else value for value in row]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _without_empty_end(row: Sequence[Any], added: int) -> Sequence[Any]:
    for _ in range(added):
        if row[-1] is not None:
            break
        row = row[:-1]
    return row


def _record(
    connection: Connection, table: Table, columns: Sequence[str], done: Recorded, algorithm: HashAlgorithm
) -> Recorded:
    count, head = done.count, done.head
    query = select(*(table.c[name] for name in columns)).order_by(literal_column("rowid")).offset(count)
    for row in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        head = hash_of(head + row_text(row), algorithm)
        count += 1
    return Recorded(count, head)
