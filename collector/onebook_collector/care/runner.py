"""Sends what the centre wants of its edges, and writes down what they say.

What is wanted is read from the database, so that the API, the command line and another collector are all heard alike. The
broker's receipt proves nothing: configurations are retained and published anew on each connection, commands until answered.
"""

from __future__ import annotations

import asyncio

import structlog

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.care import desk
from onebook_collector.clock import Clock
from onebook_schemas import topics
from onebook_schemas.encoding import encode
from onebook_schemas.mqtt_link import LostError, MqttLink, RefusedByBrokerError
from onebook_schemas.remote_care import CONFIGURATION, Reply

log = structlog.get_logger()

LOOK_S = 1.0
SEND_AGAIN_MS = 30_000
REPLIES_WAITING_MAX = 10_000


class CareRunner:
    """`await run()` for ever. `hear` takes the replies of the edges."""

    def __init__(self, administration: AdministrationStore, link: MqttLink, clock: Clock) -> None:
        self._administration, self._link, self._clock = administration, link, clock
        self._replies: asyncio.Queue[tuple[Reply, int]] = asyncio.Queue(REPLIES_WAITING_MAX)
        self._published_through = 0
        self._sent_ms: dict[str, int] = {}  # Command -> when it was sent last on this connection.
        self.replies_dropped = 0

    def hear(self, reply: Reply, received_ms: int) -> None:
        try:
            self._replies.put_nowait((reply, received_ms))
        except asyncio.QueueFull:
            self.replies_dropped += (
                1  # It is said again: by the edge when it connects, or when the command comes again.
            )

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_replies())
            tasks.create_task(self._send())

    async def _write_replies(self) -> None:
        while True:
            reply, received_ms = await self._replies.get()
            await self._administration.write(lambda db, r=reply, at=received_ms: desk.take_reply(db, r, at))  # type: ignore[misc]

    async def _send(self) -> None:
        connection = 0
        while True:
            await self._link.connected.wait()
            if self._link.connection != connection:  # The broker may have lost what it kept.
                connection = self._link.connection
                self._published_through = 0
                self._sent_ms.clear()
            try:
                await self._send_configurations()
                await self._send_commands()
            except LostError as error:
                log.debug("care_not_sent", reason=str(error))
            except RefusedByBrokerError as error:
                log.error("care_refused", reason=str(error), what_to_do="check the broker's access list")
            await asyncio.sleep(LOOK_S)

    async def _send_configurations(self) -> None:
        after = self._published_through
        through, documents = await self._administration.read(lambda db: desk.newest_wanted(db, after=after))
        for document in documents:
            topic = topics.document(document.edge_id, CONFIGURATION)
            await self._link.publish(topic, encode(document), retain=True)
        self._published_through = through

    async def _send_commands(self) -> None:
        now_ms = self._clock.now_ms()
        waiting = await self._administration.read(lambda db: desk.unanswered(db, now_ms))
        self._sent_ms = {one.command_id: self._sent_ms.get(one.command_id, 0) for one in waiting}
        for command in waiting:
            if now_ms - self._sent_ms[command.command_id] >= SEND_AGAIN_MS:
                await self._link.publish(topics.command(command.edge_id), encode(command))
                self._sent_ms[command.command_id] = now_ms
