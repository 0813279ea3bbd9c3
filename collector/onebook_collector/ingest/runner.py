"""Takes uploads from the broker, books them in groups, and answers after the commit.

The order of steps is the promise: the points of telemetry are written (idempotently) before the cursor that says so; the
ledger's transaction commits; then the acks leave; then the broker is told that the messages are done with. A crash between
any two of these repeats work and changes nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import structlog
from sqlalchemy.exc import OperationalError

from onebook_collector.clock import Clock
from onebook_collector.errors import RetryableError
from onebook_collector.ingest.book_uploads import (
    Booked,
    ReceivedUpload,
    UnbookableEventError,
    book_journal_upload,
    book_telemetry_cursor,
)
from onebook_collector.ingest.decide import Outcome, Pace, TelemetryDecision, decide_telemetry
from onebook_collector.ingest.observer import IngestObserver
from onebook_collector.ledger.book import Book
from onebook_collector.ledger.store import LedgerStore
from onebook_collector.metrics.sample import EventSamples, points_of
from onebook_collector.metrics.store import MetricsStore
from onebook_schemas import topics
from onebook_schemas.encoding import UndecodableError, decode, decode_upload, encode
from onebook_schemas.mqtt_link import Inbound, LostError, MqttLink, RefusedByBrokerError
from onebook_schemas.remote_care import ReplyMessage
from onebook_schemas.uplink import EdgeState, Live, Stream

log = structlog.get_logger()

GROUP_MESSAGES_MAX = 64
GROUP_EVENTS_MAX = 2_000  # No further upload beyond: whoever refills us shall be answered before its timer runs out.
RETRY_S_MIN, RETRY_S_MAX = 0.2, 10.0
PACE_FROM_MESSAGES = 200  # Waiting messages beyond which the fleet is asked to go slower.
REJECTIONS_KEPT = 100


@dataclass(frozen=True, slots=True)
class Rejection:
    """A message that was no message: nothing to book, nothing to answer. Kept for whoever looks."""

    at_ms: int
    topic: str
    reason: str
    size: int


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message, and the upload in it; None: it is none, and was dealt with."""

    message: Inbound
    upload: ReceivedUpload | None

    @property
    def events(self) -> int:
        return len(self.upload.upload.lines) if self.upload else 0


@dataclass(slots=True)
class IngestCounters:
    """What has passed since the start, for /metrics."""

    messages: Counter[str] = field(default_factory=Counter)  # by kind
    outcomes: Counter[str] = field(default_factory=Counter)  # by outcome
    events: Counter[str] = field(default_factory=Counter)  # by stream
    rejected: Counter[str] = field(default_factory=Counter)  # by reason
    rejections: deque[Rejection] = field(default_factory=lambda: deque(maxlen=REJECTIONS_KEPT))
    groups: int = 0
    failures: int = 0


class IngestRunner:
    """`await run()` for ever."""

    def __init__(
        self,
        link_address: tuple[str, int],
        client_id: str,
        ledger: LedgerStore,
        metrics: MetricsStore,
        observer: IngestObserver,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.counters = IngestCounters()
        self._ledger, self._metrics, self._observer, self._clock = ledger, metrics, observer, clock
        self._inbox: asyncio.Queue[Inbound] = asyncio.Queue()
        self.link = MqttLink(
            *link_address,
            client_id,
            subscriptions=[(f"$share/collectors/{topics.UPLOADS_FILTER}", 1), (topics.STATES_FILTER, 1)],
            tls=tls,
            on_message=self._inbox.put_nowait,
            on_problem=lambda reason: log.warning("broker_unreachable", reason=reason),
        )

    @property
    def waiting(self) -> int:
        """Messages received and not yet booked."""
        return self._inbox.qsize()

    async def run(self) -> None:
        connection = asyncio.create_task(self.link.run())
        try:
            while True:
                await self._take_group(await self._next_group())
        finally:
            connection.cancel()

    async def _next_group(self) -> list[_Taken]:
        group = [self._take(await self._inbox.get())]
        events = group[0].events
        while len(group) < GROUP_MESSAGES_MAX and events < GROUP_EVENTS_MAX and not self._inbox.empty():
            group.append(self._take(self._inbox.get_nowait()))
            events += group[-1].events
        return group

    async def _take_group(self, group: Sequence[_Taken]) -> None:
        uploads = [one.upload for one in group if one.upload is not None]
        if uploads:
            await self._answer(await self._book(uploads))
        for one in group:
            self.link.acknowledge(one.message)

    def _take(self, message: Inbound) -> _Taken:
        return _Taken(message, self._read(message))

    # Reading ----------------------------------------------------------------------------------------------------

    def _read(self, message: Inbound) -> ReceivedUpload | None:
        """The upload in a message; what is none is handed to whoever watches, or rejected and counted."""
        now_ms = self._clock.now_ms()
        parsed = topics.parse_from_edge(message.topic)
        try:
            if parsed is None:
                raise UndecodableError("a topic that no edge may write to")
            edge_id, kind = parsed
            self.counters.messages[kind] += 1
            match kind:
                case "live":
                    self._observer.see_live(_same_edge(decode(Live, message.body), edge_id), now_ms)
                case "state":
                    state = _same_edge(decode(EdgeState, message.body), edge_id)
                    self._observer.see_state(state, now_ms, retained=message.retained)
                case "reply":
                    reply = decode(ReplyMessage, message.body).reply
                    self._observer.see_reply(_same_edge(reply, edge_id), now_ms)
                case Stream.JOURNAL | Stream.TELEMETRY:
                    upload = decode_upload(message.body)
                    _same_edge(upload.header, edge_id)
                    if upload.header.stream != kind:
                        raise UndecodableError("the topic names one stream, the body another")
                    return ReceivedUpload(upload, message.body, now_ms)
                case _:
                    raise UndecodableError(f"nothing is known of {kind!r}")
        except UndecodableError as error:
            self._reject(message, str(error), now_ms)
        return None

    def _reject(self, message: Inbound, reason: str, now_ms: int) -> None:
        """Nothing is lost by this: an edge whose upload is not answered keeps it and sends it again."""
        self.counters.rejected[reason.split(":")[0][:60]] += 1
        self.counters.rejections.append(Rejection(now_ms, message.topic, reason, len(message.body)))
        log.warning("message_rejected", topic=message.topic, reason=reason, bytes=len(message.body))

    # Booking ----------------------------------------------------------------------------------------------------

    async def _book(self, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
        """Book until it is booked: a database that is locked or full is waited for, and nothing is answered meanwhile."""
        delay_s = RETRY_S_MIN
        while True:
            try:
                return await self._book_group(uploads)
            except (OperationalError, RetryableError, OSError) as error:
                self.counters.failures += 1
                log.error("booking_failed", reason=str(error), retry_after_s=delay_s, uploads=len(uploads))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_S_MAX)
            except (
                Exception
            ):  # Our bug, met on one event: what is behind it must not wait. (style.md: one of three places)
                log.exception("booking_raised", uploads=len(uploads))
                self.counters.failures += 1
                return await self._book_one_by_one(uploads)

    async def _book_group(
        self,
        uploads: Sequence[ReceivedUpload],
        unbookable: frozenset[int] = frozenset(),
        *,
        one_by_one: bool = False,
    ) -> list[Booked]:
        telemetry = await self._write_points([one for one in uploads if one.key.stream is Stream.TELEMETRY])
        pace = pace_for(self.waiting)

        def work(book: Book) -> list[Booked]:
            return [
                book_telemetry_cursor(book, one, telemetry[id(one)], pace)
                if id(one) in telemetry
                else book_journal_upload(book, one, pace, unbookable, one_by_one=one_by_one)
                for one in uploads
            ]

        booked = await self._ledger.write(work)
        self.counters.groups += 1
        return booked

    async def _book_one_by_one(self, uploads: Sequence[ReceivedUpload]) -> list[Booked]:
        """Find the events that booking fails on, and put those into quarantine."""
        booked: list[Booked] = []
        for one in uploads:
            unbookable: frozenset[int] = frozenset()
            while True:
                try:
                    booked.extend(await self._book_group([one], unbookable, one_by_one=True))
                    break
                except UnbookableEventError as error:
                    log.exception("event_set_aside", edge_id=one.key.edge_id, sequence=error.sequence)
                    unbookable |= {error.sequence}
        return booked

    async def _write_points(self, uploads: Sequence[ReceivedUpload]) -> dict[int, TelemetryDecision]:
        """Decide on telemetry and write its points, before the cursor moves. Uploads of one log are taken in turn."""
        if not uploads:
            return {}
        cursors = await self._ledger.cursors([one.key for one in uploads])
        decisions: dict[int, TelemetryDecision] = {}
        samples: list[EventSamples] = []
        for one in uploads:
            decision = decide_telemetry(cursors[one.key], one.upload)
            decisions[id(one)] = decision
            anchors = one.upload.header.boot_anchors
            for event in decision.fresh:
                samples.append(points_of(one.key.edge_id, one.key.epoch, event, anchors, one.received_ms))
                self._observer.see_telemetry(event, samples[-1], one.received_ms)
            if decision.outcome is Outcome.FRESH:
                cursors[one.key] = replace(cursors[one.key], accepted_through=decision.accepted_through)
        if samples:
            await self._metrics.write(samples)
        return decisions

    # Answering --------------------------------------------------------------------------------------------------

    async def _answer(self, booked: Sequence[Booked]) -> None:
        for one in booked:
            header = one.received.upload.header
            self.counters.outcomes[one.outcome] += 1
            if one.outcome is Outcome.FRESH:
                self.counters.events[header.stream] += len(one.received.upload.lines)
            if one.outcome in (Outcome.FORK, Outcome.DAMAGED):
                which = {"edge_id": header.edge_id, "stream": header.stream, "epoch": header.epoch}
                log.error("upload_not_answered", **which, outcome=one.outcome, reason=one.fork_reason)
            self._observer.see_booked(one)
        await asyncio.gather(*(self._publish_ack(one) for one in booked if one.ack is not None))

    async def _publish_ack(self, booked: Booked) -> None:
        assert booked.ack is not None
        try:
            await self.link.publish(topics.ack(booked.received.key.edge_id), encode(booked.ack))
        except LostError as error:
            log.debug("ack_lost", edge_id=booked.received.key.edge_id, reason=str(error))  # It will be asked for again.
        except RefusedByBrokerError as error:
            log.error("ack_refused", edge_id=booked.received.key.edge_id, reason=str(error))


def pace_for(waiting_messages: int) -> Pace:
    """What to ask of the fleet: nothing while we keep up, a pause that grows with the queue when we do not."""
    if waiting_messages < PACE_FROM_MESSAGES:
        return Pace()
    return Pace(pace_ms=min(waiting_messages * 2, 60_000))


class _OfAnEdge(Protocol):
    @property
    def edge_id(self) -> str: ...


_OfAnEdgeT = TypeVar("_OfAnEdgeT", bound=_OfAnEdge)


def _same_edge(message: _OfAnEdgeT, edge_id: str) -> _OfAnEdgeT:
    """The broker lets an edge write below its own name only; the body must say the same name."""
    if message.edge_id != edge_id:
        raise UndecodableError(f"the topic belongs to {edge_id!r}, the body to another edge")
    return message
