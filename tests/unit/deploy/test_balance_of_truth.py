"""The check of the demonstration must be able to fail: a lost line, a doubled one, stock that nobody can explain."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from onebook_deploy.balance_of_truth import compare
from onebook_firmware_sim.truth_log import StockKey, TruthEntry, TruthKind


def did(operation: int, kind: TruthKind, quantity: int, **fields: Any) -> TruthEntry:
    base: dict[str, Any] = {
        "operation": operation,
        "line": 1,
        "at_ms": 0,
        "kind": kind,
        "happened": True,
        "scanned": True,
        "document": f"D{operation}",
        "item": "LS01001",
        "lot": "B1",
        "quantity": str(quantity),
        "unit": "EA",
    }
    return TruthEntry.model_validate(base | fields)


def booked(operation: int, quantity: int, from_bin: str | None, to_bin: str | None, **fields: Any) -> dict[str, Any]:
    def leg(bin_code: str | None, amount: int, outside: str) -> dict[str, Any]:
        place = {"kind": "real" if bin_code else outside, "bin": bin_code}
        return {"place": place, "lot": "B1", "quantity": str(amount), "serials": []}

    legs = [leg(from_bin, -quantity, "supplier"), leg(to_bin, quantity, "consumed")]
    movement: dict[str, Any] = {
        "movement_id": f"m{operation}",
        "document": {"number": f"D{operation}"},
        "reverses": None,
        "count": None,
        "lines": [{"item": {"code": "LS01001"}, "legs": legs}],
    }
    return movement | fields


WORLD = [did(1, TruthKind.RECEIPT, 20, to_bin="A"), did(2, TruthKind.ISSUE, 5, from_bin="A")]
BOOK = [booked(1, 20, None, "A"), booked(2, 5, "A", None)]
STOCK = {StockKey("A", "LS01001", "B1"): Decimal(15)}


def test_a_book_that_says_what_was_done_agrees() -> None:
    balance = compare("s", WORLD, BOOK, STOCK)
    assert balance.agrees
    assert (balance.done, balance.booked) == (2, 2)


def test_a_line_that_the_book_lacks_is_lost() -> None:
    balance = compare("s", WORLD, BOOK[:1], STOCK)
    assert [line.document for line in balance.lost] == ["D2"]
    assert not balance.agrees


def test_a_line_that_the_book_has_twice_is_doubled() -> None:
    balance = compare("s", WORLD, [*BOOK, BOOK[1] | {"movement_id": "again"}], STOCK)
    assert [line.document for line in balance.doubled] == ["D2"]
    assert not balance.agrees


def test_a_changed_quantity_is_lost_and_doubled_at_once() -> None:
    balance = compare("s", WORLD, [BOOK[0], booked(2, 6, "A", None)], STOCK)
    assert len(balance.lost) == len(balance.doubled) == 1


def test_what_was_reversed_counts_neither_way() -> None:
    mistake = booked(3, 99, None, "A")
    reversal = booked(3, 99, "A", None) | {"movement_id": "r3", "reverses": "m3"}
    assert compare("s", WORLD, [*BOOK, mistake, reversal], STOCK).agrees


def test_stock_that_nobody_can_explain_does_not_agree() -> None:
    balance = compare("s", WORLD, BOOK, {StockKey("A", "LS01001", "B1"): Decimal(14)})
    assert not balance.agrees
    assert balance.unlike == ["A LS01001 B1: 15 there, 14 in the book"]


def test_goods_that_vanished_unseen_may_still_stand_in_the_book() -> None:
    loss = did(3, TruthKind.LOSS, 2, from_bin="A", scanned=False, document=None)
    balance = compare("s", [*WORLD, loss], BOOK, STOCK)
    assert balance.agrees
    assert balance.unseen == 1


def test_what_the_book_drew_from_unexplained_does_not_change_the_line() -> None:
    legs = [
        {"place": {"kind": "unexplained", "bin": None}, "lot": "B1", "quantity": "-2", "serials": []},
        {"place": {"kind": "real", "bin": "A"}, "lot": "B1", "quantity": "2", "serials": []},
        {"place": {"kind": "real", "bin": "A"}, "lot": "B1", "quantity": "-5", "serials": []},
        {"place": {"kind": "consumed", "bin": None}, "lot": "B1", "quantity": "5", "serials": []},
    ]
    drawn = booked(2, 5, "A", None) | {"lines": [{"item": {"code": "LS01001"}, "legs": legs}]}
    assert not compare("s", WORLD, [BOOK[0], drawn], STOCK).lost
