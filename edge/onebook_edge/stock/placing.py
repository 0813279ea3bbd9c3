"""Where goods lie: amounts by place and lot, and each serial in one of them. Takes signed legs and finds things again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from onebook_edge.capture.held_goods import Key
from onebook_schemas.stock_events import Lot


class Serial(NamedTuple):
    item: str
    number: str


class Leg(NamedTuple):
    """So much comes to a place or leaves it."""

    key: Key
    amount: Decimal  # Signed.
    serial: Serial | None = None

    def opposite(self) -> Leg:
        return self._replace(amount=-self.amount)


class Places:
    """What is where. A balance may be below zero, as in the book."""

    def __init__(self) -> None:
        self.amounts: dict[Key, Decimal] = {}
        self._by_bin: dict[str, set[Key]] = defaultdict(set)
        self._by_item: dict[str, set[Key]] = defaultdict(set)
        self._lots: dict[tuple[str, str], Lot] = {}
        self._at: dict[Serial, Key | None] = {}
        self._last_lot: dict[Serial, str | None] = {}
        self._nets: dict[Key, dict[Serial, int]] = defaultdict(dict)

    def apply(self, leg: Leg) -> None:
        key, amount, serial = leg
        self.amounts[key] = self.amounts.get(key, Decimal(0)) + amount
        self._by_bin[key.bin].add(key)
        self._by_item[key.item].add(key)
        if serial is not None:
            self.put(serial, key, int(amount))

    def put(self, serial: Serial, key: Key, net: int = 1) -> None:
        """A serial comes to a place, or leaves it."""
        self._at[serial] = key if net > 0 else None
        self._last_lot[serial] = key.lot
        self._nets[key][serial] = self._nets[key].get(serial, 0) + net

    def learn_lot(self, item: str, lot: Lot | None) -> None:
        """Dates that a lot lacked are kept; those it has stay."""
        if lot is None:
            return
        known = self._lots.get((item, lot.number), lot)
        produced_on, expires_on = known.produced_on or lot.produced_on, known.expires_on or lot.expires_on
        self._lots[item, lot.number] = Lot(number=lot.number, produced_on=produced_on, expires_on=expires_on)

    def lot(self, key: Key) -> Lot | None:
        return self._lots.get((key.item, key.lot)) if key.lot is not None else None

    def expiry(self, key: Key) -> date:
        """For sorting: what has no date expires last."""
        lot = self.lot(key)
        return (lot.expires_on if lot else None) or date.max

    def in_bin(self, bin_code: str) -> Iterable[Key]:
        return self._by_bin.get(bin_code, ())

    def of_item(self, item: str) -> Iterable[Key]:
        return self._by_item.get(item, ())

    def place_of(self, serial: Serial) -> Key | None:
        return self._at.get(serial)

    def last_lot_of(self, serial: Serial) -> str | None:
        """The lot that it has, or had when it was here last."""
        return self._last_lot.get(serial)

    def serials_in(self, key: Key) -> list[Serial]:
        """Those whose comings outnumber their goings: what a count is compared with."""
        return sorted(serial for serial, net in self._nets.get(key, {}).items() if net > 0)
