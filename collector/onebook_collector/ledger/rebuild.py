"""Recomputes what follows from the postings (balances, day nets, places of serials) and compares it, or puts it in place."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

_BALANCE = """
SELECT account_id, item_id, lot_id, sum(quantity) AS quantity, max(ledger_seq) AS last_seq
FROM posting GROUP BY account_id, item_id, lot_id"""
_CHINA_MS = "(m.event_time + 28800000)"
_DAY = f"({_CHINA_MS} - ({_CHINA_MS} % 86400000 + 86400000) % 86400000) / 86400000"  # SQL divides towards zero.
_DAY_NET = f"""
SELECT p.account_id, p.item_id, p.lot_id, {_DAY} AS business_day, sum(p.quantity) AS net
FROM posting p JOIN movement m USING (ledger_seq) GROUP BY p.account_id, p.item_id, p.lot_id, {_DAY}"""  # noqa: S608
_SERIAL_PLACE = """
SELECT serial_id, account_id, lot_id, event_time AS since_ms, ledger_seq AS last_seq
FROM (SELECT ps.serial_id, p.account_id, p.lot_id, m.event_time, p.ledger_seq,
             row_number() OVER (PARTITION BY ps.serial_id ORDER BY p.ledger_seq DESC, p.line DESC, p.leg DESC) AS newest
      FROM posting_serial ps JOIN posting p USING (ledger_seq, line, leg) JOIN movement m USING (ledger_seq)
      WHERE p.quantity > 0) AS placed
WHERE newest = 1"""

_DERIVED = (
    # table, its key, the query that makes it anew
    ("balance", ("account_id", "item_id", "lot_id"), _BALANCE),
    ("day_net", ("account_id", "item_id", "lot_id", "business_day"), _DAY_NET),
    ("serial_place", ("serial_id",), _SERIAL_PLACE),
)


def differences(connection: Connection) -> Iterator[str]:
    """Every row that is not what the postings give, in words. None: what is kept is bit-identical."""
    for table, key, query in _DERIVED:
        for row in connection.execute(text(f"SELECT * FROM {table} EXCEPT SELECT * FROM ({query}) AS anew")):  # noqa: S608
            yield f"{table} {_named(row, key)}: kept as {tuple(row[len(key) :])}, the postings give otherwise"
        for row in connection.execute(text(f"SELECT * FROM ({query}) AS anew EXCEPT SELECT * FROM {table}")):  # noqa: S608
            yield f"{table} {_named(row, key)}: the postings give {tuple(row[len(key) :])}, kept is otherwise"


def rebuild(connection: Connection) -> list[str]:
    """Put the recomputed rows in place of all that are kept. Gives what differed before."""
    found = list(differences(connection))
    for table, _, query in _DERIVED:
        connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608
        connection.execute(text(f"INSERT INTO {table} {query}"))
    return found


def _named(row: object, key: tuple[str, ...]) -> str:
    return " ".join(f"{name}={getattr(row, name)}" for name in key)
