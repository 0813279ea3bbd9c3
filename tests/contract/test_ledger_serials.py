"""Goods that are told apart one by one: the book always knows one place for each, and says when a fact surprises it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_collector.ledger import queries
from onebook_collector.ledger.queries import BalanceFilter
from tests.contract.ledger_bench import Journal, Ledger, bin_code, open_ledger, stock_of, verified
from tests.contract.ledger_events import NOON, SERIAL, line, moved, reversed_

A, B = bin_code("A-01"), bin_code("B-01")
DOCUMENT = {"kind": "DB", "number": "DB1"}


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(request.param, tmp_path) as opened:
        yield opened


def piece(*serials: str, **where: object) -> dict[str, object]:
    return line(SERIAL, len(serials), serials=serials, **where)


async def place_of(ledger: Ledger, serial: str) -> str:
    (found,) = await ledger.read(lambda connection: queries.whereabouts(connection, serial))
    return found.place.code


async def doubts(ledger: Ledger) -> list[str]:
    return [one.kind for one in await ledger.read(queries.discrepancies)]


async def test_pieces_that_move_together_share_their_legs(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", piece("S1", "S2", "S3", lot="L1", to_bin="A-01")),
        moved(2, "bin_move", piece("S1", "S3", from_bin="A-01", to_bin="B-01")),
    )
    entries = await ledger.read(lambda connection: queries.history(connection, SERIAL, serial="S3"))
    assert [len(one.lines[0].legs) for one in entries] == [2, 2]
    assert entries[1].lines[0].legs[1].serials == ("S1", "S3")
    assert entries[1].lines[0].legs[1].lot.number == "L1"  # Nobody named the lot: each piece keeps its own.
    assert await doubts(ledger) == []
    await verified(ledger)


async def test_a_piece_that_was_elsewhere_is_brought_to_where_it_was_seen(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", piece("S1", to_bin="A-01")), moved(2, "issue", piece("S1", from_bin="B-01"))
    )
    assert await stock_of(ledger) == {("supplier/wh-1", SERIAL, ""): -1, ("consumed/wh-1", SERIAL, ""): 1}
    assert await doubts(ledger) == ["serial_elsewhere"]
    await verified(ledger)


async def test_a_piece_never_seen_comes_out_of_unexplained(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "issue", piece("S1", from_bin="A-01")))
    assert await stock_of(ledger) == {("unexplained/wh-1", SERIAL, ""): -1, ("consumed/wh-1", SERIAL, ""): 1}
    assert await doubts(ledger) == ["serial_unknown"]
    await verified(ledger)


async def test_a_piece_received_twice_is_in_one_place(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", piece("S1", to_bin="A-01")), moved(2, "receipt", piece("S1", to_bin="B-01"))
    )
    stock = await stock_of(ledger)
    assert (stock.get((A, SERIAL, ""), 0), stock[B, SERIAL, ""], stock["unexplained/wh-1", SERIAL, ""]) == (0, 1, 1)
    assert await doubts(ledger) == ["serial_already_held"]
    await verified(ledger)


async def test_an_issued_piece_comes_back_without_a_doubt(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", piece("S1", to_bin="A-01")),
        moved(2, "issue", piece("S1", from_bin="A-01")),
        moved(3, "recovery", piece("S1", to_bin="B-01")),
    )
    assert (await place_of(ledger, "S1"), await doubts(ledger)) == (B, [])
    await verified(ledger)


async def test_a_piece_under_another_lot_changes_its_lot_by_way_of_unexplained(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", piece("S1", lot="L1", to_bin="A-01")),
        moved(2, "bin_move", piece("S1", lot="L2", from_bin="A-01", to_bin="B-01")),
    )
    stock = await stock_of(ledger)
    assert (stock[B, SERIAL, "L2"], stock["unexplained/wh-1", SERIAL, "L1"]) == (1, 1)
    assert await doubts(ledger) == ["serial_other_lot"]
    await verified(ledger)


async def test_a_reversal_moves_pieces_back(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(
        moved(1, "receipt", piece("S1", "S2", to_bin="A-01")),
        moved(2, "bin_move", piece("S1", from_bin="A-01", to_bin="B-01"), piece("S2", from_bin="C-01", to_bin="B-01")),
        reversed_(3, 2),
    )
    assert (await place_of(ledger, "S1"), await place_of(ledger, "S2")) == (A, A)
    assert (await stock_of(ledger))[A, SERIAL, ""] == 2
    await verified(ledger)


async def test_a_late_move_does_not_bring_an_issued_piece_back(ledger: Ledger) -> None:
    """The gate reports the issue before the handheld reports the move that made it possible."""
    handheld, gate = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await handheld.book(moved(1, "receipt", piece("S1", to_bin="A-01")), at_ms=NOON)
    await gate.book(moved(2, "issue", piece("S1", from_bin="B-01")), at_ms=NOON + 20)
    await handheld.book(moved(3, "bin_move", piece("S1", from_bin="A-01", to_bin="B-01")), at_ms=NOON + 10)
    assert await place_of(ledger, "S1") == "consumed/wh-1"
    assert await stock_of(ledger) == {("supplier/wh-1", SERIAL, ""): -1, ("consumed/wh-1", SERIAL, ""): 1}
    assert sorted(await doubts(ledger)) == ["serial_elsewhere", "serial_late"]
    await verified(ledger)


async def test_a_late_receipt_explains_the_issue_that_overtook_it(ledger: Ledger) -> None:
    handheld, gate = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await gate.book(moved(1, "issue", piece("S1", from_bin="A-01")), at_ms=NOON + 20)
    await handheld.book(moved(2, "receipt", piece("S1", to_bin="A-01")), at_ms=NOON + 10)
    assert await stock_of(ledger) == {("supplier/wh-1", SERIAL, ""): -1, ("consumed/wh-1", SERIAL, ""): 1}
    await verified(ledger)


async def test_a_receipt_at_the_other_site_may_overtake_the_dispatch_of_a_piece(ledger: Ledger) -> None:
    here, there = Journal(ledger, "edge-1"), Journal(ledger, "edge-3")
    await here.book(moved(1, "receipt", piece("S1", to_bin="A-01")), at_ms=NOON)
    await there.book(moved(2, "transfer_in", piece("S1", to_bin="C-01"), document=DOCUMENT), at_ms=NOON + 20)
    await there.book(moved(3, "bin_move", piece("S1", from_bin="C-01", to_bin="D-01")), at_ms=NOON + 30)
    await here.book(moved(4, "transfer_out", piece("S1", from_bin="A-01"), document=DOCUMENT), at_ms=NOON + 10)
    there_now = bin_code("D-01", "wh-2")
    assert await place_of(ledger, "S1") == there_now
    assert await stock_of(ledger) == {("supplier/wh-1", SERIAL, ""): -1, (there_now, SERIAL, ""): 1}
    await verified(ledger)


async def test_a_fact_with_an_unknown_time_is_never_called_late(ledger: Ledger) -> None:
    journal, neighbour = Journal(ledger, "edge-1"), Journal(ledger, "edge-2")
    await journal.book(moved(1, "receipt", piece("S1", to_bin="A-01")), at_ms=NOON + 10_000)
    move = moved(2, "bin_move", piece("S1", from_bin="A-01", to_bin="B-01"))
    await neighbour.book(move, at_ms=NOON, received_ms=NOON + 5_000, synchronised=False)
    assert await place_of(ledger, "S1") == B
    await verified(ledger)


async def test_where_a_piece_was_is_a_balance_as_of_then(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "receipt", piece("S1", "S2", to_bin="A-01")), at_ms=NOON)
    await Journal(ledger, "edge-2").book(moved(2, "issue", piece("S1", from_bin="A-01")), at_ms=NOON + 50)
    then, now = BalanceFilter(serial="S1", as_of_ms=NOON + 49), BalanceFilter(serial="S1")
    assert [one.place.bin for one in await ledger.read(lambda c: queries.balances(c, then))] == ["A-01"]
    assert await ledger.read(lambda c: queries.balances(c, now)) == []
