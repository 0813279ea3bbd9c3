"""The algorithms of a chain, against what their standards print."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from onebook_schemas.chain import HashAlgorithm, available, chain_heads, chain_next, chain_start, hash_of, new_hash


@pytest.mark.parametrize(
    ("algorithm", "text", "expected"),
    [  # GB/T 32905-2016, appendix A; FIPS 180-4 for the other.
        (HashAlgorithm.SM3, b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (HashAlgorithm.SM3, b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
        (HashAlgorithm.SHA256, b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_the_hash_is_that_of_the_standard(algorithm: HashAlgorithm, text: bytes, expected: str) -> None:
    assert hash_of(text, algorithm).hex() == expected
    piecewise = new_hash(algorithm)
    for part in (text[:1], text[1:]):
        piecewise.update(part)
    assert piecewise.hexdigest() == expected


@pytest.mark.parametrize("algorithm", HashAlgorithm)
def test_a_chain_is_the_same_step_by_step_and_at_once(algorithm: HashAlgorithm) -> None:
    head = chain_start("edge-1", "0123456789abcdef", "journal", algorithm=algorithm)
    assert head == hash_of(b"edge-1/0123456789abcdef/journal", algorithm)
    one = chain_next(head, b"first", algorithm=algorithm)
    assert chain_heads(head, [b"first", b"second"], algorithm=algorithm) == [
        one,
        chain_next(one, b"second", algorithm=algorithm),
    ]


def test_without_the_algorithm_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(name: str, *_: Any) -> Any:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setitem(available.__globals__["_HASHES"], HashAlgorithm.SM3, lambda *data: without("sm3", *data))
    assert available(HashAlgorithm.SHA256) is HashAlgorithm.SHA256
    with pytest.raises(ValueError, match=r"本机 OpenSSL 没有 sm3.*the OpenSSL of this machine has no sm3: install"):
        available(HashAlgorithm.SM3)


def test_both_give_as_many_bytes() -> None:
    """What is kept and sent has one length, whichever it is."""
    assert {hashlib.new(algorithm).digest_size for algorithm in HashAlgorithm} == {32}
