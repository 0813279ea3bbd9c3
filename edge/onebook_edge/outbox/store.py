"""What an outbox promises: events kept, in order, until the collector has them, and then a while longer.

One store keeps one stream. A sequence is given inside the commit that stores the event; whoever waits for `append` may believe
that the event is recorded when it returns, and not before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from onebook_edge.machine import Instant
from onebook_schemas.chain import HashAlgorithm, chain_heads, chain_next
from onebook_schemas.uplink import Stream

_SEQUENCE = re.compile(rb'\A\{"sequence":\d+,')


@dataclass(frozen=True, slots=True)
class WrittenFact:
    """A fact of the telemetry stream as JSON already, and how many samples it carries."""

    json: bytes
    samples: int


class EventDraft(NamedTuple):
    """An event before it has a sequence: the fact as JSON bytes, and what the box knew about the moment."""

    fact: bytes
    at: Instant
    boot_id: str
    clock_synchronised: bool

    def body(self, sequence: int) -> bytes:
        """The bytes that are stored, chained and sent: a JournalEvent or TelemetryEvent of the schemas."""
        fact, at, boot_id, is_synchronised = self
        return (
            b'{"sequence":%d,"v":1,"wall_ms":%d,"monotonic_ms":%d,"boot_id":"%b","clock_synchronised":%b,"fact":%b}'
            % (
                sequence,
                at.wall_ms,
                at.monotonic_ms,
                boot_id.encode("ascii"),
                b"true" if is_synchronised else b"false",
                fact,
            )
        )


class StoredEvent(NamedTuple):
    """An event as the outbox keeps it. `through` is its own sequence but for an event that replaces thinned ones."""

    sequence: int
    through: int
    body: bytes
    chain_hash: bytes | None  # h(sequence); journal only.


@dataclass(frozen=True, slots=True)
class Position:
    """Where a stream stands. The collector holds everything through `delivered_through`, as far as this edge knows."""

    last_sequence: int
    delivered_through: int


class Usage(NamedTuple):
    """What a stream takes up on the disk, in bytes, and how many events wait to be delivered."""

    used_bytes: int
    waiting: int


class StreamStore(Protocol):
    """Keeps one stream of one epoch."""

    @property
    def stream(self) -> Stream: ...

    @property
    def epoch(self) -> str: ...

    @property
    def position(self) -> Position: ...

    @property
    def usage(self) -> Usage: ...

    @property
    def algorithm(self) -> HashAlgorithm:
        """What the journal is chained with, from the first event of this epoch to the last."""
        ...

    async def append(self, drafts: Sequence[EventDraft]) -> range:
        """Store events and return their sequences, after the commit. Raises OutboxFullError; then nothing is stored."""
        ...

    async def load(self, after: int, events_max: int, bytes_max: int) -> tuple[StoredEvent, ...]:
        """Consecutive events behind `after`, oldest first; at least one if there is any.

        What is given is on the disk: an event that was sent and then lost to a power cut would leave its sequence to
        another one, which the collector would take for a repetition.
        """
        ...

    async def chain_hash(self, sequence: int) -> bytes | None:
        """h(sequence); h(0) for 0; None if that event is no longer kept. Journal only."""
        ...

    async def mark_delivered(self, through: int) -> None:
        """Remember the collector's cursor; it may step back."""
        ...

    async def drop_delivered(self, keep_bytes: int, aged_through: int) -> int:
        """Delete delivered events, oldest first: all through a sequence, and as many more as the bytes ask for. Returns how
        many. The event at the delivered cursor stays: the chain goes on from its hash.
        """
        ...

    async def replace(self, first: int, through: int, thinned: EventDraft) -> None:
        """Put one event in the place of those from `first` to `through` (telemetry only)."""
        ...

    async def close(self) -> None: ...


def chained(
    head: bytes,
    first_sequence: int,
    drafts: Sequence[EventDraft],
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
) -> tuple[list[StoredEvent], bytes]:
    """Give drafts their sequences and carry the chain on. Returns the events and the new head."""
    bodies = [draft.body(sequence) for sequence, draft in enumerate(drafts, first_sequence)]
    heads = chain_heads(head, bodies, algorithm=algorithm)
    events = [
        StoredEvent(sequence, sequence, body, after)
        for sequence, (body, after) in enumerate(zip(bodies, heads, strict=True), first_sequence)
    ]
    return events, heads[-1]


def numbered(first_sequence: int, drafts: Sequence[EventDraft]) -> list[StoredEvent]:
    """Give drafts of a stream without a chain their sequences."""
    return [
        StoredEvent(sequence, sequence, draft.body(sequence), None)
        for sequence, draft in enumerate(drafts, first_sequence)
    ]


def carried_over(
    events: Sequence[StoredEvent],
    head: bytes,
    *,
    first_sequence: int = 1,
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
) -> list[StoredEvent]:
    """The same events under new numbers of a new epoch, chained from its head. What they say and when stays as it was.

    Bytes that were damaged on the card go along as they are: the collector sets them aside in their place.
    """
    carried = []
    for sequence, event in enumerate(events, first_sequence):
        body = _SEQUENCE.sub(b'{"sequence":%d,' % sequence, event.body)
        stands_for_others = b'"type":"telemetry_thinned","through":'  # Here it stands in one place.
        body = body.replace(stands_for_others + b"%d," % event.through, stands_for_others + b"%d," % sequence, 1)
        if event.chain_hash is not None:
            head = chain_next(head, body, algorithm=algorithm)
        carried.append(StoredEvent(sequence, sequence, body, head if event.chain_hash is not None else None))
    return carried
