"""Re-checks every invariant of the book from its rows alone, and says in words what does not hold.

A check never trusts what it checks: balances are summed anew, hashes computed anew. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import AccountKind
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.chain_audit import audit_edge_chains, audit_ledger_chain
from onebook_collector.ledger.goods import Tracking
from onebook_collector.ledger.rebuild import compared_balances, compared_day_nets, compared_serial_places

FINDINGS_MAX = 100
"""Findings that one check names; nobody reads more of a damaged book. The rest is not looked for."""


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: how many things were looked at (a check that saw nothing has found nothing), and what is wrong."""

    name: str
    checked: int
    findings: tuple[str, ...]

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
    """All checks on one consistent picture of the book."""
    return Report(tuple(check(connection) for check in CHECKS))


def check_chain(connection: Connection) -> Check:
    """ledger_seq is 1, 2, 3 ... without holes; each hash follows from the one before; each checkpoint equals the book."""
    return _audited("账序无缺，链条完整 / the ledger's sequence and hash chain", audit_ledger_chain(connection))


def check_edge_chains(connection: Connection) -> Check:
    """The envelopes of each journal have no hole below the cursor, and their bytes give the hashes that the edge stated."""
    return _audited("采集端日记账链完整 / the hash chains of the edges", audit_edge_chains(connection))


def check_lines_balance(connection: Connection) -> Check:
    """The legs of a line sum to zero for each item and lot, and one of them at least is real."""
    key, p = t.posting.c["ledger_seq", "line"], t.posting.c
    uneven = select(*key, func.sum(p.quantity)).group_by(*key, p.item_id, p.lot_id).having(func.sum(p.quantity) != 0)
    real = func.sum(case((t.account.c.kind == AccountKind.REAL.value, 1), else_=0))
    unreal = select(*key).join(t.account).group_by(*key).having(real == 0)
    findings = [f"entry {seq} line {line}: the legs sum to {over}" for seq, line, over in _rows(connection, uneven)]
    findings += [f"entry {seq} line {line}: no leg is real" for seq, line in _rows(connection, unreal)]
    return Check(
        "借贷平衡 / the legs of each line sum to zero", _count(connection, select(*key).distinct()), tuple(findings)
    )


def check_balances(connection: Connection) -> Check:
    """Every balance is the sum of its postings; over all accounts each item sums to zero."""
    findings = list(compared_balances(connection, FINDINGS_MAX))
    b = t.balance.c
    uneven = (
        select(t.item.c.code, func.sum(b.quantity))
        .select_from(t.balance.join(t.item, t.item.c.item_id == b.item_id))
        .group_by(t.item.c.code)
        .having(func.sum(b.quantity) != 0)
    )
    findings += [f"{code}: all accounts together come to {over}, not to 0" for code, over in _rows(connection, uneven)]
    return Check(
        "结存等于分录之和 / balances equal the sum of their postings",
        _count(connection, select(b.account_id)),
        tuple(findings),
    )


def check_day_nets(connection: Connection) -> Check:
    """Every day's net is the sum of that business day's postings, by event time; a posting has its movement's."""
    p, m = t.posting.c, t.movement.c
    astray = select(p.ledger_seq, p.event_time).join(t.movement).where(p.event_time != m.event_time).distinct()
    findings = list(compared_day_nets(connection, FINDINGS_MAX))
    findings += [f"entry {seq}: a posting is dated {at}, the entry is not" for seq, at in _rows(connection, astray)]
    return Check(
        "日净额等于分录之和 / day nets equal the sum of their postings",
        _count(connection, select(t.day_net.c.account_id)),
        tuple(findings),
    )


def check_serials(connection: Connection) -> Check:
    """A serial is where its last leg put it; legs of goods tracked by serial name as many serials as they move."""
    findings = list(compared_serial_places(connection, FINDINGS_MAX))
    key = t.posting.c["ledger_seq", "line", "leg", "quantity"]
    named = func.count(t.posting_serial.c.serial_id)
    same_leg = [t.posting_serial.c[name] == t.posting.c[name] for name in ("ledger_seq", "line", "leg")]
    unnamed = (
        select(*key, named)
        .join(t.item)
        .outerjoin(t.posting_serial, same_leg[0] & same_leg[1] & same_leg[2])
        .where(t.item.c.tracking == Tracking.SERIAL.value)
        .group_by(*key)
        .having(named != func.abs(t.posting.c.quantity))
    )
    findings += [
        f"entry {seq} line {line} leg {leg} moves {quantity} pieces and names {serials} serials"
        for seq, line, leg, quantity, serials in _rows(connection, unnamed)
    ]
    return Check(
        "序列号各在一处 / each serial is in one place",
        _count(connection, select(t.serial_place.c.serial_id)),
        tuple(findings),
    )


def check_verdicts(connection: Connection) -> Check:
    """A posted envelope has its movement, which names it; any other has none, unless a person released it."""
    e, m = t.envelope.c, t.movement.c
    orphaned = (
        select(e.log_id, e.sequence, e.ledger_seq)
        .outerjoin(t.movement, (m.ledger_seq == e.ledger_seq) & (m.log_id == e.log_id) & (m.sequence == e.sequence))
        .where(e.verdict == VerdictKind.POSTED.value, m.ledger_seq.is_(None))
    )
    released = select(t.quarantine_decision.c.ledger_seq).where(t.quarantine_decision.c.ledger_seq.is_not(None))
    stray = (
        select(m.ledger_seq, e.sequence, e.verdict)
        .join(t.envelope, (e.log_id == m.log_id) & (e.sequence == m.sequence))
        .where(e.ledger_seq.is_distinct_from(m.ledger_seq), m.ledger_seq.not_in(released))
    )
    findings = [
        f"log {log_id} event {sequence} is posted as entry {seq}, which is not its movement"
        for log_id, sequence, seq in _rows(connection, orphaned)
    ]
    findings += [
        f"entry {seq} names event {sequence}, whose verdict is {verdict}"
        for seq, sequence, verdict in _rows(connection, stray)
    ]
    return Check("每个事件一个结论 / each event has one verdict", _count(connection, select(e.log_id)), tuple(findings))


def check_reversals(connection: Connection) -> Check:
    """A reversal is the exact opposite of its movement. (That there is one at most, the table itself sees to.)"""
    reversal, original = t.movement.alias("reversal"), t.movement.alias("original")
    pairs = reversal.join(original, original.c.movement_id == reversal.c.reverses)
    p, seq = t.posting.c, reversal.c.ledger_seq
    either = p.ledger_seq.in_((reversal.c.ledger_seq, original.c.ledger_seq))
    sides = func.sum(case((p.ledger_seq == reversal.c.ledger_seq, 1), else_=-1))
    unlike = (
        select(seq, original.c.ledger_seq)
        .select_from(pairs.join(t.posting, either))
        .group_by(seq, original.c.ledger_seq, p.account_id, p.item_id, p.lot_id)
        .having((func.sum(p.quantity) != 0) | (sides != 0))
    ).distinct()
    findings = [f"entry {one} is not the exact opposite of entry {other}" for one, other in _rows(connection, unlike)]
    return Check(
        "冲销恰好相反 / reversals are exact opposites",
        _count(connection, select(seq).where(reversal.c.reverses.is_not(None))),
        tuple(findings),
    )


def check_guards(connection: Connection) -> Check:
    """The triggers that refuse changes of written rows are in place."""
    catalogues = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT trigger_name FROM information_schema.triggers",
    }
    there = set(connection.exec_driver_sql(catalogues[connection.dialect.name]).scalars())
    needed = [f"{table.name}_refuses_{change}" for table in t.APPEND_ONLY for change in ("update", "delete")]
    return Check(
        "只增不改 / written rows are guarded against change",
        len(needed),
        tuple(f"trigger {name} is missing" for name in needed if name not in there),
    )


CHECKS: tuple[Callable[[Connection], Check], ...] = (
    check_chain,
    check_edge_chains,
    check_lines_balance,
    check_balances,
    check_day_nets,
    check_serials,
    check_verdicts,
    check_reversals,
    check_guards,
)


def _audited(name: str, audit: Iterable[tuple[int, str | None]]) -> Check:
    checked = 0
    findings: list[str] = []
    for _number, finding in audit:
        checked += finding is None
        if finding is not None and len(findings) < FINDINGS_MAX:
            findings.append(finding)
    return Check(name, checked, tuple(findings))


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    return iter(connection.execute(query.limit(FINDINGS_MAX)))


def _count(connection: Connection, query: Select[Any]) -> int:
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
