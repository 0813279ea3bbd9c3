"""Drives a fleet of virtual edges: one MQTT connection for each, as the topic rules demand, all on one event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from onebook_firmware_sim.fleet import VirtualEdge
from onebook_schemas import topics
from onebook_schemas.encoding import decode, encode, encode_upload
from onebook_schemas.mqtt_link import Inbound, LastWill, LostError, MqttLink
from onebook_schemas.uplink import Ack, EdgeState, Upload

_TICK_S = 0.05
_MADE_PER_TICK_MAX = 400  # Of the whole fleet, so that the loop keeps up with what comes in.


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """`rate`: movements a second of each edge; 0 as fast as they can be made."""

    movements_per_edge: int
    rate: float = 0.0
    drain_within_s: float = 60.0


async def run_fleet(
    edges: list[VirtualEdge],
    broker: tuple[str, int],
    plan: FleetPlan,
    *,
    wall_ms: Callable[[], int],
    stop: asyncio.Event,
) -> bool:
    """Run until all is made and delivered, or told to stop. Gives whether all that was made was delivered."""
    async with asyncio.TaskGroup() as group:
        lines = [_Line(edge, broker, group) for edge in edges]
        connections = [group.create_task(line.link.run()) for line in lines]
        await _make_and_send(lines, plan, wall_ms, stop)
        for task in (*connections, *(task for line in lines for task in line.sending)):
            task.cancel()
    return all(edge.is_drained for edge in edges)


async def _make_and_send(lines: list[_Line], plan: FleetPlan, wall_ms: Callable[[], int], stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    give_up_at: float | None = None
    while give_up_at is None or loop.time() < give_up_at:
        wanted = plan.movements_per_edge
        if plan.rate:
            wanted = min(wanted, int((loop.time() - began) * plan.rate))
        if not stop.is_set():
            _make(lines, wanted, wall_ms)
        for line in lines:
            line.take_acks()
            line.send_what_is_due()
        if stop.is_set() or all(line.edge.made == plan.movements_per_edge for line in lines):
            give_up_at = give_up_at or loop.time() + plan.drain_within_s
            if all(line.edge.is_drained for line in lines):
                return
        await asyncio.sleep(_TICK_S)


def _make(lines: list[_Line], wanted: int, wall_ms: Callable[[], int]) -> None:
    """Bring every edge to so many movements, as far as one tick goes; who is furthest behind comes first."""
    left = _MADE_PER_TICK_MAX
    monotonic_ms = _now_ms()
    for line in sorted(lines, key=lambda line: line.edge.made):
        making = min(wanted - line.edge.made, max(1, _MADE_PER_TICK_MAX // len(lines)), left)
        for _ in range(making):
            line.edge.move_goods(wall_ms(), monotonic_ms)
        left -= max(making, 0)


class _Line:
    """One edge and its connection."""

    def __init__(self, edge: VirtualEdge, broker: tuple[str, int], group: asyncio.TaskGroup) -> None:
        self.edge = edge
        self.sending: set[asyncio.Task[None]] = set()
        self._group = group
        self._inbox: deque[Inbound] = deque()
        self._state = topics.state(edge.edge_id)
        offline = EdgeState(edge_id=edge.edge_id, online=False)
        self.link = MqttLink(
            *broker,
            edge.edge_id,
            subscriptions=[(topics.ack(edge.edge_id), 1)],
            will=LastWill(self._state, encode(offline)),
            on_connected=self._connected,
            on_disconnected=lambda reason: self._disconnected(),
            on_message=self._inbox.append,
        )

    def take_acks(self) -> None:
        """Raises UsedUpError; not done as they come in, because an error inside a callback is nobody's."""
        while self._inbox:
            message = self._inbox.popleft()
            ack = decode(Ack, message.body)
            self.edge.streams[ack.stream].heard(ack, _now_ms())
            self.link.acknowledge(message)

    def send_what_is_due(self) -> None:
        for stream in self.edge.streams.values():
            if upload := stream.due(_now_ms()):
                self._publish(upload)

    def _connected(self) -> None:
        epochs = {name: stream.epoch for name, stream in self.edge.streams.items()}
        online = EdgeState(edge_id=self.edge.edge_id, online=True, clock_synchronised=True, epochs=epochs)
        self._start(self._send(self._state, encode(online), retain=True))
        for stream in self.edge.streams.values():
            self._publish(stream.connected(_now_ms()))

    def _disconnected(self) -> None:
        for stream in self.edge.streams.values():
            stream.disconnected()

    def _publish(self, upload: Upload) -> None:
        topic = topics.upload(self.edge.edge_id, upload.header.stream)
        self._start(self._send(topic, encode_upload(upload)))

    def _start(self, sending: Coroutine[None, None, None]) -> None:
        task = self._group.create_task(sending)
        self.sending.add(task)
        task.add_done_callback(self.sending.discard)

    async def _send(self, topic: str, body: bytes, *, retain: bool = False) -> None:
        try:
            await self.link.publish(topic, body, retain=retain)
        except LostError:
            return  # The next connection says it again.


def _now_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)
