"""Makes signed checkpoints of the book, and the document that each edge keeps of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.chain_audit import algorithm_of
from onebook_collector.ledger.records import Recorded, Records, nothing_recorded, record_on, standing
from onebook_collector.ledger.signing import CheckpointKey
from onebook_schemas.chain import HashAlgorithm, hash_of
from onebook_schemas.checkpoint import (
    POSITION_PREFIX,
    STATEMENT_PREFIX,
    Checkpoint,
    LogPosition,
    Position,
    Statement,
)
from onebook_schemas.uplink import Stream


class Made(NamedTuple):
    """A checkpoint as the book keeps it, with where the logs of every edge stood in the same moment."""

    statement: str
    key_id: str
    signature: bytes
    logs: dict[str, list[LogPosition]]  # By edge; registered edges that have never spoken have none.
    records: Records  # To go on from with the next one.

    @property
    def stated(self) -> Statement:
        return Statement.model_validate_json(self.statement)


def prepare(connection: Connection, done: Records | None) -> Records:
    """Hash what was added since, outside the writer's turn: a checkpoint then has little left to do."""
    algorithm = algorithm_of(connection)
    return record_on(connection, done if done is not None else _last_recorded(connection, algorithm), algorithm)


def make_checkpoint(connection: Connection, key: CheckpointKey, now_ms: int, prepared: Records) -> Made:
    """State and sign what the book is now. Runs in the writer's turn, in its transaction."""
    sequencer = connection.execute(select(t.sequencer)).one()
    newest = connection.execute(
        select(t.checkpoint.c.made_at).order_by(t.checkpoint.c.made_at.desc()).limit(1)
    ).scalar()
    algorithm = HashAlgorithm(sequencer.hash_algorithm)
    records = record_on(connection, prepared, algorithm)
    statement = Statement(
        made_at=max(now_ms, (newest or 0) + 1),
        feed_epoch=_feed_epoch(connection),
        ledger_seq=sequencer.ledger_seq,
        head=sequencer.head.hex(),
        generation=sequencer.generation + 1,
        records={name: (one.count, one.head.hex()) for name, one in records.items()},
        standing=standing(connection, algorithm).hex(),
        hash_algorithm=algorithm,
    )
    text = statement.model_dump_json()
    signature = key.sign(STATEMENT_PREFIX, text)
    row = (statement.made_at, statement.ledger_seq, text, key.key_id, signature)
    connection.execute(insert(t.checkpoint).values(dict(zip(t.checkpoint.c.keys(), row, strict=True))))
    connection.execute(update(t.sequencer).values(generation=statement.generation))
    return Made(text, key.key_id, signature, _logs(connection), records)


def document_for(made: Made, edge_id: str, key: CheckpointKey) -> Checkpoint:
    """What this edge is given to keep. `key` may be newer than the one that signed the statement."""
    digest = hash_of(made.statement.encode(), made.stated.hash_algorithm).hex()
    position = Position(edge_id=edge_id, statement=digest, logs=tuple(made.logs.get(edge_id, ()))).model_dump_json()
    return Checkpoint(
        version=made.stated.made_at,
        key_id=made.key_id,
        statement=made.statement,
        statement_signature=made.signature.hex(),
        position=position,
        position_signature=key.sign(POSITION_PREFIX, position).hex(),
    )


def _last_recorded(connection: Connection, algorithm: HashAlgorithm) -> Records:
    """What the newest checkpoint says was hashed: the book need not be read from its beginning after each start."""
    text = connection.execute(
        select(t.checkpoint.c.statement).order_by(t.checkpoint.c.made_at.desc()).limit(1)
    ).scalar()
    if text is None:
        return nothing_recorded(algorithm)
    records = Statement.model_validate_json(text).records
    return {name: Recorded(count, bytes.fromhex(head)) for name, (count, head) in records.items()}


def _feed_epoch(connection: Connection) -> str:
    epoch = t.feed_epoch
    query = select(epoch.c.feed_epoch).order_by(epoch.c.ledger_seq.desc()).limit(1)
    return str(connection.execute(query).scalar_one())


def _logs(connection: Connection) -> dict[str, list[LogPosition]]:
    found: dict[str, list[LogPosition]] = {edge_id: [] for edge_id in _edges(connection)}
    columns = t.log.c["edge_id", "epoch", "stream", "accepted_through", "head"]
    for row in connection.execute(select(*columns).order_by(t.log.c.log_id)):
        position = LogPosition(
            epoch=row.epoch, stream=Stream(row.stream), accepted_through=row.accepted_through, head=row.head.hex()
        )
        found.setdefault(row.edge_id, []).append(position)
    return found


def _edges(connection: Connection) -> Iterable[str]:
    return connection.execute(select(t.edge.c.edge_id)).scalars()
