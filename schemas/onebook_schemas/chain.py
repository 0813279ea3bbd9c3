"""The hash chain over a journal: h(0) = H(edge, epoch, stream), h(n) = H(h(n-1), bytes of event n)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

ALGORITHM = "sha256"  # SM3 ("sm3" of OpenSSL) where the operator's rules ask for 国密.


def chain_start(edge_id: str, epoch: str, stream: str, *, algorithm: str = ALGORITHM) -> bytes:
    """The head of an empty chain. The parts cannot contain the separator."""
    return hashlib.new(algorithm, f"{edge_id}/{epoch}/{stream}".encode("ascii")).digest()


def chain_next(head: bytes, event: bytes, *, algorithm: str = ALGORITHM) -> bytes:
    """The head after one more event."""
    return hashlib.new(algorithm, head + event).digest()


def chain_heads(head: bytes, events: Iterable[bytes], *, algorithm: str = ALGORITHM) -> list[bytes]:
    """The heads after each of these events."""
    heads, empty = [], hashlib.new(algorithm)
    for event in events:
        digest = empty.copy()
        digest.update(head + event)
        head = digest.digest()
        heads.append(head)
    return heads
