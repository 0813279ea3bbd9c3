"""Book: what the ingest, the desk and the registry do with the province's book inside one transaction."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from onebook_collector.ledger.cursor import Cursor, FreshEvent, LogKey
from onebook_collector.ledger.lookup import BookedLog
from onebook_schemas.chain import HashAlgorithm


class VerdictKind(enum.StrEnum):
    """What became of a journal event. There is exactly one verdict for each."""

    POSTED = "posted"  # It is a movement with a ledger_seq.
    NOTED = "noted"  # It changes no stock: kept in its envelope.
    QUARANTINED = "quarantined"  # It cannot be booked: kept with its bytes and the reason until a person decides.


class Verdict(NamedTuple):
    sequence: int
    kind: VerdictKind
    reason: str | None = None  # Of a quarantine: a code, a colon, and words. At most 200 characters.
    ledger_seq: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """How the book judges."""

    count_review_fraction: Decimal = Decimal("0.05")
    """A count that differs from the book by more than this part of it waits for a person."""

    hash_algorithm: HashAlgorithm | None = None
    """What the book's chain is made with. None: as the book was begun; a new one with SHA-256."""


class Book(Protocol):
    """The book within one transaction. Everything booked here is committed together, or not at all."""

    ledger_seq: int
    """Of the newest entry."""

    head: bytes
    """Its hash: what the whole book comes to."""

    def cursor(self, key: LogKey, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> Cursor:
        """How far this log is committed. A log never seen stands at 0 with the head of an empty chain of this algorithm."""
        ...

    def open_log(self, key: LogKey, received_ms: int, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> BookedLog:
        """Begin a log, if there is none, with this algorithm for its life. Without it, the first that is kept begins one."""
        ...

    def stored_hash(self, key: LogKey, sequence: int) -> bytes | None:
        """The chain hash of a committed entry; None if there is none."""
        ...

    def site_of(self, edge_id: str) -> str | None:
        """The site where this edge stands; None if it is not registered."""
        ...

    def post(self, key: LogKey, site_id: str | None, fresh: Sequence[FreshEvent], received_ms: int) -> list[Verdict]:
        """Keep the envelopes of consecutive new events, and book those that move goods."""
        ...

    def advance(
        self,
        key: LogKey,
        accepted_through: int,
        head: bytes,
        last_event_ms: int,
        received_ms: int,
        *,
        waiting: int = 0,
    ) -> None:
        """Move the cursor of a log. `waiting`: events that the edge still holds behind it."""
        ...

    def record_fork(self, key: LogKey, upload_bytes: bytes, reason: str, received_ms: int) -> None:
        """Keep the evidence of another content for a committed sequence, and hold the log. The same bytes are kept once."""
        ...

    def release_fork(self, key: LogKey, actor: str, note: str, now_ms: int) -> None:
        """Take uploads of this log again. Raises NotFoundError when it is not held."""
        ...

    def approve_count(self, movement_id: str, reviewer: str, now_ms: int) -> int | None:
        """Adjust the book to a count that waits for a person.

        Gives the adjustment's ledger_seq; None if the book agrees by now. Raises NotFoundError; RefusedError when the count does
        not wait, was reversed, or names no serials for goods that have them.
        """
        ...

    def release(self, key: LogKey, sequence: int, actor: str, now_ms: int, *, replacement: bytes | None = None) -> int:
        """Book a quarantined event after all: as it came (what it lacked is there now), or another fact in its place.

        `replacement` is the JSON of a stock event. Gives the ledger_seq of the new movement, which names the envelope. Raises
        NotFoundError; RefusedError when it was decided before, or still cannot be booked.
        """
        ...

    def reject(self, key: LogKey, sequence: int, actor: str, reason: str, now_ms: int) -> None:
        """A quarantined event stays unbooked for good. Raises NotFoundError; RefusedError when it was decided before."""
        ...

    def register_edge(self, edge_id: str, site_id: str) -> None:
        """This edge stands at this site from now on; what it has reported before stays where it was booked."""
        ...

    def close_discrepancy(self, discrepancy_id: int, actor: str, note: str, now_ms: int) -> None:
        """A person has looked into it. Raises NotFoundError when there is no such open discrepancy."""
        ...

    def new_feed_epoch(self, reason: str, now_ms: int, *, feed_epoch: str | None = None) -> str:
        """The book was restored from a backup: cursors of its feed end here. Itself an entry. Gives the new epoch's name."""
        ...
