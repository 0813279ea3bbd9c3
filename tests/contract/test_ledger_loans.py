"""What leaves to come back, goods that make room for newer ones, and goods that came before their papers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_collector.ledger import queries
from onebook_collector.ledger.book import VerdictKind
from tests.contract.ledger_bench import Journal, Ledger, bin_code, open_ledger, stock_of, verified
from tests.contract.ledger_events import LOT, SERIAL, line, moved, papers, reversed_

A, CHECK = bin_code("A-01"), bin_code("Q-01", status="awaiting_inspection")
LENT = ("on_loan/wh-1", LOT, "L1")
BACK = {"to_bin": "Q-01", "to_status": "awaiting_inspection", "from_status": "on_loan"}


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(request.param, tmp_path) as opened:
        yield opened


async def open_items(ledger: Ledger) -> list[str]:
    return [one.kind for one in await ledger.read(queries.discrepancies)]


async def test_what_is_lent_is_owed_until_it_comes_back_and_is_inspected_before_it_is_available(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(
        moved(1, "receipt", line(LOT, 10, lot="L1", to_bin="A-01")),
        moved(2, "loan", line(LOT, 6, lot="L1", from_bin="A-01")),
        moved(3, "recovery", line(LOT, 4, lot="L1", **BACK)),
    )
    stock = await stock_of(ledger)
    assert (stock[A, LOT, "L1"], stock[LENT], stock[CHECK, LOT, "L1"]) == (4, 2, 4)
    inspected = line(
        LOT, 4, lot="L1", from_bin="Q-01", to_bin="A-01", from_status="awaiting_inspection", to_status="available"
    )
    await journal.book(moved(4, "status_change", inspected))
    assert (await stock_of(ledger))[A, LOT, "L1"] == 8
    assert await open_items(ledger) == []
    await verified(ledger)


async def test_more_than_was_lent_comes_back_and_a_person_must_look(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(
        moved(1, "receipt", line(LOT, 10, lot="L1", to_bin="A-01")),
        moved(2, "loan", line(LOT, 3, lot="L1", from_bin="A-01")),
        moved(3, "recovery", line(LOT, 5, lot="L1", **BACK)),
    )
    stock = await stock_of(ledger)
    assert (stock.get(LENT, 0), stock["unexplained/wh-1", LOT, "L1"], stock[CHECK, LOT, "L1"]) == (0, -2, 5)
    assert await open_items(ledger) == ["book_too_small"]
    await verified(ledger)


async def test_a_serial_that_was_issued_for_good_and_comes_back_as_lent_is_brought_from_where_it_was(
    ledger: Ledger,
) -> None:
    journal = Journal(ledger)
    back = {key: BACK[key] for key in ("to_bin", "to_status", "from_status")}
    await journal.book(
        moved(1, "receipt", line(SERIAL, 1, serials=["S1"], to_bin="A-01")),
        moved(2, "issue", line(SERIAL, 1, serials=["S1"], from_bin="A-01")),
        moved(3, "recovery", line(SERIAL, 1, serials=["S1"], **back)),
    )
    assert (await stock_of(ledger))[CHECK, SERIAL, ""] == 1
    assert await open_items(ledger) == ["serial_elsewhere"]
    await verified(ledger)


async def test_goods_that_are_not_lent_come_back_from_what_was_used(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "recovery", line(LOT, 5, to_bin="A-01")))
    assert (await stock_of(ledger))["consumed/wh-1", LOT, ""] == -5


async def test_a_rotation_is_over_when_as_much_came_in_as_went_out_in_whatever_order(ledger: Ledger) -> None:
    journal = Journal(ledger)
    by = {"document": {"kind": "LH", "number": "LH1"}, "rotation": "factory_return"}
    await journal.book(
        moved(1, "receipt", line(LOT, 10, lot="OLD", to_bin="A-01")),
        moved(2, "rotation_in", line(LOT, 10, lot="NEW", to_bin="A-01"), **by),
        moved(3, "rotation_out", line(LOT, 10, lot="OLD", from_bin="A-01"), **by),
    )
    stock = await stock_of(ledger)
    assert stock == {
        ("supplier/wh-1", LOT, "OLD"): -10,
        (A, LOT, "NEW"): 10,
        ("in_rotation/wh-1", LOT, "OLD"): 10,
        ("in_rotation/wh-1", LOT, "NEW"): -10,
    }
    assert await open_items(ledger) == []
    await verified(ledger)


@pytest.mark.parametrize("more", [{}, {"rotation": "by_magic"}])
async def test_a_rotation_without_a_method_is_not_booked(ledger: Ledger, more: dict[str, str]) -> None:
    (verdict,) = await Journal(ledger).book(moved(1, "rotation_in", line(LOT, 1, to_bin="A-01"), **more))
    assert verdict.kind is VerdictKind.QUARANTINED


async def test_goods_before_their_papers_are_usable_and_an_open_item_until_the_papers_come(ledger: Ledger) -> None:
    journal = Journal(ledger)
    lines = [line(LOT, 5, lot="L1", to_bin="A-01"), line(LOT, 1, to_bin="A-01")]
    await journal.book(moved(1, "donation", *lines, papers="follow"), papers(9, 7))
    assert (await stock_of(ledger))[A, LOT, "L1"] == 5
    assert await open_items(ledger) == ["papers_missing"]
    (verdict,) = await journal.book(papers(2, 1))
    assert (verdict.kind, await open_items(ledger)) == (VerdictKind.POSTED, [])
    (waiting,) = await ledger.read(queries.quarantine)
    assert waiting.reason.startswith("accepted_unknown")
    await verified(ledger)


async def test_goods_that_are_taken_back_out_of_the_book_need_no_papers(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "donation", line(LOT, 5, to_bin="A-01"), papers="follow"), reversed_(2, 1))
    assert await open_items(ledger) == []
    (verdict,) = await Journal(ledger, "edge-3").book(papers(3, 1))
    assert (verdict.reason or "").startswith("accepted_other_site")
    await verified(ledger)


async def test_papers_are_not_reversed_but_said_again(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "donation", line(LOT, 5, to_bin="A-01"), papers="follow"), papers(2, 1))
    (verdict,) = await journal.book(reversed_(3, 2))
    assert (verdict.reason or "").startswith("reverses_papers")
    (verdict,) = await journal.book(papers(4, 1))
    assert verdict.kind is VerdictKind.POSTED


async def test_papers_said_twice_are_one_entry(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "donation", line(LOT, 5, to_bin="A-01"), papers="follow"))
    verdicts = await journal.book(papers(2, 1), papers(2, 1))
    assert [one.kind for one in verdicts] == [VerdictKind.POSTED, VerdictKind.NOTED]
