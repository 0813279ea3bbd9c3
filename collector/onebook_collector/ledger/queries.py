"""What can be asked of the book's logs, its quarantine and its registry. Each function is one picture of what is committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.registry import Site


class EdgeRow(NamedTuple):
    edge_id: str
    site_id: str


class LogRow(NamedTuple):
    """How far one log of an edge is committed. `waiting`: what the edge still held behind its last upload."""

    edge_id: str
    epoch: str
    stream: str
    accepted_through: int
    is_forked: bool
    last_event_ms: int
    waiting: int
    first_received_ms: int
    last_received_ms: int


class Quarantined(NamedTuple):
    """An event that could not be booked, and what a person decided about it, if anybody did."""

    edge_id: str
    epoch: str
    stream: str
    sequence: int
    event_type: str
    reason: str
    received_at: int
    body: bytes
    decision: str | None
    decided_by: str | None
    decided_why: str | None
    decided_at: int | None
    ledger_seq: int | None  # Of the movement that its release posted.


class Discrepancy(NamedTuple):
    """Something about a movement that a person should look at."""

    discrepancy_id: int
    ledger_seq: int
    kind: str
    site_id: str | None
    account: str
    item: str
    lot: str | None  # None: all lots of the bin together.
    quantity: int  # In base units.
    detail: str
    opened_at: int
    closed_at: int | None
    closed_by: str | None


class Fork(NamedTuple):
    """Another content for a committed sequence. `released_at`: when a person let the log go on."""

    edge_id: str
    epoch: str
    stream: str
    reason: str
    received_ms: int
    upload: bytes
    released_at_ms: int | None


class BookFigures(NamedTuple):
    """The book in three numbers, for health and screens."""

    last_ledger_seq: int
    quarantine_waiting: int
    discrepancies_open: int


def sites(connection: Connection) -> list[Site]:
    columns = [t.site.c[name] for name in Site._fields]
    return [
        Site(*row) for row in connection.execute(select(*columns).order_by(t.site.c.division_code, t.site.c.site_id))
    ]


def edges(connection: Connection) -> list[EdgeRow]:
    return [
        EdgeRow(*row)
        for row in connection.execute(select(t.edge.c.edge_id, t.edge.c.site_id).order_by(t.edge.c.edge_id))
    ]


def logs(connection: Connection, edge_id: str | None = None) -> list[LogRow]:
    columns = [t.log.c[name] for name in LogRow._fields]
    query = select(*columns).order_by(t.log.c.edge_id, t.log.c.stream, t.log.c.first_received_ms)
    if edge_id is not None:
        query = query.where(t.log.c.edge_id == edge_id)
    return [LogRow(*row)._replace(is_forked=bool(row.is_forked)) for row in connection.execute(query)]


def edges_heard(connection: Connection) -> tuple[dict[str, str], dict[str, int]]:
    """Where each registered edge stands, and when any edge was heard last (Unix ms)."""
    heard = select(t.log.c.edge_id, func.max(t.log.c.last_received_ms)).group_by(t.log.c.edge_id)
    return dict(edges(connection)), {row[0]: row[1] for row in connection.execute(heard)}


def figures(connection: Connection) -> BookFigures:
    last = select(func.coalesce(func.max(t.movement.c.ledger_seq), 0))
    waiting = select(func.count()).select_from(_undecided().subquery())
    is_open = t.discrepancy.c.discrepancy_id.not_in(select(t.discrepancy_closing.c.discrepancy_id))
    open_ = select(func.count()).select_from(t.discrepancy).where(is_open)
    return BookFigures(*(connection.execute(query).scalar_one() for query in (last, waiting, open_)))


def feed_epoch(connection: Connection) -> str:
    """The name of the present feed: it changes when the book was restored, and old cursors end."""
    newest = select(t.feed_epoch.c.feed_epoch).order_by(t.feed_epoch.c.ledger_seq.desc()).limit(1)
    return str(connection.execute(newest).scalar_one())


def quarantine(
    connection: Connection,
    *,
    undecided_only: bool = True,
    edge_id: str | None = None,
    before_ms: int | None = None,
    limit: int = 100,
) -> list[Quarantined]:
    """Newest first."""
    query = _quarantined()
    if undecided_only:
        query = query.where(t.quarantine_decision.c.decision.is_(None))
    if edge_id is not None:
        query = query.where(t.log.c.edge_id == edge_id)
    if before_ms is not None:
        query = query.where(t.envelope.c.received_at < before_ms)
    query = query.order_by(t.envelope.c.received_at.desc(), t.envelope.c.sequence.desc()).limit(limit)
    return [Quarantined(*row) for row in connection.execute(query)]


def quarantined(connection: Connection, edge_id: str, epoch: str, stream: str, sequence: int) -> Quarantined | None:
    """One of them, by its name."""
    query = _quarantined().where(
        t.log.c.edge_id == edge_id,
        t.log.c.epoch == epoch,
        t.log.c.stream == stream,
        t.envelope.c.sequence == sequence,
    )
    row = connection.execute(query).one_or_none()
    return Quarantined(*row) if row is not None else None


def discrepancies(
    connection: Connection, *, open_only: bool = True, site_id: str | None = None, limit: int = 100
) -> list[Discrepancy]:
    """Newest first."""
    d, closing = t.discrepancy, t.discrepancy_closing
    query = (
        select(
            d.c.discrepancy_id,
            d.c.ledger_seq,
            d.c.kind,
            d.c.site_id,
            t.account.c.code,
            t.item.c.code,
            t.lot.c.number,
            d.c.quantity,
            d.c.detail,
            d.c.opened_at,
            closing.c.closed_at,
            closing.c.actor,
        )
        .join(t.account, t.account.c.account_id == d.c.account_id)
        .join(t.item, t.item.c.item_id == d.c.item_id)
        .outerjoin(t.lot, t.lot.c.lot_id == d.c.lot_id)
        .outerjoin(closing, closing.c.discrepancy_id == d.c.discrepancy_id)
        .order_by(d.c.discrepancy_id.desc())
        .limit(limit)
    )
    if open_only:
        query = query.where(closing.c.closed_at.is_(None))
    if site_id is not None:
        query = query.where(d.c.site_id == site_id)
    return [Discrepancy._make(row) for row in connection.execute(query)]


def forks(connection: Connection) -> list[Fork]:
    """Newest first."""
    released = (
        select(func.max(t.fork_release.c.released_at))
        .where(t.fork_release.c.log_id == t.fork.c.log_id, t.fork_release.c.released_at >= t.fork.c.received_at)
        .scalar_subquery()
    )
    query = (
        select(
            t.log.c.edge_id,
            t.log.c.epoch,
            t.log.c.stream,
            t.fork.c.reason,
            t.fork.c.received_at,
            t.fork.c.upload,
            released,
        )
        .join(t.log, t.log.c.log_id == t.fork.c.log_id)
        .order_by(t.fork.c.fork_id.desc())
    )
    return [Fork(*row) for row in connection.execute(query)]


def _quarantined() -> Select[Any]:
    e, decision = t.envelope, t.quarantine_decision
    return (
        select(
            t.log.c.edge_id,
            t.log.c.epoch,
            t.log.c.stream,
            e.c.sequence,
            e.c.event_type,
            e.c.reason,
            e.c.received_at,
            e.c.body,
            decision.c.decision,
            decision.c.actor,
            decision.c.reason,
            decision.c.decided_at,
            decision.c.ledger_seq,
        )
        .join(t.log, t.log.c.log_id == e.c.log_id)
        .outerjoin(decision, (decision.c.log_id == e.c.log_id) & (decision.c.sequence == e.c.sequence))
        .where(e.c.verdict == "quarantined")
    )


def _undecided() -> Select[Any]:
    return _quarantined().where(t.quarantine_decision.c.decision.is_(None)).with_only_columns(t.envelope.c.sequence)


def in_chunks(values: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    """For IN lists: SQLite takes some thousands of values, PostgreSQL some ten thousands."""
    return [values[start : start + size] for start in range(0, len(values), size)]
