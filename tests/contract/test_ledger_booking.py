"""Every store books the same events alike: verdicts, legs, balances, chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onebook_collector.errors import NotFoundError
from onebook_collector.ledger import queries
from onebook_collector.ledger.book import VerdictKind
from onebook_schemas.chain import chain_start
from tests.contract.ledger_bench import Journal, Ledger, bin_code, open_ledger, stock_of, verified
from tests.contract.ledger_events import BULK, LOT, NOON, SERIAL, counted, line, log_of, moved, movement_id, reversed_

A, B = bin_code("A-01"), bin_code("B-01")


@pytest.fixture(params=["memory", "sqlite"])
async def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    async with open_ledger(request.param, tmp_path) as opened:
        yield opened


async def test_a_receipt_and_an_issue_are_posted_and_verified(ledger: Ledger) -> None:
    verdicts = await Journal(ledger).book(
        moved(1, "receipt", line(LOT, 100, lot="L1", to_bin="A-01"), document={"kind": "RK", "number": "RK1"}),
        moved(2, "issue", line(LOT, 30, lot="L1", from_bin="A-01")),
    )
    assert [(one.kind, one.ledger_seq) for one in verdicts] == [(VerdictKind.POSTED, 1), (VerdictKind.POSTED, 2)]
    assert await stock_of(ledger) == {
        ("supplier/wh-1", LOT, "L1"): -100,
        (A, LOT, "L1"): 70,
        ("consumed/wh-1", LOT, "L1"): 30,
    }
    report = await verified(ledger)
    assert [check.checked for check in report.checks[:3]] == [2, 2, 2]


async def test_an_edge_that_the_book_never_saw_stands_at_zero_with_the_head_of_an_empty_chain(ledger: Ledger) -> None:
    key = log_of("edge-9")
    cursor = await ledger.write(lambda book: book.cursor(key))
    assert (cursor.accepted_through, cursor.head, cursor.forked) == (0, chain_start(*key), False)
    assert await ledger.write(lambda book: book.stored_hash(key, 1)) is None


async def test_cursor_and_stored_hashes_follow_what_was_booked(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    first = await ledger.write(lambda book: book.cursor(journal.key))
    await journal.book(moved(2, "receipt", line(LOT, 1, to_bin="A-01")))
    second = await ledger.write(lambda book: book.cursor(journal.key))
    assert (first.accepted_through, second.accepted_through) == (1, 2)
    assert await ledger.write(lambda book: book.stored_hash(journal.key, 1)) == first.head
    assert await ledger.write(lambda book: book.stored_hash(journal.key, 2)) == second.head
    assert await ledger.write(lambda book: book.stored_hash(journal.key, 3)) is None


async def test_movements_of_all_edges_share_one_sequence_without_holes(ledger: Ledger) -> None:
    one, two = Journal(ledger, "edge-1"), Journal(ledger, "edge-3")
    seqs = []
    for number in range(1, 7):
        journal = one if number % 3 else two
        verdicts = await journal.book(moved(number, "receipt", line(LOT, 5, to_bin="A-01")))
        seqs.append(verdicts[0].ledger_seq)
    assert seqs == [1, 2, 3, 4, 5, 6]
    await verified(ledger)


async def test_events_that_change_no_stock_are_noted(ledger: Ledger) -> None:
    fact = {"type": "device_state_changed", "device": "scale-1", "state": "silent"}
    verdicts = await Journal(ledger, "edge-9").book(fact)  # Even of an edge that nobody registered.
    assert verdicts[0].kind is VerdictKind.NOTED
    await verified(ledger)


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (moved(1, "receipt", line("LS99999", 1, to_bin="A-01")), "unknown_item: LS99999"),
        (moved(1, "receipt", line(LOT, 1, unit="KGM", to_bin="A-01")), "unknown_unit: LS01001 is not counted in KGM"),
        (moved(1, "receipt", line(BULK, "0.0000015", unit="TNE", to_bin="A-01")), "inexact_amount: 0.0000015 TNE"),
        (moved(1, "receipt", line(BULK, "200000000", unit="TNE", to_bin="A-01")), "amount_too_large"),
        (moved(1, "receipt", line(SERIAL, 2, to_bin="A-01", serials=["S1"])), "serials_missing"),
        (moved(1, "receipt", line(LOT, 1, to_bin="A-01"), corrects=movement_id(9)), "corrects_unreversed"),
        (moved(1, "receipt", line(LOT, 1, to_bin="A-01"), reason="a\0b"), "unprintable"),
        (reversed_(1, 9), "reverses_unknown"),
        (counted(1, "LS99999", "A-01", 5), "unknown_item"),
        (counted(1, SERIAL, "A-01", 2, serials=["S1"]), "serials_missing"),
    ],
)
async def test_what_cannot_be_booked_goes_to_quarantine_and_leaves_nothing_else(
    ledger: Ledger, fact: dict[str, object], reason: str
) -> None:
    journal = Journal(ledger)
    verdicts = await journal.book(fact, moved(2, "receipt", line(LOT, 1, to_bin="A-01")))
    assert verdicts[0].kind is VerdictKind.QUARANTINED
    assert (verdicts[0].reason or "").startswith(reason)
    assert verdicts[1].ledger_seq == 1  # What is behind it is booked.
    assert [one.sequence for one in await ledger.read(queries.quarantine)] == [1]
    assert sorted(await stock_of(ledger)) == [(A, LOT, ""), ("supplier/wh-1", LOT, "")]
    await verified(ledger)


async def test_an_inexact_amount_is_told_the_nearest_exact_ones(ledger: Ledger) -> None:
    verdicts = await Journal(ledger).book(moved(1, "receipt", line(BULK, "1.2345678", unit="TNE", to_bin="A-01")))
    assert "nearest: 1.234567 or 1.234568 TNE" in (verdicts[0].reason or "")


async def test_stock_events_of_an_unregistered_edge_wait_in_quarantine(ledger: Ledger) -> None:
    verdicts = await Journal(ledger, "edge-9").book(moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    assert (verdicts[0].reason or "").startswith("edge_not_registered")


async def test_an_unreadable_line_is_quarantined_with_its_bytes(ledger: Ledger) -> None:
    journal = Journal(ledger)
    journal.sequence = 1
    await journal.send(b'{"sequence": 1, "fact": "?"}')
    waiting = await ledger.read(queries.quarantine)
    assert (waiting[0].event_type, waiting[0].body) == ("unreadable", b'{"sequence": 1, "fact": "?"}')
    await verified(ledger)


@pytest.mark.parametrize("wall_ms", [-1, 2**62])
async def test_an_impossible_time_is_quarantined_and_not_stored_as_a_time(ledger: Ledger, wall_ms: int) -> None:
    verdicts = await Journal(ledger).book(moved(1, "receipt", line(LOT, 1, to_bin="A-01")), at_ms=wall_ms)
    assert (verdicts[0].reason or "").startswith("impossible_time")
    assert (await ledger.read(queries.quarantine))[0].event_time_ms == NOON + 1_500  # When it was received.


async def test_an_impossible_time_does_not_bound_the_times_after_it(ledger: Ledger) -> None:
    key = log_of("edge-1")
    for accepted, last_event_ms in ((1, NOON), (2, 2**70)):
        await ledger.write(lambda book, a=accepted, ms=last_event_ms: book.advance(key, a, bytes(32), ms, NOON))
    assert (await ledger.write(lambda book: book.cursor(key))).last_event_ms == NOON


async def test_the_same_movement_from_a_new_storage_card_is_booked_once(ledger: Ledger) -> None:
    receipt = moved(1, "receipt", line(LOT, 7, to_bin="A-01"))
    await Journal(ledger).book(receipt)
    again = await Journal(ledger, epoch="f" * 16).book(receipt)
    assert (again[0].kind, again[0].reason) == (VerdictKind.NOTED, "repeated: booked as entry 1")
    assert (await stock_of(ledger))[A, LOT, ""] == 7
    await verified(ledger)


async def test_another_content_under_a_known_movement_id_is_quarantined(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "receipt", line(LOT, 7, to_bin="A-01")))
    verdicts = await journal.book(moved(1, "receipt", line(LOT, 8, to_bin="A-01")))
    assert (verdicts[0].reason or "").startswith("movement_id_taken")


async def test_units_of_one_item_meet_in_base_units(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", line(BULK, "1.5", unit="TNE", to_bin="A-01")),
        moved(2, "issue", line(BULK, "250.125", unit="KGM", from_bin="A-01")),
    )
    assert (await stock_of(ledger))[A, BULK, ""] == 1_249_875


async def test_what_the_book_lacks_is_drawn_from_unexplained_and_asks_for_a_person(ledger: Ledger) -> None:
    await Journal(ledger).book(
        moved(1, "receipt", line(LOT, 10, lot="L1", to_bin="A-01")),
        moved(2, "issue", line(LOT, 25, lot="L1", from_bin="A-01")),
    )
    stock = await stock_of(ledger)
    assert (stock["unexplained/wh-1", LOT, "L1"], stock["consumed/wh-1", LOT, "L1"]) == (-15, 25)
    assert (A, LOT, "L1") not in stock
    (found,) = await ledger.read(queries.discrepancies)
    assert (found.kind, found.quantity, found.ledger_seq) == ("book_too_small", 15, 2)
    await verified(ledger)


async def test_later_lines_of_a_movement_see_what_earlier_ones_left(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "receipt", line(LOT, 10, to_bin="A-01")))
    two = [line(LOT, 6, from_bin="A-01", to_bin="B-01"), line(LOT, 6, from_bin="A-01", to_bin="B-01")]
    await journal.book(moved(2, "bin_move", *two))
    stock = await stock_of(ledger)
    assert (stock[B, LOT, ""], stock["unexplained/wh-1", LOT, ""]) == (12, -2)


async def test_holdings_and_statuses_are_accounts_of_their_own(ledger: Ledger) -> None:
    holding = {"owner_org": "省粮食物资局", "custodian_org": "a/b%", "reserve_mode": "commercial_reserve"}
    into = {"to_bin": "A-01", "to_status": "awaiting_inspection", "holding": holding}
    passed = {"from_bin": "A-01", "to_bin": "A-01", "from_status": "awaiting_inspection", "holding": holding}
    await Journal(ledger).book(
        moved(1, "receipt", line(LOT, 10, **into)), moved(2, "status_change", line(LOT, 4, **passed))
    )
    prefix = "real/wh-1/A-01/省粮食物资局/a%2Fb%25/commercial_reserve"
    stock = await stock_of(ledger)
    assert (stock[f"{prefix}/awaiting_inspection", LOT, ""], stock[f"{prefix}/available", LOT, ""]) == (6, 4)


async def test_a_receipt_may_overtake_its_dispatch(ledger: Ledger) -> None:
    document = {"kind": "DB", "number": "DB1"}
    here, there = Journal(ledger, "edge-1"), Journal(ledger, "edge-3")
    await here.book(moved(1, "receipt", line(LOT, 10, lot="L1", to_bin="A-01")))
    await there.book(moved(2, "transfer_in", line(LOT, 10, lot="L1", to_bin="C-01"), document=document))
    assert (await stock_of(ledger))["in_transit/DB1", LOT, "L1"] == -10
    await here.book(moved(3, "transfer_out", line(LOT, 10, lot="L1", from_bin="A-01"), document=document))
    stock = await stock_of(ledger)
    assert ("in_transit/DB1", LOT, "L1") not in stock
    assert stock[bin_code("C-01", "wh-2"), LOT, "L1"] == 10
    await verified(ledger)


async def test_a_reversal_books_the_exact_opposite_once(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(
        moved(1, "receipt", line(LOT, 10, to_bin="A-01")), moved(2, "issue", line(LOT, 4, from_bin="A-01"))
    )
    verdicts = await journal.book(
        reversed_(3, 2), reversed_(4, 2), moved(5, "issue", line(LOT, 1, from_bin="A-01"), corrects=movement_id(2))
    )
    assert [one.kind for one in verdicts] == [VerdictKind.POSTED, VerdictKind.QUARANTINED, VerdictKind.POSTED]
    assert (verdicts[1].reason or "").startswith("reversed_already")
    assert (await stock_of(ledger))[A, LOT, ""] == 9
    entry = await ledger.read(lambda connection: queries.movement(connection, movement_id(2)))
    assert entry is not None
    assert entry.reversed_by == movement_id(3)
    await verified(ledger)


async def test_a_reversal_may_drive_a_balance_below_zero_but_says_so(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(
        moved(1, "receipt", line(LOT, 10, to_bin="A-01")),
        moved(2, "issue", line(LOT, 10, from_bin="A-01")),
        reversed_(3, 1),
    )
    assert (await stock_of(ledger))[A, LOT, ""] == -10
    assert [one.kind for one in await ledger.read(queries.discrepancies)] == ["reversal_below_zero"]
    await journal.book(moved(4, "issue", line(LOT, 3, from_bin="A-01")))  # Does not make it worse.
    assert (await stock_of(ledger))[A, LOT, ""] == -10
    await verified(ledger)


async def test_a_site_reverses_only_its_own_movements(ledger: Ledger) -> None:
    await Journal(ledger, "edge-1").book(moved(1, "receipt", line(LOT, 10, to_bin="A-01")))
    other = await Journal(ledger, "edge-3").book(reversed_(2, 1))
    assert (other[0].reason or "").startswith("reverses_other_site")
    neighbour = await Journal(ledger, "edge-2").book(reversed_(3, 1))  # Another edge of the same site.
    assert neighbour[0].kind is VerdictKind.POSTED


async def test_a_reversal_is_not_reversed(ledger: Ledger) -> None:
    verdicts = await Journal(ledger).book(
        moved(1, "receipt", line(LOT, 10, to_bin="A-01")), reversed_(2, 1), reversed_(3, 2)
    )
    assert (verdicts[2].reason or "").startswith("reverses_reversal")


async def test_dates_of_a_lot_are_kept_once_known_and_a_contradiction_is_shown(ledger: Ledger) -> None:
    def receipt(number: int, **dates: str) -> dict[str, object]:
        return moved(number, "receipt", line(LOT, 1, lot={"number": "L1", **dates}, to_bin="A-01"))

    await Journal(ledger).book(receipt(1), receipt(2, expires_on="2030-01-31"), receipt(3, expires_on="2031-01-31"))
    (balance,) = await ledger.read(lambda connection: queries.balances(connection, queries.BalanceFilter()))
    assert balance.lot.expires_on == "2030-01-31"
    (found,) = await ledger.read(queries.discrepancies)
    assert (found.kind, found.ledger_seq) == ("lot_dates_differ", 3)


async def test_a_fork_is_kept_as_evidence_and_holds_the_log_until_a_person_decides(ledger: Ledger) -> None:
    journal = Journal(ledger)
    await journal.book(moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    for upload in (b"another past", b"another past", b"yet another"):
        await ledger.write(lambda book, upload=upload: book.record_fork(journal.key, upload, "why", NOON))
    assert (await ledger.write(lambda book: book.cursor(journal.key))).forked
    assert [(one.size, one.released_at_ms) for one in await ledger.read(queries.forks)] == [(11, None), (12, None)]
    await ledger.write(lambda book: book.release_fork(journal.key, "Li", "card found", NOON + 9))
    assert not (await ledger.write(lambda book: book.cursor(journal.key))).forked
    assert {one.released_at_ms for one in await ledger.read(queries.forks)} == {NOON + 9}
    with pytest.raises(NotFoundError):
        await ledger.write(lambda book: book.release_fork(journal.key, "Li", "", NOON))
    await verified(ledger)


async def test_a_restore_is_an_entry_and_begins_a_feed_of_its_own(ledger: Ledger) -> None:
    await Journal(ledger).book(moved(1, "receipt", line(LOT, 1, to_bin="A-01")))
    epoch = await ledger.write(lambda book: book.new_feed_epoch("backup of last night", NOON))
    assert await ledger.read(queries.feed_epoch) == epoch
    entry = (await ledger.read(lambda connection: queries.feed(connection, 1)))[0]
    assert (entry.row.kind, entry.row.reason, entry.lines) == ("restored", "backup of last night", ())
    await verified(ledger)
