"""Makes a checkpoint when enough was written, and gives it to every edge to keep, retained at the broker.

It is published again with each connection: the broker may have lost what it kept. A centre that starts makes one first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from onebook_collector.clock import Clock
from onebook_collector.ledger import tables as t
from onebook_collector.ledger.checkpoints import Made, document_for, make_checkpoint, prepare
from onebook_collector.ledger.signing import CheckpointKey
from onebook_schemas import topics
from onebook_schemas.checkpoint import Statement
from onebook_schemas.encoding import encode
from onebook_schemas.mqtt_link import LostError, MqttLink, RefusedByBrokerError

log = structlog.get_logger()

LOOK_EVERY_S = 5.0
T = TypeVar("T")


class MaintainedLedger(Protocol):
    async def read(self, query: Callable[[Connection], T]) -> T: ...

    async def maintain(self, work: Callable[[Connection], T]) -> T: ...


class Witnessing:
    """`await run()` for ever."""

    def __init__(
        self,
        ledger: MaintainedLedger,
        link: MqttLink,
        key: CheckpointKey,
        clock: Clock,
        movements: int,
        minutes: int,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._ledger, self._link, self._key, self._clock = ledger, link, key, clock
        self._movements, self._every_ms, self._look_every_s = movements, minutes * 60_000, look_every_s
        self._made: Made | None = None
        self._published: tuple[Made, int] | None = None  # What all edges were given, and on which connection.

    async def run(self) -> None:
        while True:
            try:
                made = await self.make_if_due()
                if made is not None:
                    log.info("checkpoint_made", ledger_seq=made.stated.ledger_seq, edges=len(made.logs))
            except OperationalError as error:
                log.error("checkpoint_failed", reason=str(error))  # Tried again in a moment.
            if self._made is not None and self._link.connected.is_set():
                await self._publish(self._made, self._link.connection)
            await asyncio.sleep(self._look_every_s)

    async def make_if_due(self) -> Made | None:
        """A checkpoint, if so much was written, or so long ago, since the last one; and the first since the start."""
        last, ledger_seq, generation = await self._ledger.read(_where_it_stands)
        now_ms = self._clock.now_ms()
        if last is not None and self._made is not None:
            is_old = now_ms - last.made_at >= self._every_ms and generation != last.generation
            if not is_old and ledger_seq - last.ledger_seq < self._movements:
                return None
        known = self._made.records if self._made is not None else None
        records = await self._ledger.read(lambda connection: prepare(connection, known))
        made = await self._ledger.maintain(lambda connection: make_checkpoint(connection, self._key, now_ms, records))
        self._made = made
        return made

    async def _publish(self, made: Made, connection: int) -> None:
        """To one edge after the other, unless they have it from this connection. When the line breaks: all anew on the next."""
        if self._published is not None and self._published[0] is made and self._published[1] == connection:
            return
        for edge_id in made.logs:
            document = await asyncio.to_thread(document_for, made, edge_id, self._key)
            try:
                await self._link.publish(topics.document(edge_id, "checkpoint"), encode(document), retain=True)
            except LostError as error:
                log.warning("checkpoint_not_published", edge_id=edge_id, reason=str(error))
                return
            except RefusedByBrokerError as error:
                log.error("checkpoint_refused", edge_id=edge_id, reason=str(error), what_to_do="check the access list")
        self._published = made, connection


def _where_it_stands(connection: Connection) -> tuple[Statement | None, int, int]:
    query = select(t.checkpoint.c.statement).order_by(t.checkpoint.c.made_at.desc()).limit(1)
    text = connection.execute(query).scalar()
    row = connection.execute(select(t.sequencer)).one()
    return (None if text is None else Statement.model_validate_json(text)), row.ledger_seq, row.generation
