"""Counts: compared with the book as of their moment, adjusted at once or after a person has looked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_collector.errors import NotFoundError, RefusedError
from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import BalanceFilter
from tests.contract.ledger_bench import Journal, Ledger, bin_code, open_ledger, stock_of, verified
from tests.contract.ledger_events import LOT, NOON, SERIAL, counted, line, moved, movement_id, reversed_

A = bin_code("A-01")
HOUR = 3_600_000


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(request.param, tmp_path) as opened:
        yield opened


async def test_a_count_that_agrees_is_an_entry_without_lines(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "receipt", line(LOT, 100, to_bin="A-01")), counted(2, LOT, "A-01", 100))
    entry = await ledger.read(lambda connection: queries.movement(connection, movement_id(2)))
    assert entry is not None
    assert entry.count is not None
    assert (entry.lines, entry.count.book_at, entry.count.difference) == ((), 100, 0)
    await verified(ledger)


@pytest.mark.parametrize(("found", "account"), [(96, "stocktake_loss/wh-1"), (104, "stocktake_gain/wh-1")])
async def test_a_small_difference_is_adjusted_at_once(ledger: Ledger, found: int, account: str) -> None:
    receipt = moved(1, "receipt", line(LOT, 100, lot="L1", to_bin="A-01"))
    await Journal(ledger).book(receipt, counted(2, LOT, "A-01", found, lot="L1"))
    stock = await stock_of(ledger)
    assert (stock[A, LOT, "L1"], stock[account, LOT, "L1"]) == (found, 100 - found)
    assert await ledger.read(queries.discrepancies) == []
    await verified(ledger)


async def test_a_large_difference_waits_for_a_person_and_is_adjusted_when_approved(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "receipt", line(LOT, 100, to_bin="A-01")), counted(2, LOT, "A-01", 90))
    assert (await stock_of(ledger))[A, LOT, ""] == 100
    (found,) = await ledger.read(queries.discrepancies)
    assert (found.kind, found.quantity) == ("count_to_review", -10)
    assert await ledger.write(lambda book: book.approve_count(movement_id(2), "Li", NOON + HOUR)) == 3
    assert (await stock_of(ledger))[A, LOT, ""] == 90
    assert await ledger.read(queries.discrepancies) == []
    (closed,) = await ledger.read(lambda connection: queries.discrepancies(connection, still_open=False))
    assert (closed.closed_by, closed.closing_seq) == ("Li", 3)
    with pytest.raises(RefusedError, match="does not wait"):
        await ledger.write(lambda book: book.approve_count(movement_id(2), "Li", NOON + HOUR))
    with pytest.raises(NotFoundError):
        await ledger.write(lambda book: book.approve_count(movement_id(1), "Li", NOON + HOUR))
    await verified(ledger)


async def test_a_count_is_compared_with_the_book_as_of_its_moment(ledger: Ledger) -> None:
    """Two edges: the issue at 13:00 is reported before the count of 12:30."""
    one, two = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await one.book(moved(1, "receipt", line(LOT, 100, to_bin="A-01")), at_ms=NOON)
    await one.book(moved(2, "issue", line(LOT, 60, from_bin="A-01")), at_ms=NOON + HOUR)
    await two.book(counted(3, LOT, "A-01", 98), at_ms=NOON + HOUR // 2)
    assert (await stock_of(ledger))[A, LOT, ""] == 38
    as_of = BalanceFilter(as_of_ms=NOON + HOUR // 2)
    (balance,) = await ledger.read(lambda connection: queries.balances(connection, as_of))
    assert balance.quantity == 98
    await verified(ledger)


async def test_a_shortage_that_was_issued_meanwhile_is_not_taken_below_zero(ledger: Ledger) -> None:
    one, two = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await one.book(moved(1, "receipt", line(LOT, 100, to_bin="A-01")), at_ms=NOON)
    await one.book(moved(2, "issue", line(LOT, 98, from_bin="A-01")), at_ms=NOON + HOUR)
    await two.book(counted(3, LOT, "A-01", 95), at_ms=NOON + 1)
    stock = await stock_of(ledger)
    assert (A, LOT, "") not in stock
    assert (stock["stocktake_loss/wh-1", LOT, ""], stock["unexplained/wh-1", LOT, ""]) == (5, -3)
    await verified(ledger)


async def test_a_late_receipt_makes_an_approval_superfluous(ledger: Ledger) -> None:
    one, two = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await one.book(counted(1, LOT, "A-01", 50), at_ms=NOON + HOUR)
    await two.book(moved(2, "receipt", line(LOT, 50, to_bin="A-01")), at_ms=NOON)
    assert await ledger.write(lambda book: book.approve_count(movement_id(1), "Li", NOON + 2 * HOUR)) is None
    assert (await stock_of(ledger))[A, LOT, ""] == 50
    assert await ledger.read(queries.discrepancies) == []


async def test_two_counts_of_one_shortage_adjust_it_once(ledger: Ledger) -> None:
    counts = [counted(2, LOT, "A-01", 50), counted(3, LOT, "A-01", 50)]
    await Journal(ledger).book(moved(1, "receipt", line(LOT, 100, to_bin="A-01")), *counts)
    assert await ledger.write(lambda book: book.approve_count(movement_id(2), "Li", NOON + HOUR)) == 4
    assert await ledger.write(lambda book: book.approve_count(movement_id(3), "Li", NOON + HOUR)) is None
    assert (await stock_of(ledger))[A, LOT, ""] == 50
    await verified(ledger)


async def test_a_reversed_count_is_not_approved(ledger: Ledger) -> None:
    await Journal(ledger).book(counted(1, LOT, "A-01", 50), reversed_(2, 1))
    with pytest.raises(RefusedError, match="was reversed"):
        await ledger.write(lambda book: book.approve_count(movement_id(1), "Li", NOON + HOUR))
    await verified(ledger)


async def test_a_count_without_a_lot_is_of_all_lots_together(ledger: Ledger) -> None:
    early, late = {"number": "L1", "expires_on": "2027-01-01"}, {"number": "L2", "expires_on": "2028-01-01"}
    lines = [line(LOT, 3, lot=early, to_bin="A-01"), line(LOT, 97, lot=late, to_bin="A-01")]
    await Journal(ledger).book(moved(1, "receipt", *lines), counted(2, LOT, "A-01", 95))
    stock = await stock_of(ledger)
    assert (stock.get((A, LOT, "L1"), 0), stock[A, LOT, "L2"]) == (0, 95)  # What expires first is missing first.
    await Journal(ledger, "edge-2").book(counted(3, LOT, "A-01", 97), at_ms=NOON + HOUR)
    assert (await stock_of(ledger))[A, LOT, "L2"] == 97  # The only lot left there.
    await verified(ledger)


async def test_what_is_too_much_in_a_bin_of_several_lots_goes_to_the_unknown_lot(ledger: Ledger) -> None:
    lines = [line(LOT, 50, lot="L1", to_bin="A-01"), line(LOT, 50, lot="L2", to_bin="A-01")]
    await Journal(ledger).book(moved(1, "receipt", *lines), counted(2, LOT, "A-01", 101))
    assert (await stock_of(ledger))[A, LOT, ""] == 1


async def test_a_count_by_serial_finds_missing_and_misplaced_pieces(ledger: Ledger) -> None:
    pieces = [f"S{number:02}" for number in range(40)]
    journal = Journal(ledger)
    await journal.book(
        moved(1, "receipt", line(SERIAL, 40, serials=pieces, to_bin="A-01")),
        moved(2, "receipt", line(SERIAL, 1, serials=["X1"], to_bin="B-01")),
        counted(3, SERIAL, "A-01", 40, serials=[*pieces[1:], "X1"]),
    )
    places = {
        one: (await ledger.read(lambda c, one=one: queries.whereabouts(c, one)))[0].place for one in ("S00", "X1")
    }
    assert (places["S00"].kind, places["X1"].bin) == ("stocktake_loss", "A-01")
    assert [one.kind for one in await ledger.read(queries.discrepancies)] == ["serial_already_held"]
    await verified(ledger)


async def test_a_piece_that_moved_on_since_the_count_stays_where_it_is(ledger: Ledger) -> None:
    pieces = [f"S{number:02}" for number in range(40)]
    one, two = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await one.book(moved(1, "receipt", line(SERIAL, 40, serials=pieces, to_bin="A-01")), at_ms=NOON)
    await one.book(
        moved(2, "bin_move", line(SERIAL, 1, serials=["S00"], from_bin="A-01", to_bin="B-01")), at_ms=NOON + 9
    )
    await two.book(counted(3, SERIAL, "A-01", 39, serials=pieces[1:]), at_ms=NOON + 5)
    (place,) = await ledger.read(lambda connection: queries.whereabouts(connection, "S00"))
    assert place.place.bin == "B-01"
    assert [one.kind for one in await ledger.read(queries.discrepancies)] == ["count_contradicted"]
    await verified(ledger)


async def test_pieces_counted_without_their_serials_cannot_be_adjusted(ledger: Ledger) -> None:
    receipt = moved(1, "receipt", line(SERIAL, 2, serials=["S1", "S2"], to_bin="A-01"))
    await Journal(ledger).book(receipt, counted(2, SERIAL, "A-01", 1), counted(3, SERIAL, "A-01", 2))
    assert [one.ledger_seq for one in await ledger.read(queries.discrepancies)] == [2]
    with pytest.raises(RefusedError, match="count it again by serial"):
        await ledger.write(lambda book: book.approve_count(movement_id(2), "Li", NOON + HOUR))
    await verified(ledger)
