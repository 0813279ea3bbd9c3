"""Recomputes both hash chains from the rows: the ledger's over its movements, and each edge's over its envelopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, select

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.hashing import GENESIS, movement_text, next_hash
from onebook_collector.ledger.lookup import Movement
from onebook_schemas.chain import HashAlgorithm, chain_next, chain_start
from onebook_schemas.checkpoint import Statement
from onebook_schemas.uplink import Stream

MOVEMENTS_AT_ONCE = 1_000


def audit_ledger_chain(connection: Connection) -> Iterator[tuple[int, str | None]]:
    """Each entry with what is wrong about it (None: nothing); at the end the checkpoints and the sequencer."""
    head, expected, algorithm = GENESIS, 1, algorithm_of(connection)
    checkpoints = _checkpoints(connection)
    for seq, stored, text in _entries(connection):
        if seq != expected:
            yield seq, f"entry {seq} follows entry {expected - 1}: there is a hole"
        head = next_hash(head, text, algorithm)
        yield seq, None if head == stored else f"entry {seq} has another hash than its rows give"
        signed = checkpoints.pop(seq, None)
        if signed is not None and signed != head:
            yield seq, f"the checkpoint of entry {seq} has another hash than the book"
        head, expected = stored, seq + 1  # Go on from what is stored, so that one damage is one finding.
    for seq in checkpoints:
        yield seq, f"a checkpoint names entry {seq}, which the book does not hold: its end is cut off"
    last = connection.execute(select(t.sequencer)).one()
    if (last.ledger_seq, last.head) != (expected - 1, head):
        yield last.ledger_seq, f"the sequencer stands at entry {last.ledger_seq}, the last one is {expected - 1}"


def audit_ledger_slice(
    connection: Connection, after: int, head: bytes, entries_max: int
) -> tuple[int, bytes, tuple[str, ...]]:
    """The next entries behind one whose hash is known: the last one looked at, its hash, and what is wrong."""
    found, algorithm = [], algorithm_of(connection)
    for seq, stored, text in islice(_entries(connection, after), entries_max):
        if seq != after + 1:
            found.append(f"entry {seq} follows entry {after}: there is a hole")
        if next_hash(head, text, algorithm) != stored:
            found.append(f"entry {seq} has another hash than its rows give")
        after, head = seq, stored
    return after, head, tuple(found)


def audit_edge_chains(connection: Connection) -> Iterator[tuple[int, str | None]]:
    """Each journal envelope with what is wrong about it (None: nothing)."""
    journals = select(t.log).where(t.log.c.stream == Stream.JOURNAL.value).order_by(t.log.c.log_id)
    for log in connection.execute(journals).all():
        name = f"{log.edge_id}/{log.epoch}"
        if log.hash_algorithm not in set(HashAlgorithm):
            yield 0, f"{name}: {log.hash_algorithm!r} is no algorithm that a chain is made with"
            continue
        algorithm = HashAlgorithm(log.hash_algorithm)
        head, expected = chain_start(log.edge_id, log.epoch, log.stream, algorithm=algorithm), 1
        columns = t.envelope.c["sequence", "body", "chain_hash"]
        rows = select(*columns).where(t.envelope.c.log_id == log.log_id).order_by(t.envelope.c.sequence)
        for row in connection.execute(rows.execution_options(yield_per=MOVEMENTS_AT_ONCE)):
            if row.sequence != expected:
                yield row.sequence, f"{name}: event {row.sequence} follows event {expected - 1}: there is a hole"
            follows = chain_next(head, row.body, algorithm=algorithm) == row.chain_hash
            yield (
                row.sequence,
                None if follows else f"{name}: event {row.sequence} has another hash than its bytes give",
            )
            head, expected = row.chain_hash, row.sequence + 1
        if (log.accepted_through, log.head) != (expected - 1, head):
            yield (
                log.accepted_through,
                f"{name}: the cursor stands at {log.accepted_through}, the last event is {expected - 1}",
            )


def algorithm_of(connection: Connection) -> HashAlgorithm:
    """What this book is hashed with."""
    return HashAlgorithm(connection.execute(select(t.sequencer.c.hash_algorithm)).scalar_one())


def _checkpoints(connection: Connection) -> dict[int, bytes]:
    """ledger_seq -> the head that a checkpoint states for it. (Signatures are the auditor's to check: he has the keys.)"""
    stated: dict[int, bytes] = {}
    for seq, text in connection.execute(select(*t.checkpoint.c["ledger_seq", "statement"])):
        try:
            stated[seq] = bytes.fromhex(Statement.model_validate_json(text).head)
        except ValidationError:
            stated[seq] = b""  # No head is like this: it is found with its entry.
    stated.pop(0, None)
    return stated


def _entries(connection: Connection, after: int = 0) -> Iterator[tuple[int, bytes, bytes]]:
    """(ledger_seq, stored hash, text that the hash is made of) of every movement behind one."""
    while True:
        query = select(t.movement).where(t.movement.c.ledger_seq > after).order_by(t.movement.c.ledger_seq)
        block = [Movement._make(row) for row in connection.execute(query.limit(MOVEMENTS_AT_ONCE))]
        if not block:
            return
        last = block[-1].ledger_seq
        postings, counts = _postings(connection, after, last), _counts(connection, after, last)
        origins = _origins(connection, after, last)
        for row in block:
            seq = row.ledger_seq
            yield seq, row.hash, movement_text(row[:15], origins.get(seq), postings.get(seq, []), counts.get(seq))
        after = last


def _postings(connection: Connection, after: int, last: int) -> Mapping[int, list[list[Any]]]:
    named: dict[tuple[int, int, int], list[str]] = {}
    serials = (
        select(*t.posting_serial.c["ledger_seq", "line", "leg"], t.serial.c.number)
        .join(t.serial)
        .where(t.posting_serial.c.ledger_seq > after, t.posting_serial.c.ledger_seq <= last)
        .order_by(*t.posting_serial.primary_key)
    )
    for row in connection.execute(serials):
        named.setdefault((row.ledger_seq, row.line, row.leg), []).append(row.number)
    legs = (
        select(*t.posting.c["ledger_seq", "line", "leg"], t.account.c.code, t.item.c.code, t.lot.c.number)
        .add_columns(t.posting.c.quantity)
        .select_from(t.posting)
        .join(t.account)
        .join(t.item, t.item.c.item_id == t.posting.c.item_id)
        .join(t.lot, t.lot.c.lot_id == t.posting.c.lot_id)
        .where(t.posting.c.ledger_seq > after, t.posting.c.ledger_seq <= last)
        .order_by(*t.posting.primary_key)
    )
    found: dict[int, list[list[Any]]] = {}
    for row in connection.execute(legs):
        found.setdefault(row[0], []).append([*row[1:], named.get((row[0], row[1], row[2]), [])])
    return found


def _counts(connection: Connection, after: int, last: int) -> Mapping[int, list[Any]]:
    count = t.count_assertion
    query = (
        select(count.c.ledger_seq, t.account.c.code, t.item.c.code, t.lot.c.number)
        .add_columns(*count.c["counted", "book_at", "difference", "counted_at"])
        .select_from(count)
        .join(t.account)
        .join(t.item, t.item.c.item_id == count.c.item_id)
        .outerjoin(t.lot, t.lot.c.lot_id == count.c.lot_id)
        .where(count.c.ledger_seq > after, count.c.ledger_seq <= last)
    )
    return {row[0]: list(row[1:]) for row in connection.execute(query)}


def _origins(connection: Connection, after: int, last: int) -> Mapping[int, list[Any]]:
    query = (
        select(t.movement.c.ledger_seq, *t.log.c["edge_id", "epoch", "stream"])
        .add_columns(*t.envelope.c["sequence", "chain_hash"])
        .select_from(t.movement)
        .join(t.envelope)
        .join(t.log)
        .where(t.movement.c.ledger_seq > after, t.movement.c.ledger_seq <= last)
    )
    return {row[0]: [*row[1:-1], row[-1].hex()] for row in connection.execute(query)}
