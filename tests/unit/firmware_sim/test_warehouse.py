from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_firmware_sim.warehouse import ImpossibleError, Pile
from tests.unit.firmware_sim.store import NEW_BEDS, TENTS, warehouse


def test_what_was_put_lies_there_and_can_be_counted() -> None:
    store = warehouse()
    store.put("A-1", NEW_BEDS, Decimal(12))
    store.put("A-1", NEW_BEDS, Decimal(8))
    store.put("A-1", TENTS, Decimal(2), ["11", "12"])
    assert store.count("A-1") == {NEW_BEDS: Pile(Decimal(20)), TENTS: Pile(Decimal(2), {"11", "12"})}


def test_a_pile_that_is_taken_whole_is_gone() -> None:
    store = warehouse()
    store.put("A-1", NEW_BEDS, Decimal(12))
    store.take("A-1", NEW_BEDS, Decimal(12))
    assert store.count("A-1") == {}


def test_what_is_not_there_cannot_be_taken() -> None:
    store = warehouse()
    store.put("A-1", NEW_BEDS, Decimal(5))
    with pytest.raises(ImpossibleError, match="A-1 holds 5 of LS01006"):
        store.take("A-1", NEW_BEDS, Decimal(6))
    with pytest.raises(ImpossibleError):
        store.take("A-2", NEW_BEDS, Decimal(1))
    assert store.count("A-1")[NEW_BEDS].quantity == 5


def test_a_serial_lies_in_one_place_only() -> None:
    store = warehouse()
    store.put("A-1", TENTS, Decimal(1), ["11"])
    with pytest.raises(ImpossibleError, match="lies in this warehouse already"):
        store.put("A-2", TENTS, Decimal(1), ["11"])
    with pytest.raises(ImpossibleError):
        store.take("A-1", TENTS, Decimal(1), ["12"])


@pytest.mark.parametrize("quantity", ["0", "-1"])
def test_only_an_amount_above_zero_moves(quantity: str) -> None:
    with pytest.raises(ImpossibleError, match="is no amount"):
        warehouse().put("A-1", NEW_BEDS, Decimal(quantity))


def test_goods_told_apart_by_serial_have_one_each() -> None:
    with pytest.raises(ImpossibleError, match="2 of LS01004 have 2 serials"):
        warehouse().put("A-1", TENTS, Decimal(2), ["11"])


def test_a_move_to_a_bin_that_is_not_there_leaves_everything_in_place() -> None:
    store = warehouse()
    store.put("A-1", TENTS, Decimal(2), ["11", "12"])
    with pytest.raises(ImpossibleError, match="no bin B-9"):
        store.move("A-1", "B-9", TENTS, Decimal(2), ["11", "12"])
    store.move("A-1", "A-2", TENTS, Decimal(1), ["12"])
    assert store.count("A-1")[TENTS].serials == {"11"}
    assert store.count("A-2")[TENTS].serials == {"12"}


def test_it_is_warmest_and_driest_in_the_afternoon() -> None:
    store = warehouse()
    store.breathe(15)
    afternoon = (store.climates["A"].temperature_c, store.climates["A"].humidity_rh)
    store.breathe(3)
    assert afternoon == (Decimal(25), Decimal(50))
    assert (store.climates["A"].temperature_c, store.climates["A"].humidity_rh) == (Decimal(15), Decimal(70))


def test_a_heated_zone_is_warmer_until_the_heat_is_off_and_the_others_are_not() -> None:
    store = warehouse()
    store.heat("A", 14)
    store.breathe(15)
    assert (store.climates["A"].temperature_c, store.climates["G"].temperature_c) == (Decimal(39), Decimal(25))
    store.heat("A", 0)
    store.breathe(15)
    assert store.climates["A"].temperature_c == Decimal(25)
