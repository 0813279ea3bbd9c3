"""Writes down who was heard when: the record behind e2, and since when each edge has nothing that waits, behind e6.

Once a minute it looks at the live board. Heartbeats that follow one another closely make one span, so the record grows with
interruptions and not with time. The centre keeps a span of its own, under no name: what it did not hear because it was not
listening is nobody's silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import NamedTuple

import structlog
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import OperationalError

from onebook_collector.administration import coverage_tables as t
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.clock import Clock
from onebook_collector.coverage.days import DAY_MS
from onebook_collector.coverage.spans import Span
from onebook_collector.live_board import LiveBoard
from onebook_schemas.uplink import Stream

log = structlog.get_logger()

LOOK_S = 60.0
CENTRE = ""
KEPT_DAYS = 400


class Passed(NamedTuple):
    """When an edge last said that nothing of a stream waits."""

    edge_id: str
    stream: str
    at_ms: int


def prolonged(last: Span | None, heard_ms: int, heartbeat_ms: int) -> Span:
    """The newest span, after a heartbeat: the same one goes on, or another begins."""
    if last is None or heard_ms - last[1] > heartbeat_ms:
        return heard_ms, heard_ms
    return last[0], max(last[1], heard_ms)


class Attendance:
    """`await run()` for ever."""

    def __init__(
        self,
        administration: AdministrationStore,
        board: LiveBoard,
        is_listening: Callable[[], bool],
        clock: Clock,
        heartbeat_ms: int,
    ) -> None:
        self._administration, self._board, self._clock = administration, board, clock
        self._is_listening, self._heartbeat_ms = is_listening, heartbeat_ms
        self._newest: dict[str, Span] = {}

    async def run(self) -> None:
        await self.take_up()
        while True:
            try:
                await self.look()
            except OperationalError as error:
                log.warning(
                    "attendance_not_kept", reason=str(error)
                )  # What is in memory is written with the next look.
            await asyncio.sleep(LOOK_S)

    async def take_up(self) -> None:
        self._newest = await self._administration.read(newest_spans)

    async def look(self) -> None:
        """One look at the board."""
        now_ms = self._clock.now_ms()
        heard = {one.edge_id: one.last_seen_ms for one in self._board.all() if one.last_seen_ms is not None}
        if self._is_listening():
            heard[CENTRE] = now_ms
        for edge_id, heard_ms in heard.items():
            self._newest[edge_id] = prolonged(self._newest.get(edge_id), heard_ms, self._heartbeat_ms)
        passed = list(self._passed_now())
        await self._administration.write(lambda db: _keep(db, self._newest, passed, now_ms))

    def _passed_now(self) -> Iterator[Passed]:
        for one in self._board.all():
            waiting = {Stream.JOURNAL: one.journal_waiting, Stream.TELEMETRY: one.telemetry_waiting}
            for stream, count in waiting.items():
                if count == 0 and one.last_seen_ms is not None:
                    yield Passed(one.edge_id, stream.value, one.last_seen_ms)


def newest_spans(connection: Connection) -> dict[str, Span]:
    """Of the centre and of every edge the span that may go on."""
    s = t.heard_span.c
    query = select(s.edge_id, func.max(s.from_ms).label("from_ms"), s.until_ms).group_by(s.edge_id)
    return {row.edge_id: (row.from_ms, row.until_ms) for row in connection.execute(query)}


def spans_in(connection: Connection, from_ms: int, until_ms: int) -> dict[str, list[Span]]:
    """Edge -> spans that overlap [from, until), in order of time."""
    s = t.heard_span.c
    query = select(s.edge_id, s.from_ms, s.until_ms).where(s.until_ms >= from_ms, s.from_ms < until_ms)
    found: dict[str, list[Span]] = {}
    for row in connection.execute(query.order_by(s.edge_id, s.from_ms)):
        found.setdefault(row.edge_id, []).append((row.from_ms, row.until_ms))
    return found


def passed_at(connection: Connection) -> dict[tuple[str, str], int]:
    """(edge, stream) -> when nothing of it waited last."""
    return {(row.edge_id, row.stream): row.at_ms for row in connection.execute(select(t.edge_passed))}


def recorded_from(connection: Connection) -> int | None:
    """Since when heartbeats are kept."""
    first: int | None = connection.scalar(
        select(func.min(t.heard_span.c.from_ms)).where(t.heard_span.c.edge_id == CENTRE)
    )
    return first


def _keep(connection: Connection, newest: dict[str, Span], passed: list[Passed], now_ms: int) -> None:
    if newest:
        statement = upsert(t.heard_span)
        longer = {"until_ms": statement.excluded.until_ms}
        rows = [{"edge_id": edge_id, "from_ms": span[0], "until_ms": span[1]} for edge_id, span in newest.items()]
        connection.execute(statement.on_conflict_do_update(index_elements=["edge_id", "from_ms"], set_=longer), rows)
    if passed:
        word = upsert(t.edge_passed)
        connection.execute(
            word.on_conflict_do_update(index_elements=["edge_id", "stream"], set_={"at_ms": word.excluded.at_ms}),
            [one._asdict() for one in passed],
        )
    connection.execute(delete(t.heard_span).where(t.heard_span.c.until_ms < now_ms - KEPT_DAYS * DAY_MS))
