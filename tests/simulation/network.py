"""Broker and lines: everything between an edge and a collector, none of it part of the promise.

A message may be dropped, late, doubled, overtaken or damaged; a line may be cut, or swallow everything while it looks alive; the
broker may lose all that it holds. Damage is what TCP and TLS would let through, that is none, and what a broken broker or a
faulty memory may do all the same: a message is cut short, bits of it change (it ends in a checksum), or bits of the journal
change before the box computes that checksum (the hash chain covers the events).
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.simulation.world import World


@dataclass(slots=True)
class NetworkFaults:
    """Chances per message, and delays in milliseconds."""

    drop: float = 0.0
    drop_acks: float = 0.0
    duplicate: float = 0.0
    repeat: float = 0.0  # An ack that was delivered is delivered again to the next session: its PUBACK was lost.
    damage: float = 0.0
    delay_ms_max: int = 50


class Line(enum.Enum):
    """What connects a box with the broker."""

    OPEN = "open"
    CUT = "cut"  # Nobody gets through, and everybody notices.
    HOLE = "hole"  # Everything is swallowed; the connection looks alive.


class Box(Protocol):
    """An edge as the broker sees it. Two boxes may claim one name."""

    @property
    def name(self) -> str: ...

    @property
    def edge_id(self) -> str: ...

    def hear_connected(self) -> None: ...

    def hear_disconnected(self) -> None: ...

    def hear_ack(self, body: bytes) -> None: ...

    def hear_receipt(self, body: bytes) -> None:
        """The broker has taken a publication (PUBACK)."""
        ...


class Consumer(Protocol):
    """A collector as the broker sees it."""

    @property
    def alive(self) -> bool: ...

    def receive(self, delivery: Delivery) -> None: ...


@dataclass(slots=True)
class Delivery:
    """A message that the broker gave to a collector and that waits for its PUBACK."""

    topic: str
    body: bytes
    to: Consumer | None = None


@dataclass(slots=True)
class Network:
    """MQTT as far as it matters: persistent sessions, a shared subscription, one session per client name."""

    world: World
    faults: NetworkFaults = field(default_factory=NetworkFaults)
    consumers: list[Consumer] = field(default_factory=list)
    lines: dict[str, Line] = field(default_factory=dict)  # By box.
    queue_max: int = 1_000
    _sessions: dict[str, Box] = field(default_factory=dict)  # By edge: the box that is connected under this name.
    _kept_acks: dict[str, list[bytes]] = field(default_factory=dict)
    _unacknowledged: list[Delivery] = field(default_factory=list)

    # Boxes ------------------------------------------------------------------------------------------------------

    def dial(self, box: Box) -> bool:
        """Try to connect. A second box of the same name ends the session of the first."""
        if self._line(box) is not Line.OPEN:
            return False
        other = self._sessions.get(box.edge_id)
        if other is not None and other is not box:
            self._end(other)
        self._sessions[box.edge_id] = box
        box.hear_connected()
        for position, body in enumerate(self._kept_acks.pop(box.edge_id, [])):
            self.world.after(5 + position, self._hand_ack, box, body)
        return True

    def hang_up(self, box: Box) -> None:
        """The box itself gives the connection up, or is dead."""
        if self._sessions.get(box.edge_id) is box:
            del self._sessions[box.edge_id]

    def set_line(self, box: Box, line: Line) -> None:
        self.lines[box.name] = line
        if line is Line.CUT and self._sessions.get(box.edge_id) is box:
            self._end(box)

    def publish(self, box: Box, topic: str, body: bytes) -> None:
        """From an edge, quality of service 1."""
        if self._sessions.get(box.edge_id) is not box or self._line(box) is not Line.OPEN:
            return
        for copy in self._fates(body):
            self._later(self._take, topic, copy)
        if not self.world.chance(self.faults.drop):
            self._later(box.hear_receipt, body)

    def _end(self, box: Box) -> None:
        del self._sessions[box.edge_id]
        box.hear_disconnected()

    def _line(self, box: Box) -> Line:
        return self.lines.get(box.name, Line.OPEN)

    # Collectors -------------------------------------------------------------------------------------------------

    def publish_ack(self, edge_id: str, body: bytes) -> None:
        if self.world.chance(self.faults.drop_acks):
            return
        for copy in self._fates(body):
            self._later(self._route_ack, edge_id, copy)

    def acknowledge(self, delivery: Delivery) -> None:
        if delivery in self._unacknowledged:
            self._unacknowledged.remove(delivery)

    def lose_everything(self) -> None:
        """The broker starts anew with an empty disk."""
        self._unacknowledged.clear()
        self._kept_acks.clear()
        for box in list(self._sessions.values()):
            self._end(box)

    def deliver_again(self, consumer: Consumer) -> None:
        """A collector is gone, or back: what it did not acknowledge, and what waited, is given to whoever is there."""
        for delivery in self._unacknowledged:
            if delivery.to is None or delivery.to is consumer:
                delivery.to = None
                self._offer(delivery)

    def _take(self, topic: str, body: bytes) -> None:
        delivery = Delivery(topic, body)
        self._unacknowledged.append(delivery)
        if len(self._unacknowledged) > self.queue_max:
            del self._unacknowledged[0]
        self._offer(delivery)

    def _offer(self, delivery: Delivery) -> None:
        present = [consumer for consumer in self.consumers if consumer.alive]
        if present:
            delivery.to = self.world.random.choice(present)
            delivery.to.receive(delivery)

    def _route_ack(self, edge_id: str, body: bytes) -> None:
        box = self._sessions.get(edge_id)
        if box is not None:
            self._hand_ack(box, body)
        else:
            self._kept_acks.setdefault(edge_id, []).append(body)

    def _hand_ack(self, box: Box, body: bytes) -> None:
        if self._sessions.get(box.edge_id) is box and self._line(box) is Line.OPEN:
            box.hear_ack(body)
            if self.world.chance(self.faults.repeat):
                self._kept_acks.setdefault(box.edge_id, []).append(body)

    # Fate -------------------------------------------------------------------------------------------------------

    def _fates(self, body: bytes) -> list[bytes]:
        """The copies of a message that arrive: none, one or two, one of them damaged perhaps."""
        world, faults = self.world, self.faults
        if world.chance(faults.drop):
            return []
        copies = [body, body] if world.chance(faults.duplicate) else [body]
        if world.chance(faults.damage):
            copies[0] = damaged(world, body)
        return copies

    def _later(self, action: Callable[..., None], *arguments: object) -> None:
        self.world.after(self.world.between(1, self.faults.delay_ms_max), action, *arguments)


def damaged(world: World, body: bytes) -> bytes:
    """Cut short, or a few bits changed; in a journal perhaps before the checksum was computed, where only its chain tells."""
    if world.chance(0.3):
        return body[: world.random.randrange(len(body))]
    plain = zlib.decompress(body)
    head, _, events = plain.partition(b"\n")
    if events and b'"stream":"journal"' in head and world.chance(0.5):
        return zlib.compress(_changed(world, plain, since=len(head) + 1))
    return _changed(world, body, since=0)


def _changed(world: World, body: bytes, *, since: int) -> bytes:
    changed = bytearray(body)
    for _ in range(world.between(1, 3)):
        changed[world.random.randrange(since, len(body))] ^= 1 << world.random.randrange(8)
    return bytes(changed)
