"""What waits for a person: events in quarantine, discrepancies, logs that are held because of a fork."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, select, true

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import Account
from onebook_collector.ledger.book import VerdictKind
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.posting import DoubtKind
from onebook_collector.ledger.queries.names import (
    ITEM_COLUMNS,
    LOT_COLUMNS,
    OWN_UNIT,
    ItemName,
    LotName,
    item_name,
    lot_name,
)
from onebook_collector.ledger.queries.sight import account_seen, edge_seen, item_seen, stands_in_sight
from onebook_collector.ledger.queries.stock import PLACE_COLUMNS, place_of
from onebook_collector.scope import EVERYTHING, Scope
from onebook_schemas.uplink import Stream


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about an event in quarantine."""

    decision: str  # released or rejected
    actor: str
    reason: str
    decided_at_ms: int
    ledger_seq: int | None  # The movement that was booked for it.


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """An event that could not be booked, with its bytes."""

    log: LogKey
    sequence: int
    site_id: str | None  # Where the edge stands now.
    event_type: str
    reason: str
    event_time_ms: int
    received_at_ms: int
    body: bytes
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Something that the book and the goods do not agree about, opened by a movement. Quantity in base units."""

    discrepancy_id: int
    ledger_seq: int
    movement_id: str
    kind: str
    site_id: str | None
    place: Account
    item: ItemName
    lot: LotName | None
    quantity: int
    detail: str
    opened_at_ms: int
    closed_at_ms: int | None
    closed_by: str | None
    note: str | None
    closing_seq: int | None


@dataclass(frozen=True, slots=True)
class Fork:
    """Evidence that one log has two contents: a cloned card, or a stolen key."""

    edge_id: str
    epoch: str
    stream: Stream
    reason: str
    received_at_ms: int
    size: int  # Bytes of the upload that is kept.
    released_at_ms: int | None


def quarantine(
    connection: Connection,
    *,
    site_id: str | None = None,
    edge_id: str | None = None,
    undecided: bool = True,
    before_ms: int | None = None,
    limit: int = 500,
    scope: Scope = EVERYTHING,
) -> list[QuarantinedEvent]:
    """The newest first; `undecided`: only those that still wait; `before_ms`: received before then."""
    query = _quarantine(scope).order_by(
        t.envelope.c.received_at.desc(), t.envelope.c.log_id, t.envelope.c.sequence.desc()
    )
    if undecided:
        query = query.where(t.quarantine_decision.c.decision.is_(None))
    if site_id is not None:
        query = query.where(t.edge.c.site_id == site_id)
    if edge_id is not None:
        query = query.where(t.log.c.edge_id == edge_id)
    if before_ms is not None:
        query = query.where(t.envelope.c.received_at < before_ms)
    return [_quarantined(row) for row in connection.execute(query.limit(limit))]


def quarantined(
    connection: Connection, key: LogKey, sequence: int, *, scope: Scope = EVERYTHING
) -> QuarantinedEvent | None:
    """One of them, by its name."""
    log = t.log.c
    named = and_(log.edge_id == key.edge_id, log.epoch == key.epoch, log.stream == str(key.stream))
    row = connection.execute(_quarantine(scope).where(named, t.envelope.c.sequence == sequence)).first()
    return _quarantined(row) if row else None


def discrepancies(
    connection: Connection,
    *,
    site_id: str | None = None,
    ledger_seqs: Collection[int] | None = None,
    kind: str | None = None,
    item: str | None = None,
    named: int | None = None,
    before: int | None = None,
    still_open: bool = True,
    limit: int = 500,
    scope: Scope = EVERYTHING,
) -> list[Discrepancy]:
    """The newest first; `still_open`: only those that nobody has closed; `named`: this one; `before`: opened before it."""
    closing = t.discrepancy_closing
    query = (
        select(t.discrepancy, *closing.c["actor", "note", "closed_at"], closing.c.ledger_seq.label("closing_seq"))
        .add_columns(t.movement.c.movement_id, *PLACE_COLUMNS, *ITEM_COLUMNS, *LOT_COLUMNS)
        .select_from(t.discrepancy)
        .join(t.movement, t.movement.c.ledger_seq == t.discrepancy.c.ledger_seq)
        .join(t.account, t.account.c.account_id == t.discrepancy.c.account_id)
        .join(t.item, t.item.c.item_id == t.discrepancy.c.item_id)
        .join(t.item_unit, OWN_UNIT)
        .outerjoin(t.lot, t.lot.c.lot_id == t.discrepancy.c.lot_id)
        .outerjoin(closing, closing.c.discrepancy_id == t.discrepancy.c.discrepancy_id)
        .where(_discrepancy_seen(scope))
        .order_by(t.discrepancy.c.discrepancy_id.desc())
        .limit(limit)
    )
    if still_open:
        query = query.where(closing.c.closed_at.is_(None))
    if site_id is not None:
        query = query.where(t.discrepancy.c.site_id == site_id)
    if ledger_seqs is not None:
        query = query.where(t.discrepancy.c.ledger_seq.in_(ledger_seqs))
    if kind is not None:
        query = query.where(t.discrepancy.c.kind == kind)
    if item is not None:
        query = query.where(t.item.c.code == item)
    if named is not None:
        query = query.where(t.discrepancy.c.discrepancy_id == named)
    if before is not None:
        query = query.where(t.discrepancy.c.discrepancy_id < before)
    return [_discrepancy(row) for row in connection.execute(query)]


def count_reviews(
    connection: Connection, ledger_seqs: Collection[int], *, scope: Scope = EVERYTHING
) -> Mapping[int, Discrepancy]:
    """Of these counts, those that a person had to look at, or has to."""
    kind, limit = DoubtKind.COUNT_TO_REVIEW, max(len(ledger_seqs), 1)
    found = discrepancies(connection, ledger_seqs=ledger_seqs, kind=kind, still_open=False, limit=limit, scope=scope)
    return {one.ledger_seq: one for one in found}


def forks(connection: Connection, *, scope: Scope = EVERYTHING) -> list[Fork]:
    """The newest first."""
    released_at = (
        select(func.min(t.fork_release.c.released_at))
        .where(t.fork_release.c.log_id == t.fork.c.log_id, t.fork_release.c.released_at >= t.fork.c.received_at)
        .scalar_subquery()
    )
    query = (
        select(*t.log.c["edge_id", "epoch", "stream"], *t.fork.c["reason", "received_at"])
        .add_columns(func.length(t.fork.c.upload).label("size"), released_at.label("released_at"))
        .select_from(t.fork)
        .join(t.log)
        .where(edge_seen(scope, t.log.c.edge_id))
        .order_by(t.fork.c.fork_id.desc())
    )
    return [
        Fork(row.edge_id, row.epoch, Stream(row.stream), row.reason, row.received_at, row.size, row.released_at)
        for row in connection.execute(query)
    ]


def count_waiting(connection: Connection, *, scope: Scope = EVERYTHING) -> int:
    """Events in quarantine that nobody has decided on."""
    waiting = _quarantine(scope).where(t.quarantine_decision.c.decision.is_(None))
    return connection.execute(waiting.with_only_columns(func.count())).scalar_one()


def _discrepancy_seen(scope: Scope) -> ColumnElement[bool]:
    return and_(stands_in_sight(scope, t.discrepancy.c.site_id), account_seen(scope), item_seen(scope))


def _quarantine(scope: Scope) -> Select[Any]:
    """Nobody knows which goods an event is about that could not be booked: who sees only some goods sees none of these."""
    decision = t.quarantine_decision
    same = and_(decision.c.log_id == t.envelope.c.log_id, decision.c.sequence == t.envelope.c.sequence)
    return (
        select(t.envelope, *t.log.c["edge_id", "epoch", "stream"], t.edge.c.site_id)
        .add_columns(*decision.c["decision", "actor", "decided_at"])
        .add_columns(decision.c.reason.label("why"), decision.c.ledger_seq.label("booked_seq"))
        .select_from(t.envelope)
        .join(t.log)
        .outerjoin(t.edge, t.edge.c.edge_id == t.log.c.edge_id)
        .outerjoin(decision, same)
        .where(t.envelope.c.verdict == VerdictKind.QUARANTINED.value, edge_seen(scope, t.log.c.edge_id))
        .where(false() if scope.narrows_goods else true())
    )


def _quarantined(row: Any) -> QuarantinedEvent:
    decision = None
    if row.decision is not None:
        decision = Decision(row.decision, row.actor, row.why, row.decided_at, row.booked_seq)
    return QuarantinedEvent(
        LogKey(row.edge_id, row.epoch, Stream(row.stream)),
        row.sequence,
        row.site_id,
        row.event_type,
        row.reason,
        row.event_time,
        row.received_at,
        row.body,
        decision,
    )


def _discrepancy(row: Any) -> Discrepancy:
    return Discrepancy(
        row.discrepancy_id,
        row.ledger_seq,
        row.movement_id,
        row.kind,
        row.site_id,
        place_of(row),
        item_name(row),
        lot_name(row) if row.lot_id is not None else None,
        row.quantity,
        row.detail,
        row.opened_at,
        row.closed_at,
        row.actor,
        row.note,
        row.closing_seq,
    )
