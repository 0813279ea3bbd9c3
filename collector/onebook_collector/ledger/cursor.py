"""How far the book has got with each log of each edge, and what an ingest hands over to be booked."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.envelope import JournalEvent
from onebook_schemas.uplink import Stream


class LogKey(NamedTuple):
    """One ordered log: an edge may have several, one for each storage card that it has had."""

    edge_id: str
    epoch: str
    stream: Stream


@dataclass(frozen=True, slots=True)
class Cursor:
    """`accepted_through` is committed, and so is all below it. `head` is the chain's hash there (journal only)."""

    accepted_through: int
    head: bytes
    forked: bool = False
    last_event_ms: int = 0  # Event time of the newest entry: a later one with an unknown clock lies behind it.
    algorithm: HashAlgorithm = HashAlgorithm.SHA256  # Of the log's chain.


class TimeQuality(enum.StrEnum):
    """How far `event_time` can be believed."""

    SYNCED = "synced"  # The edge's clock followed a time server.
    ESTIMATED = "estimated"  # Reckoned back from the moment when it did, within the same boot.
    UNKNOWN = "unknown"  # Only bounds are known: after the entry before it, before it was received.


class FreshEvent(NamedTuple):
    """One journal event that the book does not hold yet: its exact bytes, and what could be made of them."""

    sequence: int
    body: bytes
    chain_hash: bytes
    event: JournalEvent | None  # None: the bytes are no event of this version; `refusal` says why.
    refusal: str | None
    event_time_ms: int
    time_quality: TimeQuality
