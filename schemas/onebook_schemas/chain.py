"""The hash chain over a journal: h(0) = H(edge, epoch, stream), h(n) = H(h(n-1), bytes of event n).

H is one algorithm for the life of a log, or of a book. Both that there are give 32 bytes.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator


class HashAlgorithm(enum.StrEnum):
    """What a chain is made with. The names are those of OpenSSL."""

    SHA256 = "sha256"
    SM3 = "sm3"  # GB/T 32905-2016, where the operator's rules ask for 国密.


_HASHES: dict[str, Callable[..., Any]] = {
    HashAlgorithm.SHA256: hashlib.sha256,
    HashAlgorithm.SM3: partial(hashlib.new, "sm3"),
}


def hash_of(data: bytes, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
    digest: bytes = _HASHES[algorithm](data).digest()
    return digest


def new_hash(algorithm: HashAlgorithm) -> Any:
    """An object of `hashlib`, to be fed piece by piece."""
    return _HASHES[algorithm]()


def available(algorithm: HashAlgorithm) -> HashAlgorithm:
    """The same algorithm. Raises ValueError, with what to do, where this machine's OpenSSL does not have it."""
    try:
        new_hash(algorithm)
    except ValueError as error:
        raise ValueError(
            f"本机 OpenSSL 没有 {algorithm}，请安装带国密的 OpenSSL 3 / the OpenSSL of this machine has no {algorithm}: install"
            f" OpenSSL 3 as Debian builds it, and see that no FIPS mode is on ({error})"
        ) from error
    return algorithm


UsableAlgorithm = Annotated[HashAlgorithm, AfterValidator(available)]
"""In settings and messages: one that this machine can compute."""


def chain_start(edge_id: str, epoch: str, stream: str, *, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
    """The head of an empty chain. The parts cannot contain the separator."""
    return hash_of(f"{edge_id}/{epoch}/{stream}".encode("ascii"), algorithm)


def chain_next(head: bytes, event: bytes, *, algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
    """The head after one more event."""
    return hash_of(head + event, algorithm)


def chain_heads(
    head: bytes, events: Iterable[bytes], *, algorithm: HashAlgorithm = HashAlgorithm.SHA256
) -> list[bytes]:
    """The heads after each of these events."""
    heads, empty = [], new_hash(algorithm)
    for event in events:
        digest = empty.copy()
        digest.update(head + event)
        head = digest.digest()
        heads.append(head)
    return heads
