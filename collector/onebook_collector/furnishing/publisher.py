"""Gives every warehouse the documents that it works by, retained at the broker, and says anew what has changed.

Once a second it looks whether anything changed: what people wrote at the desk, the register of sites and edges, the book. What
is due is made anew, and published if its content is another one; all of it with each connection, for the broker may have lost
what it kept. Stock is the large one, and a box knows what it booked itself: it is given to boxes that are online, at most once in
`EVERY_MS`, and this program rests three times as long as it took.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import Clock
from onebook_collector.furnishing import book, desk, versions
from onebook_collector.furnishing.changes import Due, Known, changes
from onebook_collector.furnishing.compose import ROWS_MAX, digest_of
from onebook_collector.furnishing.maker import Maker, ReadableLedger
from onebook_collector.furnishing.versions import PROVINCE, GivenDocument
from onebook_collector.live_board import LiveBoard
from onebook_schemas import topics
from onebook_schemas.encoding import encode, explain
from onebook_schemas.mqtt_link import LostError, MqttLink, RefusedByBrokerError
from onebook_schemas.reference import CATALOGUE, STOCK, ReferenceDocument, parts_of

log = structlog.get_logger()

LOOK_S = 1.0
EVERY_MS = {STOCK: 5_000, CATALOGUE: 30_000}
"""No sooner after the last time."""
REST = 3.0
BELIEVED_AHEAD_MS = 366 * 86_400_000
"""A version that a box says it holds is outdone, but not one from so far in the future: its state is damaged, or it lies."""


class Publisher:
    """`await run()` for ever."""

    def __init__(
        self,
        ledger: ReadableLedger,
        administration: AdministrationStore,
        link: MqttLink,
        board: LiveBoard,
        clock: Clock,
        look_s: float = LOOK_S,
    ) -> None:
        self._ledger, self._administration, self._link = ledger, administration, link
        self._board, self._clock, self._look_s = board, clock, look_s
        self._maker = Maker(ledger, administration, clock)
        self._connection = 0
        self._known: Known | None = None
        self._due: dict[Due, int] = {}  # When it may be made, Unix ms.
        self._made_ms: dict[Due, int] = {}
        self._said: dict[tuple[str, str], GivenDocument] = {}  # By edge and name, on this connection.

    async def run(self) -> None:
        while True:
            await self._link.connected.wait()
            try:
                await self.turn()
            except LostError as error:
                log.debug("documents_not_given", reason=str(error))
            except RefusedByBrokerError as error:
                log.error("documents_refused", reason=str(error), what_to_do="check the broker's access list")
            except OperationalError as error:
                log.error("documents_not_made", reason=str(error))  # Tried again in a moment.
            await asyncio.sleep(self._look_s)

    async def turn(self) -> None:
        """Look once, and give what is due. What could not be given stays due. Raises LostError, RefusedByBrokerError."""
        if self._link.connection != self._connection:
            self._connection, self._known = self._link.connection, None
            self._said.clear()
            self._made_ms.clear()
        known = await self._look()
        for due, at_ms in sorted(self._due.items(), key=lambda one: one[1]):
            if at_ms <= self._clock.now_ms():
                await self._give(due, known)

    async def _look(self) -> Known:
        before = self._known
        after_seq = before.book.ledger_seq if before is not None else None
        seen = await self._ledger.read(lambda db: book.look(db, after_seq))
        generations = await self._administration.read(desk.generations)
        online = frozenset(edge_id for edge_id in seen.edges if self._board.presence(edge_id).online)
        known = self._known = Known(seen, generations, online)
        for due in (*changes(before, known), *self._outdone(known)):
            soonest_ms = self._made_ms.get(due, 0) + EVERY_MS.get(due.name, 0)
            self._due.setdefault(due, max(self._clock.now_ms(), soonest_ms))
        return known

    def _outdone(self, known: Known) -> list[Due]:
        """A box holds a later version than we gave: this centre was restored from a backup."""
        return [
            Due(PROVINCE if name == CATALOGUE else known.book.edges[edge_id], name)
            for (edge_id, name), said in self._said.items()
            if self._held(edge_id, name, known) > said.version
        ]

    def _held(self, edge_id: str, name: str, known: Known) -> int:
        """The latest version that this box, or any for what is given to all, says it holds."""
        edges = known.book.edges if edge_id == PROVINCE else (edge_id,)
        held = (self._board.presence(one).documents_held.get(name, 0) for one in edges)
        latest = self._clock.now_ms() + BELIEVED_AHEAD_MS
        return max((version for version in held if version <= latest), default=0)

    async def _give(self, due: Due, known: Known) -> None:
        began = asyncio.get_running_loop().time()
        edges = [edge_id for edge_id, site_id in known.book.edges.items() if site_id == due.site_id]
        if due.name == STOCK:
            edges = [edge_id for edge_id in edges if edge_id in known.online]
        try:
            made = await self._maker.make(due, known.book, edges)
        except ValidationError as error:  # One site's rows must not keep the others waiting.
            log.error("document_not_made", site_id=due.site_id, document=due.name, reason=explain(error))
            made = {}
        for edge_id, document in made.items():
            await self._publish(edge_id, document, known)
        self._made_ms[due] = self._clock.now_ms()
        del self._due[due]
        if due.name == STOCK:
            await asyncio.sleep(REST * (asyncio.get_running_loop().time() - began))

    async def _publish(self, edge_id: str, document: ReferenceDocument, known: Known) -> None:
        name, held = document.NAME, self._held(edge_id, document.NAME, known)
        digest = await asyncio.to_thread(digest_of, document)
        said = self._said.get((edge_id, name))
        if said is not None and said.digest == digest and said.version >= held:
            return
        parts = parts_of(document, ROWS_MAX)
        now_ms = self._clock.now_ms()
        given = await self._administration.write(
            lambda db: versions.give_document(db, edge_id, name, digest, len(parts), now_ms=now_ms, held=held)
        )
        bodies: Sequence[bytes] = await asyncio.to_thread(_bodies, parts, given.version)
        bodies = [*bodies, *[b""] * (given.parts_before - len(parts))]  # Topics of parts that are needed no more.
        for part, body in enumerate(bodies, 1):
            await self._link.publish(_topic(edge_id, name, part), body, retain=True)
        self._said[edge_id, name] = given
        log.debug("document_given", edge_id=edge_id, document=name, version=given.version, parts=len(parts))


def _bodies(parts: Sequence[ReferenceDocument], version: int) -> list[bytes]:
    return [encode(part.model_copy(update={"version": version})) for part in parts]


def _topic(edge_id: str, name: str, part: int) -> str:
    return topics.reference(name, part) if edge_id == PROVINCE else topics.document(edge_id, name, part)
