"""SqlBook: the book in a database. Rows gather in memory and are written together at the end of a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain

from sqlalchemy import Connection, Dialect, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.book import LedgerSettings
from onebook_collector.ledger.book_state import Row, Rows
from onebook_collector.ledger.desk import Desk
from onebook_collector.ledger.lookup import BookedLog
from onebook_collector.ledger.sql_lookup import SqlLookup
from onebook_schemas.chain import HashAlgorithm

ENTRIES_KEPT_MAX = 500_000
"""Beyond so many remembered entries a book starts afresh. Each takes some 200 bytes."""

ROWS_AT_ONCE = 32
"""Rows in one statement: a quarter faster than one each, and the interpreter is let go less often. More brings little more."""

_NUMBERED = {
    "item": t.item.c.item_id,
    "log": t.log.c.log_id,
    "lot": t.lot.c.lot_id,
    "serial": t.serial.c.serial_id,
    "account": t.account.c.account_id,
    "discrepancy": t.discrepancy.c.discrepancy_id,
    "fork": t.fork.c.fork_id,
    "fork_release": t.fork_release.c.fork_release_id,
}


class SqlBook(Desk):
    """Serves one transaction after another, as long as each begins where the last one ended."""

    def __init__(self, connection: Connection, settings: LedgerSettings) -> None:
        super().__init__(SqlLookup(connection, self.flush), settings)
        self._connection = connection
        row = connection.execute(select(t.sequencer)).one()
        self.ledger_seq, self.head, self._generation = row.ledger_seq, row.head, row.generation
        self.algorithm = HashAlgorithm(row.hash_algorithm)
        for name, column in _NUMBERED.items():
            self.next_ids[name] = (connection.execute(select(func.max(column))).scalar() or 0) + 1
        self._is_changed = False

    def resume(self, connection: Connection) -> bool:
        """Go on in a new transaction. False when somebody else has written since, or too much is remembered."""
        kept = len(self.balances) + len(self._serials) + len(self._lots) + len(self._logs) + len(self._accounts)
        row = connection.execute(select(t.sequencer.c.generation).with_for_update()).one()
        if row.generation != self._generation or kept > ENTRIES_KEPT_MAX:
            return False
        self._connection = connection
        self.lookup = SqlLookup(connection, self.flush)
        self._movements.clear()
        self._reversed.clear()
        return True

    def finish(self) -> None:
        """Write what is pending, and where the book stands. The caller commits; if that fails, drop this book."""
        self.flush()
        if self._is_changed:
            self._generation += 1
            self._is_changed = False
            where = {"ledger_seq": self.ledger_seq, "head": self.head, "generation": self._generation}
            self._connection.execute(update(t.sequencer).values(where))

    def flush(self) -> None:
        """Write what is pending into the open transaction."""
        rows, self.rows = self.rows, Rows()
        self._upsert(t.site, rows.sites.values())
        self._upsert(t.edge, rows.edges.values())
        self._upsert(t.item, rows.items.values())
        self._upsert(t.item_unit, rows.item_units.values())
        self._upsert(t.log, (_log_row(log) for log in rows.logs.values()))
        self._insert(t.account, rows.accounts)
        self._upsert(t.lot, rows.lots.values())
        self._insert(t.serial, rows.serials)
        self._insert(t.envelope, rows.envelopes)
        # As plain tuples: named ones take the driver half as long again.
        self._insert(t.movement, [tuple(one) for one in rows.movements])
        self._insert(t.posting, rows.postings)
        self._insert(t.posting_serial, rows.posting_serials)
        self._insert(t.count_assertion, rows.count_assertions)
        self._insert(t.discrepancy, rows.discrepancies)
        self._insert(t.discrepancy_closing, rows.discrepancy_closings)
        self._insert(t.quarantine_decision, rows.quarantine_decisions)
        self._insert(t.fork, rows.forks)
        self._insert(t.fork_release, rows.fork_releases)
        self._insert(t.feed_epoch, rows.feed_epochs)
        self._upsert(t.serial_place, ((serial_id, *place) for serial_id, place in rows.serial_places.items()))
        self._add_up(rows)
        self._hashes.clear()

    def _add_up(self, rows: Rows) -> None:
        """Add to balances and day nets, in the order of their keys, so that two writers could never wait for each other."""
        self._upsert(t.balance, [key + rows.balances[key] for key in sorted(rows.balances)])
        self._upsert(t.day_net, [(*key, rows.day_nets[key]) for key in sorted(rows.day_nets)])
        for key, (quantity, _seq) in rows.balances.items():
            if key[0] in self.balanced:
                self.balances[key] = self.balances.get(key, 0) + quantity

    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        if rows:
            self._write(_sql_insert, table, rows)

    def _upsert(self, table: Table, rows: Iterable[Row]) -> None:
        rows = list(rows)
        if rows:
            self._write(_sql_upsert, table, rows)

    def _write(self, sql: _Sql, table: Table, rows: Sequence[Row]) -> None:
        """Rows go to the driver as they are: naming every value first would take longer than writing it."""
        self._is_changed = True
        dialect, single = self._connection.dialect, len(rows) % ROWS_AT_ONCE
        if single:
            self._connection.exec_driver_sql(sql(table, dialect, 1), rows[:single])
        if single < len(rows):
            starts = range(single, len(rows), ROWS_AT_ONCE)
            many = [tuple(chain.from_iterable(rows[start : start + ROWS_AT_ONCE])) for start in starts]
            self._connection.exec_driver_sql(sql(table, dialect, ROWS_AT_ONCE), many)


_Sql = Callable[[Table, Dialect, int], str]  # The statement that writes so many rows of a table.


@cache
def _sql_insert(table: Table, dialect: Dialect, rows: int) -> str:
    return str(table.insert().values(_places(table, rows)).compile(dialect=dialect))


@cache
def _sql_upsert(table: Table, dialect: Dialect, rows: int) -> str:
    """Replace what is there; in tables of sums, add to it."""
    insert = (sqlite.insert if dialect.name == "sqlite" else postgresql.insert)(table).values(_places(table, rows))
    given = insert.excluded
    new = {
        column.name: column + given[column.name] if column.name in ("quantity", "net") else given[column.name]
        for column in table.c
        if not column.primary_key
    }
    return str(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=new).compile(dialect=dialect))


def _places(table: Table, rows: int) -> list[dict[str, None]]:
    return [dict.fromkeys(table.c.keys())] * rows


def _log_row(log: BookedLog) -> Row:
    cursor = log.cursor
    return (
        log.log_id,
        *log.key[:2],
        str(log.key.stream),
        cursor.accepted_through,
        cursor.head,
        int(cursor.forked),
        cursor.last_event_ms,
        log.waiting,
        log.first_received_ms,
        log.last_received_ms,
        str(cursor.algorithm),
    )
