"""Quarantined events: a person mends what they lack and releases them, replaces them, or rejects them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.registry import import_items, register_edge
from tests.contract.ledger_bench import Journal, Ledger, bin_code, open_ledger, stock_of, verified
from tests.contract.ledger_events import CATALOGUE, LOT, NOON, line, moved, movement_id, reversed_

A = bin_code("A-01")
NEW_ITEM = "LS02002"


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(request.param, tmp_path) as opened:
        yield opened


async def test_an_event_is_released_once_its_item_is_in_the_catalogue(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "receipt", line(NEW_ITEM, 5, to_bin="A-01")))
    with pytest.raises(RefusedError, match="unknown_item"):
        await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON))
    await ledger.write(lambda book: import_items(book, [row for row in CATALOGUE if row["code"] == NEW_ITEM]))
    assert await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON)) == 1
    assert (await stock_of(ledger))[A, NEW_ITEM, ""] == 5
    entry = await ledger.read(lambda connection: queries.movement(connection, movement_id(1)))
    assert entry is not None
    assert (entry.origin, entry.row.sequence, entry.row.recorded_at) == (journal.key, 1, NOON)
    assert await ledger.read(queries.quarantine) == []
    (decided,) = await ledger.read(lambda connection: queries.quarantine(connection, undecided=False))
    assert decided.decision is not None
    assert (decided.decision.decision, decided.decision.ledger_seq) == ("released", 1)
    await verified(ledger)


async def test_what_was_decided_is_not_decided_again(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "receipt", line(NEW_ITEM, 5, to_bin="A-01")))
    await ledger.write(lambda book: book.reject(journal.key, 1, "Li", "made by mistake", NOON))
    with pytest.raises(RefusedError, match="decided before"):
        await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON))
    with pytest.raises(NotFoundError):
        await ledger.write(lambda book: book.reject(journal.key, 2, "Li", "", NOON))
    await verified(ledger)


async def test_another_fact_is_booked_in_place_of_one_that_cannot_be(ledger: Ledger) -> None:
    journal = Journal(ledger)
    journal.sequence = 1
    await journal.send(b"not even JSON")
    receipt = json.dumps(moved(7, "receipt", line(LOT, 5, to_bin="A-01"))).encode()
    with pytest.raises(RefusedError, match="unreadable"):
        await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON))
    with pytest.raises(RefusedError, match="unreadable"):
        await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON, replacement=b"{}"))
    assert await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON, replacement=receipt)) == 1
    assert (await stock_of(ledger))[A, LOT, ""] == 5
    await verified(ledger)


async def test_a_reversal_is_released_after_the_movement_that_it_reverses(ledger: Ledger) -> None:
    journal = Journal(ledger, "edge-9")
    await journal.book(moved(1, "receipt", line(LOT, 5, to_bin="A-01")), reversed_(2, 1))
    await ledger.write(lambda book: register_edge(book, "edge-9", "wh-1"))
    with pytest.raises(RefusedError, match="reverses_unknown"):
        await ledger.write(lambda book: book.release(journal.key, 2, "Li", NOON))
    for sequence in (1, 2):
        await ledger.write(lambda book, sequence=sequence: book.release(journal.key, sequence, "Li", NOON))
    assert await stock_of(ledger) == {}
    await verified(ledger)


async def test_a_movement_that_is_booked_already_is_not_released(ledger: Ledger) -> None:
    journal = Journal(ledger, "edge-9")
    receipt = moved(1, "receipt", line(LOT, 5, to_bin="A-01"))
    await journal.book(receipt)
    await Journal(ledger, "edge-1").book(receipt)
    await ledger.write(lambda book: register_edge(book, "edge-9", "wh-1"))
    with pytest.raises(RefusedError, match="booked_already"):
        await ledger.write(lambda book: book.release(journal.key, 1, "Li", NOON))


async def test_a_discrepancy_is_closed_once(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "issue", line(LOT, 5, from_bin="A-01")))
    await ledger.write(lambda book: book.close_discrepancy(1, "Li", "found the note", NOON))
    assert await ledger.read(queries.discrepancies) == []
    with pytest.raises(NotFoundError):
        await ledger.write(lambda book: book.close_discrepancy(1, "Li", "", NOON))
