"""Claims become legs: tables of what is claimed, what the book knows, and what is booked."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from onebook_collector.ledger.account import Account, AccountKind, BookedAccount, in_transit
from onebook_collector.ledger.goods import BookedItem, BookedLot, BookedSerial
from onebook_collector.ledger.posting import (
    Claim,
    DoubtKind,
    Leg,
    SeenSerial,
    name_serials,
    post_amount,
    post_reversal,
    post_serials,
)

ITEM = BookedItem(1, "LS01001", False, {"EA": (1, 1)})
L1, L2 = BookedLot(1, "L1", None, None), BookedLot(2, "L2", None, None)
S1, S2 = BookedSerial(1, "S1"), BookedSerial(2, "S2")


def _account(number: int, account: Account) -> BookedAccount:
    return BookedAccount(number, account.code, account, account.kind == AccountKind.REAL)


A = _account(1, Account(AccountKind.REAL, "wh-1", "A"))
B = _account(2, Account(AccountKind.REAL, "wh-1", "B"))
ELSEWHERE = _account(3, Account(AccountKind.REAL, "wh-2", "Z"))
SUPPLIER = _account(4, Account(AccountKind.SUPPLIER, "wh-1"))
CONSUMED = _account(5, Account(AccountKind.CONSUMED, "wh-1"))
UNEXPLAINED = _account(6, Account(AccountKind.UNEXPLAINED, "wh-1"))
TRANSIT = _account(7, in_transit("DB1"))
OTHER_TRANSIT = _account(8, in_transit("DB2"))

RECEIPT = Claim(ITEM, SUPPLIER, A, UNEXPLAINED)
ISSUE = Claim(ITEM, A, CONSUMED, UNEXPLAINED)
MOVE = Claim(ITEM, A, B, UNEXPLAINED)
ARRIVAL = Claim(ITEM, TRANSIT, A, UNEXPLAINED)
RECOVERY = Claim(ITEM, CONSUMED, A, UNEXPLAINED)


def said(legs: Sequence[Leg]) -> list[tuple[BookedAccount, int]]:
    return [(leg.account, leg.quantity) for leg in legs]


@pytest.mark.parametrize(
    ("claim", "quantity", "available", "drawn"),
    [
        (RECEIPT, 10, 0, 0),  # A supplier has no balance to be too small.
        (ARRIVAL, 10, -50, 0),  # Nor has a consignment.
        (ISSUE, 10, 10, 0),
        (ISSUE, 10, 11, 0),
        (ISSUE, 10, 4, 6),
        (ISSUE, 10, 0, 10),
        (ISSUE, 10, -3, 10),  # What a reversal left below zero stays as it is.
        (MOVE, 10, 9, 1),
    ],
)
def test_what_a_real_source_lacks_is_drawn_from_unexplained(
    claim: Claim, quantity: int, available: int, drawn: int
) -> None:
    legs, doubts = post_amount(claim, L1, quantity, available)
    extra = [(UNEXPLAINED, -drawn), (claim.source, drawn)] if drawn else []
    assert said(legs) == [*extra, (claim.source, -quantity), (claim.target, quantity)]
    assert [(one.kind, one.quantity) for one in doubts] == ([(DoubtKind.BOOK_TOO_SMALL, drawn)] if drawn else [])


@pytest.mark.parametrize(
    ("claim", "place", "is_late", "way", "doubt"),
    [
        (ISSUE, A, False, [A, CONSUMED], None),
        (ISSUE, B, False, [B, A, CONSUMED], DoubtKind.SERIAL_ELSEWHERE),
        (ISSUE, CONSUMED, False, [CONSUMED, A, CONSUMED], DoubtKind.SERIAL_ELSEWHERE),
        (ISSUE, None, False, [UNEXPLAINED, A, CONSUMED], DoubtKind.SERIAL_UNKNOWN),
        (ISSUE, B, True, [B, A, CONSUMED, B], DoubtKind.SERIAL_LATE),
        (ISSUE, A, True, [A, CONSUMED, A], DoubtKind.SERIAL_LATE),
        (MOVE, B, True, [B, A, B], DoubtKind.SERIAL_LATE),  # It is where the claim puts it: nothing to take back.
        (RECEIPT, None, False, [SUPPLIER, A], None),
        (
            RECEIPT,
            CONSUMED,
            False,
            [SUPPLIER, A],
            None,
        ),  # Issued once, bought again: outside the book there is no place.
        (RECOVERY, CONSUMED, False, [CONSUMED, A], None),
        (ARRIVAL, TRANSIT, False, [TRANSIT, A], None),
        (ARRIVAL, ELSEWHERE, False, [ELSEWHERE, TRANSIT, A], DoubtKind.SERIAL_ELSEWHERE),
        (ARRIVAL, OTHER_TRANSIT, False, [OTHER_TRANSIT, TRANSIT, A], DoubtKind.SERIAL_ELSEWHERE),
        (ARRIVAL, None, False, [UNEXPLAINED, TRANSIT, A], DoubtKind.SERIAL_UNKNOWN),
    ],
)
def test_a_piece_passes_from_where_the_book_has_it_to_where_it_is(
    claim: Claim, place: BookedAccount | None, is_late: bool, way: list[BookedAccount], doubt: DoubtKind | None
) -> None:
    legs, doubts = post_serials(claim, [SeenSerial(S1, place, L1 if place else None, L1, is_late)])
    assert said(legs) == [leg for here, there in pairwise(way) for leg in ((here, -1), (there, 1))]
    assert [one.kind for one in doubts] == ([doubt] if doubt else [])
    assert all(leg.serials == (S1,) for leg in legs)


@pytest.mark.parametrize("place", [B, TRANSIT])
def test_a_piece_received_while_the_book_still_holds_it_leaves_that_place_to_unexplained(place: BookedAccount) -> None:
    legs, doubts = post_serials(RECEIPT, [SeenSerial(S1, place, L1, L1, False)])
    assert said(legs) == [(place, -1), (UNEXPLAINED, 1), (SUPPLIER, -1), (A, 1)]
    assert [one.kind for one in doubts] == [DoubtKind.SERIAL_ALREADY_HELD]


def test_a_late_receipt_takes_back_the_draw_of_the_issue_that_overtook_it() -> None:
    legs, _ = post_serials(RECEIPT, [SeenSerial(S1, CONSUMED, L1, L1, True)])
    assert said(legs) == [(CONSUMED, -1), (UNEXPLAINED, 1), (SUPPLIER, -1), (A, 1), (A, -1), (CONSUMED, 1)]


def test_a_piece_changes_its_lot_by_way_of_unexplained_because_legs_balance_lot_by_lot() -> None:
    legs, doubts = post_serials(MOVE, [SeenSerial(S1, A, L1, L2, False)])
    assert [(leg.account, leg.lot.number, leg.quantity) for leg in legs] == [
        (A, "L1", -1),
        (UNEXPLAINED, "L1", 1),
        (UNEXPLAINED, "L2", -1),
        (A, "L2", 1),
        (A, "L2", -1),
        (B, "L2", 1),
    ]
    assert [one.kind for one in doubts] == [DoubtKind.SERIAL_OTHER_LOT]


def test_pieces_that_take_the_same_way_share_legs_and_doubts() -> None:
    seen = [SeenSerial(one, B, L1, L1, False) for one in (S1, S2)]
    legs, doubts = post_serials(ISSUE, seen)
    assert said(legs) == [(B, -2), (A, 2), (A, -2), (CONSUMED, 2)]
    assert [(one.quantity, one.detail) for one in doubts] == [
        (2, "the book had these serials on real/wh-1/B////: S1, S2")
    ]


def test_a_reversal_goes_back_the_way_that_the_goods_came() -> None:
    lines = [post_amount(ISSUE, L1, 10, 4).legs, post_amount(RECEIPT, L1, 1, 0).legs]
    undone = post_reversal(lines)
    assert said(undone[0]) == [(A, -1), (SUPPLIER, 1)]
    assert said(undone[1]) == [(CONSUMED, -10), (A, 10), (A, -6), (UNEXPLAINED, 6)]


def test_many_serials_are_named_by_the_first_few() -> None:
    assert name_serials([BookedSerial(number, f"S{number}") for number in range(7)]) == "S0, S1, S2, S3, S4 and 2 more"
