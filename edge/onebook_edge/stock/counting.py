"""What a count changes in the local stock, as the book would adjust it (collector: `ledger/stocktake.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from onebook_edge.capture.held_goods import Key
from onebook_edge.stock.placing import Leg, Places, Serial
from onebook_schemas.stock_events import StockCounted


class Difference(NamedTuple):
    """How far a count and the stock are apart, and the legs that would bring them together."""

    book: Decimal
    size: Decimal  # For serials those missed and those found, together.
    legs: Sequence[Leg]


def difference_legs(places: Places, fact: StockCounted, counted: Decimal) -> Difference:
    """For goods that are not told apart one by one."""
    there = _counted(places, fact)
    book = sum((places.amounts[key] for key in there), Decimal(0))
    difference = counted - book
    return Difference(book, abs(difference), _legs(places, fact, there, difference))


def serial_legs(places: Places, fact: StockCounted) -> Difference:
    """Serials that were missed leave; those that were found come from where they are known to be."""
    there, at = _counted(places, fact), _asserted(fact)
    booked = {serial for key in there for serial in places.serials_in(key)}
    found = [Serial(fact.item, number) for number in fact.serials or ()]
    missed = sorted(booked - set(found))
    new = [serial for serial in found if serial not in booked]
    legs = []
    for serial in missed:
        place = places.place_of(serial)
        if place is not None and _is_same_account(place, at):  # Else something newer is known of it.
            legs.append(Leg(place, Decimal(-1), serial))
    for serial in new:
        place = places.place_of(serial)
        if place is not None and _is_same_account(place, at):
            continue
        if place is not None:
            legs.append(Leg(place, Decimal(-1), serial))
        lot = fact.lot.number if fact.lot else places.last_lot_of(serial)
        legs.append(Leg(at._replace(lot=lot), Decimal(1), serial))
    book = sum((places.amounts[key] for key in there), Decimal(0))
    return Difference(book, Decimal(len(missed) + len(new)), legs)


def _legs(places: Places, fact: StockCounted, there: Sequence[Key], difference: Decimal) -> list[Leg]:
    if not difference:
        return []
    if fact.lot is not None:
        return [Leg(_asserted(fact), difference)]
    held = [key for key in there if places.amounts[key] > 0]
    if difference > 0:
        return [Leg(held[0] if len(held) == 1 else _asserted(fact), difference)]
    return _first_expiring(places, held, -difference)


def _first_expiring(places: Places, held: Sequence[Key], missing: Decimal) -> list[Leg]:
    """What a count without a lot missed is taken from those that expire first: they are issued first."""
    legs = []
    for key in sorted(held, key=lambda one: (places.expiry(one), one.lot or "")):
        part = min(places.amounts[key], missing)
        if part:
            legs.append(Leg(key, -part))
            missing -= part
    return legs


def _asserted(fact: StockCounted) -> Key:
    return Key(fact.bin, fact.item, fact.lot.number if fact.lot else None, fact.status, fact.holding)


def _counted(places: Places, fact: StockCounted) -> list[Key]:
    """What a count speaks of: one lot, or all lots of the item there."""
    at = _asserted(fact)
    return [
        key
        for key in places.of_item(fact.item)
        if _is_same_account(key, at) and (fact.lot is None or key.lot == at.lot)
    ]


def _is_same_account(one: Key, other: Key) -> bool:
    return (one.bin, one.status, one.holding) == (other.bin, other.status, other.holding)
