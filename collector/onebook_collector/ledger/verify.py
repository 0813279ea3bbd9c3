"""Re-checks every invariant of the book, from the rows alone. Believes no balance, no cache and no writer.

Each check is a query or a walk that knows nothing of how the rows were made; it says how much it looked at, so that a check
that saw nothing is not mistaken for one that found nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from onebook_collector.ledger.hashing import GENESIS, movement_text, next_hash
from onebook_collector.ledger.rebuild import differences
from onebook_collector.ledger.tables import APPEND_ONLY
from onebook_schemas.chain import chain_next, chain_start

FINDINGS_MAX = 20
"""Findings told per check; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how many things were looked at, and what was found wrong, in words."""

    name: str
    checked: int
    findings: tuple[str, ...]
    untold: int = 0

    @property
    def holds(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class Report:
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


def verify(connection: Connection) -> Report:
    """Look at the whole book, in one consistent picture of it."""
    return Report(tuple(_run(name, look, connection) for name, look in _CHECKS))


_Looked = tuple[int, Iterator[str]]


def _run(name: str, look: Callable[[Connection], _Looked], connection: Connection) -> Check:
    checked, found = look(connection)
    findings = list(found)
    return Check(name, checked, tuple(findings[:FINDINGS_MAX]), max(len(findings) - FINDINGS_MAX, 0))


def _rows(connection: Connection, sql: str) -> Iterator[Any]:
    return iter(connection.execute(text(sql)))


def _count(connection: Connection, sql: str) -> int:
    return int(connection.execute(text(sql)).scalar_one())


# 1: the sequence has no holes, and each hash follows from the one before ------------------------------------------

_MOVEMENTS = """
SELECT m.ledger_seq, m.movement_id, m.kind, m.actor, m.reason, m.document_kind, m.document_no, m.device, m.source,
       m.reverses, m.corrects, m.site_id, m.event_time, m.time_quality, m.recorded_at,
       m.hash, l.edge_id, l.epoch, l.stream, m.sequence, e.chain_hash
FROM movement m LEFT JOIN log l ON l.log_id = m.log_id
     LEFT JOIN envelope e ON e.log_id = m.log_id AND e.sequence = m.sequence
ORDER BY m.ledger_seq"""
_POSTINGS = """
SELECT p.ledger_seq, p.line, p.leg, a.code, i.code, l.number, p.quantity
FROM posting p JOIN account a USING (account_id) JOIN item i ON i.item_id = p.item_id JOIN lot l ON l.lot_id = p.lot_id
ORDER BY p.ledger_seq, p.line, p.leg"""
_SERIALS = """
SELECT ps.ledger_seq, ps.line, ps.leg, s.number FROM posting_serial ps JOIN serial s USING (serial_id)
ORDER BY ps.ledger_seq, ps.line, ps.leg, ps.position"""
_COUNTS = """
SELECT c.ledger_seq, a.code, i.code, l.number, c.counted, c.book_at, c.difference, c.counted_at
FROM count_assertion c JOIN account a USING (account_id) JOIN item i ON i.item_id = c.item_id
     LEFT JOIN lot l ON l.lot_id = c.lot_id"""


def _chain(connection: Connection) -> _Looked:
    return _count(connection, "SELECT count(*) FROM movement"), _broken_links(connection)


def _broken_links(connection: Connection) -> Iterator[str]:
    serials: defaultdict[tuple[int, int, int], list[str]] = defaultdict(list)
    for seq, line, leg, number in _rows(connection, _SERIALS):
        serials[seq, line, leg].append(number)
    counts = {row[0]: list(row[1:]) for row in _rows(connection, _COUNTS)}
    postings = groupby(_rows(connection, _POSTINGS), key=lambda row: row[0])
    seq_with_postings, lines = next(postings, (None, iter(())))
    head, expected = GENESIS, 1
    for row in _rows(connection, _MOVEMENTS):
        seq = row[0]
        if seq != expected:
            yield f"ledger_seq {expected} is missing: {seq} comes next"
        expected = seq + 1
        legs = []
        if seq == seq_with_postings:
            legs = [[*leg[1:], serials[leg[0], leg[1], leg[2]]] for leg in lines]
            seq_with_postings, lines = next(postings, (None, iter(())))
        origin = None if row[16] is None else [*row[16:20], row[20].hex()]
        head = next_hash(head, movement_text(row[:15], origin, legs, counts.get(seq)))
        if head != row[15]:
            yield f"movement {seq}: its hash does not follow from its content and the hash before"
            head = row[15]
    yield from _other_head(connection, head, expected - 1)


def _other_head(connection: Connection, head: bytes, last: int) -> Iterator[str]:
    for row in _rows(connection, "SELECT ledger_seq, head FROM sequencer"):
        if (row.ledger_seq, row.head) != (last, head):
            yield f"the sequencer stands at {row.ledger_seq}, the last movement is {last}"
    for row in _rows(
        connection, "SELECT c.ledger_seq, c.head, m.hash FROM checkpoint c LEFT JOIN movement m USING (ledger_seq)"
    ):
        if row.head != row.hash:
            yield f"the checkpoint at {row.ledger_seq} states another hash than the movement there"


# 2: double entry ----------------------------------------------------------------------------------------------------


def _lines_balance(connection: Connection) -> _Looked:
    checked = _count(connection, "SELECT count(*) FROM (SELECT DISTINCT ledger_seq, line FROM posting) AS lines")
    return checked, _unbalanced_lines(connection)


def _unbalanced_lines(connection: Connection) -> Iterator[str]:
    for row in _rows(
        connection,
        "SELECT ledger_seq, line, item_id, lot_id, sum(quantity) AS off FROM posting"
        " GROUP BY ledger_seq, line, item_id, lot_id HAVING sum(quantity) <> 0",
    ):
        yield f"movement {row.ledger_seq}, line {row.line}: the legs of item {row.item_id}, lot {row.lot_id} sum to {row.off}"
    for row in _rows(
        connection,
        "SELECT p.ledger_seq, p.line FROM posting p JOIN account a USING (account_id) GROUP BY p.ledger_seq, p.line"
        " HAVING sum(CASE WHEN a.kind IN ('real', 'in_transit') THEN 1 ELSE 0 END) = 0",
    ):
        yield f"movement {row.ledger_seq}, line {row.line}: no leg touches real goods"


# 3: what is summed equals the sum -----------------------------------------------------------------------------------


def _sums(connection: Connection) -> _Looked:
    return _count(connection, "SELECT (SELECT count(*) FROM balance) + (SELECT count(*) FROM day_net)"), _other_sums(
        connection
    )


def _other_sums(connection: Connection) -> Iterator[str]:
    yield from differences(connection)
    for row in _rows(
        connection, "SELECT item_id, sum(quantity) AS off FROM posting GROUP BY item_id HAVING sum(quantity) <> 0"
    ):
        yield f"item {row.item_id}: all its postings sum to {row.off}, not to zero"


# 4: a serial is in one place ----------------------------------------------------------------------------------------

_SERIALISED = """
SELECT a.code AS account, i.code AS item, b.quantity, coalesce(s.held, 0) AS held
FROM balance b JOIN account a USING (account_id) JOIN item i USING (item_id)
     LEFT JOIN (SELECT p.account_id, p.lot_id, s.item_id, count(*) AS held FROM serial_place p JOIN serial s USING (serial_id)
                GROUP BY p.account_id, p.lot_id, s.item_id) s
       ON s.account_id = b.account_id AND s.lot_id = b.lot_id AND s.item_id = b.item_id
WHERE i.tracking = 'serial' AND a.kind = 'real' AND b.quantity <> coalesce(s.held, 0)"""


def _serials(connection: Connection) -> _Looked:
    def found() -> Iterator[str]:
        for row in _rows(connection, _SERIALISED):
            yield f"{row.account}: {row.quantity} of {row.item}, but {row.held} serials"

    return _count(connection, "SELECT count(*) FROM serial_place"), found()


# 5: each envelope has one verdict, and the edge's chain holds ----------------------------------------------------------


def _envelopes(connection: Connection) -> _Looked:
    return _count(connection, "SELECT count(*) FROM envelope"), _broken_logs(connection)


def _broken_logs(connection: Connection) -> Iterator[str]:
    logs = {row.log_id: row for row in _rows(connection, "SELECT * FROM log WHERE stream = 'journal'")}
    seen = set()
    sql = "SELECT log_id, sequence, body, chain_hash FROM envelope ORDER BY log_id, sequence"
    for log_id, rows in groupby(_rows(connection, sql), key=lambda row: row[0]):
        if log_id in logs:
            seen.add(log_id)
            yield from _broken_log(logs[log_id], rows)
    for log_id in logs.keys() - seen:
        if logs[log_id].accepted_through:
            yield f"edge {logs[log_id].edge_id}: its cursor stands at {logs[log_id].accepted_through}, no envelope is there"
    for row in _rows(
        connection,
        "SELECT e.ledger_seq FROM envelope e LEFT JOIN movement m ON m.ledger_seq = e.ledger_seq AND m.log_id = e.log_id"
        " AND m.sequence = e.sequence WHERE e.verdict = 'posted' AND m.ledger_seq IS NULL",
    ):
        yield f"an envelope says that it is movement {row.ledger_seq}, which does not say so"


def _broken_log(log: Any, rows: Iterator[Any]) -> Iterator[str]:
    name = f"edge {log.edge_id}, epoch {log.epoch}"
    head, expected = chain_start(log.edge_id, log.epoch, log.stream), 1
    for _, sequence, body, chain_hash in rows:
        if sequence != expected:
            yield f"{name}: sequence {expected} has no envelope; {sequence} comes next"
        elif chain_next(head, body) != chain_hash:
            yield f"{name}: the bytes of sequence {sequence} do not give its chain hash"
        head, expected = chain_hash, sequence + 1
    if (expected - 1, head) != (log.accepted_through, log.head):
        yield f"{name}: the cursor stands at {log.accepted_through}, the last envelope is {expected - 1}, or their hashes differ"


# 6: reversals -------------------------------------------------------------------------------------------------------

_REVERSED_LEGS = """
SELECT r.ledger_seq AS reversal, o.ledger_seq AS original, p.account_id, p.item_id, p.lot_id, sum(p.quantity) AS off
FROM movement r JOIN movement o ON o.movement_id = r.reverses
     JOIN posting p ON p.ledger_seq IN (r.ledger_seq, o.ledger_seq)
GROUP BY r.ledger_seq, o.ledger_seq, p.account_id, p.item_id, p.lot_id HAVING sum(p.quantity) <> 0"""


def _reversals(connection: Connection) -> _Looked:
    def found() -> Iterator[str]:
        for row in _rows(
            connection, "SELECT reverses, count(*) AS times FROM movement GROUP BY reverses HAVING count(*) > 1"
        ):
            if row.reverses is not None:
                yield f"movement {row.reverses} is reversed {row.times} times"
        for row in _rows(connection, _REVERSED_LEGS):
            yield f"movement {row.reversal} is no exact opposite of {row.original}: account {row.account_id} is off by {row.off}"

    return _count(connection, "SELECT count(*) FROM movement WHERE reverses IS NOT NULL"), found()


# 8: nothing can be changed -----------------------------------------------------------------------------------------


def _triggers(connection: Connection) -> _Looked:
    sql = "SELECT lower(sql) FROM sqlite_master WHERE type = 'trigger'"
    triggers = [row[0] for row in _rows(connection, sql)] if connection.dialect.name == "sqlite" else []

    def found() -> Iterator[str]:
        for table in APPEND_ONLY if connection.dialect.name == "sqlite" else ():
            for act in ("update", "delete"):
                if not any(f"before {act} on {table.name}" in trigger.replace('"', "") for trigger in triggers):
                    yield f"table {table.name}: no trigger refuses {act}"

    return len(triggers), found()


_CHECKS: tuple[tuple[str, Callable[[Connection], _Looked]], ...] = (
    ("账序无缺，链条完整 / ledger_seq has no holes and each hash follows", _chain),
    ("借贷平衡 / the legs of each line sum to zero", _lines_balance),
    ("结存等于分录之和 / balances and day nets equal the sum of their postings", _sums),
    ("序列号各在一处 / each serial is in one place, and quantities equal serials", _serials),
    ("每个事件一个结论，边缘链完整 / each envelope has one verdict and the edges' chains hold", _envelopes),
    ("冲销恰好相反 / reversals are exact opposites, once each", _reversals),
    ("只增不改 / append-only tables refuse updates and deletions", _triggers),
)
