"""A book of any size is checked with the same memory: rows are read one after the other, sums are made by the database."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from onebook_collector.ledger import chain_audit
from onebook_collector.ledger.verify import verify
from onebook_collector.sqlite_engine import reader_engine
from tests.contract.proven_book import ProvenBook, load_verifier, make_book
from tests.contract.test_proof_of_the_book import opened

GROWTH_BYTES_MAX = 128 * 1024
"""For a book five times as large, with as many more checkpoints, which are kept. To keep entries would take three times that."""


@pytest.mark.slow
async def test_the_memory_of_a_proof_does_not_grow_with_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_audit, "MOVEMENTS_AT_ONCE", 20)  # A small book is several blocks too.
    small = await make_book(tmp_path / "small.db", 1, rounds=2)
    large = await make_book(tmp_path / "large.db", 1, rounds=10)
    for check in (_by_the_auditor, _by_the_collector):
        _peak(check, small)  # What is compiled once is not counted.
        grown = _peak(check, large) - _peak(check, small)
        assert grown < GROWTH_BYTES_MAX, f"{check.__name__}: {grown} bytes more"


def _by_the_auditor(book: ProvenBook) -> None:
    with opened(book.bytes()) as database:
        verifier = load_verifier()
        gc.collect()
        tracemalloc.reset_peak()
        assert verifier.prove(database, book.keys, book.documents).wrong == []


def _by_the_collector(book: ProvenBook) -> None:
    with reader_engine(book.path, connections=1).begin() as connection:
        verify(connection)  # Statements are compiled, and take more than the book.
        gc.collect()
        tracemalloc.reset_peak()
        assert verify(connection).holds


def _peak(check: Callable[[ProvenBook], None], book: ProvenBook) -> int:
    tracemalloc.start()
    try:
        check(book)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
