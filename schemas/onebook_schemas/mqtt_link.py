"""One MQTT 5 connection on the event loop, as every program of onebook uses it.

The broker is not part of the promise: its receipt (PUBACK) is back-pressure, never proof. What this link adds to paho is what
the promise needs of any connection: messages are acknowledged by hand, after the commit; an acknowledgement for an earlier
connection is dropped, because message ids start anew; whatever was being published when the line broke fails with `LostError`
and is published again by whoever owns it; and a line that swallows everything is given up after seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

CONNECT_TIMEOUT_S = 3.0
RETRY_S_MIN, RETRY_S_MAX = 0.2, 2.0


_WITH_WILL = ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message")


class LostError(Exception):
    """The connection is gone, or was never there: publish again later."""


class RefusedByBrokerError(Exception):
    """The broker said no, e.g. 135 not authorised. Saying it again will not help."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A received message and the connection that it came by."""

    topic: str
    body: bytes
    retained: bool
    message_id: int
    qos: int
    connection: int


@dataclass(frozen=True, slots=True)
class LastWill:
    """What the broker publishes, retained, when this connection breaks."""

    topic: str
    body: bytes


class MqttLink:
    """Start with `create_task(link.run())`. All callbacks run on the event loop."""

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        *,
        subscriptions: Sequence[tuple[str, int]] = (),
        tls: ssl.SSLContext | None = None,
        will: LastWill | None = None,
        keepalive_s: int = 10,
        session_expiry_s: int = 86_400,
        receive_max: int = 500,
        inflight_max: int = 100,
        on_connected: Callable[[], None] = lambda: None,
        on_disconnected: Callable[[str], None] = lambda reason: None,
        on_message: Callable[[Inbound], None] = lambda message: None,
        on_problem: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self.connected = asyncio.Event()
        self.last_problem = "not connected yet"
        self._address, self._keepalive_s = (host, port), keepalive_s
        self._subscriptions = list(subscriptions)
        self._hear_connected, self._hear_disconnected, self._hear_message = on_connected, on_disconnected, on_message
        self._hear_problem, self._told_problem = on_problem, ""
        self._disconnected = asyncio.Event()
        self._connection = 0
        self._refused = False
        self._pending: dict[int, asyncio.Future[ReasonCode]] = {}
        self._slots = asyncio.Semaphore(inflight_max)
        self._socket: socket.socket | None = None
        self._housekeeping: asyncio.Task[None] | None = None
        self._jitter = random.Random(client_id)
        self._properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        self._properties.SessionExpiryInterval = session_expiry_s
        self._properties.ReceiveMaximum = receive_max
        self._client = self._make_client(client_id, inflight_max, tls, will)

    def _make_client(
        self, client_id: str, inflight_max: int, tls: ssl.SSLContext | None, will: LastWill | None
    ) -> mqtt.Client:
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(inflight_max)
        if tls is not None:
            client.tls_set_context(tls)
        if will is not None:
            client.will_set(will.topic, will.body, qos=1, retain=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        client.on_socket_open = self._on_loop(self._socket_opened)  # connect() runs in a worker thread.
        client.on_socket_register_write = self._on_loop(self._socket_wants_write)
        client.on_socket_unregister_write = self._socket_wrote
        client.on_socket_close = self._socket_closed
        return client

    @property
    def connection(self) -> int:
        """Counts the connections that were made: whoever keeps track of what it said begins anew with each."""
        return self._connection

    # What its owner calls ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep the connection up until cancelled."""
        self._loop = asyncio.get_running_loop()
        delay_s = RETRY_S_MIN
        try:
            while True:
                before = self._connection
                await self._connect_once()
                if self._connection == before and self._told_problem != self.last_problem:
                    self._told_problem = self.last_problem
                    self._hear_problem(self.last_problem)  # Once for each reason: it is tried many times a minute.
                delay_s = RETRY_S_MIN if self._connection > before else min(delay_s * 2, RETRY_S_MAX)
                await asyncio.sleep(delay_s * self._jitter.uniform(0.7, 1.3))
        finally:
            self._client.disconnect(reasoncode=_WITH_WILL)  # Stopped is offline too: let the broker say so.
            if self._housekeeping is not None:
                self._housekeeping.cancel()

    async def publish(self, topic: str, body: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Hand a message to the broker; with quality of service 1, wait for its receipt. Raises LostError."""
        async with self._slots:
            if not self.connected.is_set():
                raise LostError(self.last_problem)
            info = self._client.publish(topic, body, qos, retain)
            if info.rc != mqtt.MQTT_ERR_SUCCESS:
                raise LostError(mqtt.error_string(info.rc))
            if qos == 0:
                return
            receipt: asyncio.Future[ReasonCode] = self._loop.create_future()
            self._pending[info.mid] = receipt
            code = await receipt
        if code.is_failure:
            raise RefusedByBrokerError(str(code))

    def acknowledge(self, message: Inbound) -> None:
        """Tell the broker that a message is done with; after the commit only."""
        if message.qos and message.connection == self._connection and self.connected.is_set():
            self._client.ack(message.message_id, message.qos)

    def reconnect(self, reason: str) -> None:
        """Give this connection up and make a new one: nothing comes back on it."""
        if self._socket is not None:
            self.last_problem = reason
            with contextlib.suppress(OSError):  # It may have ended just now; then paho hears of it anyway.
                self._socket.shutdown(socket.SHUT_RDWR)  # paho reads the end of the stream, and says "disconnected".

    # The connection ---------------------------------------------------------------------------------------------

    async def _connect_once(self) -> None:
        """Connect, and return when the connection has ended, for whatever reason."""
        self._disconnected.clear()
        self._refused = False
        before = self._connection
        try:
            await asyncio.to_thread(
                self._client.connect, *self._address, self._keepalive_s, clean_start=False, properties=self._properties
            )
        except OSError as error:
            self.last_problem = str(error)
            return
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._disconnected.wait()
        except TimeoutError:
            if self._connection == before:
                self._refused = True
                self.reconnect("the broker does not answer")
        await self._disconnected.wait()

    def _on_loop(self, call: Callable[[socket.socket], None]) -> Callable[[mqtt.Client, Any, Any], None]:
        def from_any_thread(_client: mqtt.Client, _userdata: Any, sock: Any) -> None:
            self._loop.call_soon_threadsafe(call, sock)

        return from_any_thread

    def _socket_opened(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # paho does not: 44 ms stalls.
        self._socket = sock
        self._loop.add_reader(sock, self._read)
        self._housekeeping = self._loop.create_task(self._keep_house())

    def _socket_wants_write(self, sock: socket.socket) -> None:
        if sock.fileno() >= 0 and self._client.want_write():
            self._loop.add_writer(sock, self._client.loop_write)

    def _socket_wrote(self, _client: mqtt.Client, _userdata: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _socket_closed(self, _client: mqtt.Client, _userdata: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)
        self._socket = None
        if self._housekeeping is not None:
            self._housekeeping.cancel()

    def _read(self) -> None:
        sock = self._socket
        self._client.loop_read()
        while isinstance(sock, ssl.SSLSocket) and self._socket is sock and sock.pending():
            self._client.loop_read()

    async def _keep_house(self) -> None:
        while self._client.loop_misc() == mqtt.MQTT_ERR_SUCCESS:  # noqa: ASYNC110 - paho wants a call a second.
            await asyncio.sleep(1)

    # What paho says ---------------------------------------------------------------------------------------------

    def _on_connect(self, client: mqtt.Client, _u: Any, _flags: Any, code: ReasonCode, _p: Any) -> None:
        self._refused = code.is_failure
        if self._refused:
            self.last_problem = f"the broker refuses the connection: {code}"
            return
        self._connection += 1
        self._told_problem = ""
        self.connected.set()
        if self._subscriptions:  # On every connection: the broker may have lost the session.
            client.subscribe([(topic, SubscribeOptions(qos=qos)) for topic, qos in self._subscriptions])
        self._hear_connected()

    def _on_disconnect(self, _c: mqtt.Client, _u: Any, _flags: Any, code: ReasonCode, _p: Any) -> None:
        self._settle_disconnect(str(code))

    def _settle_disconnect(self, reason: str) -> None:
        was_connected = self.connected.is_set()
        self.connected.clear()
        self._disconnected.set()
        for receipt in self._pending.values():
            if not receipt.done():
                receipt.set_exception(LostError(reason))
        self._pending.clear()
        self._client.drop_out_messages()  # Whoever owns a message publishes it again.
        if was_connected:
            self.last_problem = reason
            self._hear_disconnected(reason)
        elif not self._refused:
            self.last_problem = f"the broker ended the connection at once ({reason}): does it believe our certificate?"

    def _on_publish(self, _c: mqtt.Client, _u: Any, message_id: int, code: ReasonCode, _p: Any) -> None:
        receipt = self._pending.pop(message_id, None)
        if receipt is not None and not receipt.done():
            receipt.set_result(code)

    def _on_message(self, _c: mqtt.Client, _u: Any, message: mqtt.MQTTMessage) -> None:
        self._hear_message(
            Inbound(message.topic, bytes(message.payload), message.retain, message.mid, message.qos, self._connection)
        )
