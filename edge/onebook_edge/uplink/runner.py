"""Drives the uplink machine: its inputs come from the outbox, the broker and the clock, its outputs go there."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from onebook_edge.clock import Clock
from onebook_edge.logs import get_logger
from onebook_edge.machine import Woken
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.uplink.machine import (
    AckReceived,
    Appended,
    Connected,
    Disconnected,
    Halted,
    HaltReason,
    Load,
    Loaded,
    MarkDelivered,
    Publish,
    Reconnect,
    UplinkInput,
    UplinkMachine,
    UplinkOutput,
    UplinkSettings,
)
from onebook_schemas import topics
from onebook_schemas.encoding import UndecodableError, decode, encode, encode_upload
from onebook_schemas.mqtt_link import Inbound, LastWill, LostError, MqttLink, RefusedByBrokerError
from onebook_schemas.uplink import Ack, EdgeState, Live, LiveReading, Stream, Upload

log = get_logger()

TURN_S = 10.0
LOAD_BYTES_MAX = 512 * 1024  # Plain bytes of events in one upload.


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    host: str
    port: int
    tls: ssl.SSLContext | None = None


class UplinkRunner:
    """`await run()` for ever. Knows nothing of events: only of streams, sequences and bytes."""

    def __init__(
        self,
        edge_id: str,
        outbox: Outbox,
        clock: Clock,
        broker: BrokerAddress,
        software_version: str,
        settings: UplinkSettings | None = None,
        turn: Callable[[], None] = lambda: None,  # Called at least every `TURN_S`: the proof that it lives.
        documents_held: Mapping[str, int] | None = None,
    ) -> None:
        self._edge_id, self._outbox, self._clock = edge_id, outbox, clock
        self._software_version = software_version
        self._turn = turn
        self._settings = settings or UplinkSettings()
        self._inbox: asyncio.Queue[UplinkInput] = asyncio.Queue()
        self._publishing: set[asyncio.Task[None]] = set()
        self._listeners: dict[str, Callable[[bytes], None]] = {}
        self.documents_held = dict(documents_held or {})
        self.on_connected: Callable[[], None] = lambda: None
        self.on_ack: Callable[[], None] = lambda: None  # The collector answered: this edge is in touch.
        self._encoded: dict[Stream, tuple[Upload, bytes]] = {}  # The same bytes when sent again.
        self._machine = self._build_machine()
        self.link = MqttLink(
            broker.host,
            broker.port,
            edge_id,
            tls=broker.tls,
            subscriptions=[(topics.down_filter(edge_id), 1), (topics.REFERENCE_FILTER, 1)],
            will=LastWill(topics.state(edge_id), encode(self._state(online=False))),
            on_connected=lambda: self._inbox.put_nowait(Connected()),
            on_disconnected=self._hear_disconnected,
            on_message=self._hear_message,
            on_problem=lambda reason: log.warning("broker_unreachable", reason=reason),
        )
        outbox.on_appended = lambda stream, through: self._inbox.put_nowait(Appended(stream, through))
        outbox.protected_through = lambda stream: self._machine.protected_through(stream)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run())
            tasks.create_task(self._drive())

    async def _drive(self) -> None:
        while True:
            self._turn()
            message = await self._next_input()
            await self._carry_out(self._machine.handle(message, self._clock.now()))
            if isinstance(message, Connected):
                self._publish_state()
                self.on_connected()

    def listen(self, name: str, hear: Callable[[bytes], None]) -> None:
        """Hand what comes by `down/<name>` or `reference/<name>` (a retained document, a part of one, a command) to `hear`.
        Call before `run`."""
        self._listeners[name] = hear

    def hold_document(self, name: str, version: int) -> None:
        """Say in the state of this edge which version of a document it holds."""
        self.documents_held[name] = version
        if self.link.connected.is_set():
            self._publish_state()

    def reply(self, body: bytes) -> None:
        """Say something to the collector by the topic `up/reply`. Lost when there is no line."""
        self._publish_soon(topics.reply(self._edge_id), body)

    async def publish_live(self, readings: Sequence[LiveReading]) -> None:
        """Say what is now, past any backlog. Lost when there is no line: it is never history."""
        live = Live(
            edge_id=self._edge_id,
            wall_ms=self._clock.now().wall_ms,
            clock_synchronised=self._clock.synchronised(),
            readings=tuple(readings),
            journal_waiting=self._outbox[Stream.JOURNAL].usage.waiting,
            telemetry_waiting=self._outbox[Stream.TELEMETRY].usage.waiting,
        )
        if self.link.connected.is_set():
            await self._publish(topics.live(self._edge_id), encode(live), qos=0)

    async def _next_input(self) -> UplinkInput:
        due = self._machine.wakeup_at()
        wait_s = TURN_S if due is None else min(max(due - self._clock.now().monotonic_ms, 0) / 1000, TURN_S)
        try:
            async with asyncio.timeout(wait_s):  # Not wait_for: until Python 3.12 that may swallow a cancellation.
                return await self._inbox.get()
        except TimeoutError:
            return Woken()

    async def _carry_out(self, outputs: Sequence[UplinkOutput]) -> None:
        for output in outputs:
            match output:
                case Load():
                    await self._load(output)
                case Publish(upload):
                    self._publish_soon(topics.upload(self._edge_id, upload.header.stream), self._bytes_of(upload))
                case MarkDelivered(stream, through, rewound):
                    await self._outbox.mark_delivered(stream, through)
                    if rewound:
                        log.warning("collector_stepped_back", stream=stream, accepted_through=through)
                case Halted():
                    await self._answer_halt(output)
                case Reconnect():
                    self.link.reconnect("no answer from the collector")

    async def _load(self, load: Load) -> None:
        store = self._outbox[load.stream]
        events = (
            await self._outbox.load(load.stream, load.after, load.events_max, LOAD_BYTES_MAX) if load.events_max else ()
        )
        chain_before = await store.chain_hash(load.after) if load.stream is Stream.JOURNAL else None
        loaded = Loaded(load.stream, load.after, events, chain_before, self._outbox.boot_anchors, store.algorithm)
        await self._carry_out(self._machine.handle(loaded, self._clock.now()))

    async def _answer_halt(self, halted: Halted) -> None:
        log.error("uplink_halted", stream=halted.stream, reason=halted.reason, accepted_through=halted.accepted_through)
        if halted.reason is HaltReason.OUTBOX_IS_OLD_COPY:
            await self._outbox.renew_epoch(halted.stream)
            self._machine = self._build_machine()
            if self.link.connected.is_set():
                self._inbox.put_nowait(Connected())

    def _build_machine(self) -> UplinkMachine:
        positions = {
            stream: (store.epoch, store.position.last_sequence, store.position.delivered_through)
            for stream in Stream
            for store in (self._outbox[stream],)
        }
        return UplinkMachine(self._edge_id, positions, self._settings)

    def _bytes_of(self, upload: Upload) -> bytes:
        stream = upload.header.stream
        if stream not in self._encoded or self._encoded[stream][0] is not upload:
            self._encoded[stream] = (upload, encode_upload(upload))
        return self._encoded[stream][1]

    def _publish_soon(self, topic: str, body: bytes, *, retain: bool = False) -> None:
        """Publish without waiting for the broker's receipt: it proves nothing, and the machine sends again."""
        task = asyncio.create_task(self._publish(topic, body, retain=retain))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def _publish(self, topic: str, body: bytes, *, qos: int = 1, retain: bool = False) -> None:
        try:
            await self.link.publish(topic, body, qos=qos, retain=retain)
        except LostError as error:
            log.debug("publish_lost", topic=topic, reason=str(error))
        except RefusedByBrokerError as error:
            log.error("publish_refused", topic=topic, reason=str(error), what_to_do="check the broker's access list")

    def _state(self, *, online: bool) -> EdgeState:
        return EdgeState(
            edge_id=self._edge_id,
            online=online,
            software_version=self._software_version,
            epochs={stream: self._outbox[stream].epoch for stream in Stream},
            clock_synchronised=self._clock.synchronised(),
            documents_held=dict(self.documents_held),
        )

    def _publish_state(self) -> None:
        self._publish_soon(topics.state(self._edge_id), encode(self._state(online=True)), retain=True)

    def _hear_disconnected(self, reason: str) -> None:
        log.info("broker_lost", reason=reason)
        self._inbox.put_nowait(Disconnected())

    def _hear_message(self, message: Inbound) -> None:
        self.link.acknowledge(message)  # Acks, documents and commands come again until they are answered.
        name = topics.heard_by_edge(message.topic)
        if name == "ack":
            self._hear_ack(message.body)
        elif name in self._listeners:
            self._listeners[name](message.body)
        else:
            log.debug("message_unused", topic=message.topic)

    def _hear_ack(self, body: bytes) -> None:
        try:
            ack = decode(Ack, body)
        except UndecodableError as error:
            log.warning("ack_unreadable", reason=str(error))
            return
        self._inbox.put_nowait(AckReceived(ack))
        self.on_ack()
