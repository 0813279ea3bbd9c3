"""What lies where in this warehouse, as far as this box knows: the centre's stock document, and its own facts that came after.

Pure. It informs and never refuses. The fold follows the rules of the book (collector: `ledger/posting.py`, `ledger/stocktake.py`)
for the bins of this site, so that it comes to the same balances once the centre has booked the same facts:

  too little   what leaves a bin and was not there came from `unexplained`: the balance ends at zero, or stays below it as it was.
  serials      a serial is taken from where it is known to be, whatever bin the fact names.
  counts       a small difference is adjusted at once, a larger one waits for a person at the centre and changes nothing.
  reversals    the exact opposite of what was folded, also below zero.

It cannot know what other boxes of the site recorded since the document was made, the lot of a piece that was away, nor which
part of a movement from before the document came from `unexplained`, should that be reversed: the next document settles it. What
the centre would quarantine (serials missing, a reversal of a reversal ...) is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from onebook_edge.capture.catalogue import Catalogue, Tracking, mass_in
from onebook_edge.capture.held_goods import Held, Key
from onebook_edge.stock.counting import difference_legs, serial_legs
from onebook_edge.stock.placing import Leg, Places, Serial
from onebook_schemas.quantities import Quantity
from onebook_schemas.reference import StockDocument, StockLine
from onebook_schemas.stock_events import (
    GoodsMoved,
    Lot,
    MovedLine,
    MovementReversed,
    PapersFollowed,
    StockCounted,
    StockStatus,
)

COUNT_REVIEW_FRACTION: Final = Decimal("0.05")
"""As the centre has it unless it was set otherwise: a count that differs by more changes nothing before a person has looked."""
MOVEMENTS_MAX: Final = 5_000
"""Movements that can still be taken back here; the centre can take back any."""


class _Folded(NamedTuple):
    """What a movement did here, so that a reversal can do the opposite."""

    legs: tuple[Leg, ...] = ()
    is_final: bool = False  # A reversal, or papers: cannot be taken back.


class LocalStock:
    """Built from a document, then fed with each fact that is recorded, in the order of the journal."""

    is_known = True

    def __init__(
        self,
        document: StockDocument | None = None,
        catalogue: Catalogue | None = None,
        *,
        count_review_fraction: Decimal = COUNT_REVIEW_FRACTION,
    ) -> None:
        self.catalogue = catalogue or Catalogue()
        self.version = document.version if document else None
        self._taken: Mapping[str, int] = {one.epoch: one.sequence for one in document.taken} if document else {}
        self._fraction = count_review_fraction
        self._places = Places()
        self._units: dict[str, str] = {}
        self._folded: dict[str, _Folded] = {}
        self._reversed: set[str] = set()
        for line in document.lines if document else ():
            self._lay(line)

    def holds(self, epoch: str, sequence: int) -> bool:
        """Whether the document has this event of the journal in its figures."""
        return sequence <= self._taken.get(epoch, 0)

    # What is asked --------------------------------------------------------------------------------------------------

    def in_bin(self, bin_code: str) -> tuple[Held, ...]:
        """What should lie in a bin, by item, then expiry."""
        return self._held(self._places.in_bin(bin_code))

    def of_item(self, item: str) -> tuple[Held, ...]:
        """All of an item, what expires first before the rest."""
        return self._held(self._places.of_item(item))

    def place_of(self, item: str, serial: str) -> Key | None:
        """Where a piece is; None when it is in no bin here, or was never seen."""
        return self._places.place_of(Serial(item, serial))

    def expiring_by(self, day: date) -> tuple[Held, ...]:
        """Everything that expires on that day or before, the most urgent first; what is expired already too."""
        due = [key for key in self._places.amounts if self._places.expiry(key) <= day]
        return tuple(sorted(self._held(due), key=lambda held: held.expires_on or date.max))

    def everything(self) -> tuple[Held, ...]:
        return self._held(self._places.amounts)

    # What happens ---------------------------------------------------------------------------------------------------

    def record(self, fact: object) -> None:
        """Take a fact of this box's journal that is not in the document. Facts that move nothing are passed by."""
        match fact:
            case GoodsMoved():
                self._move(fact)
            case MovementReversed():
                self._reverse(fact)
            case StockCounted():
                self._count(fact)
            case PapersFollowed():
                self._keep(fact.movement_id, _Folded(is_final=True))

    def remember(self, fact: object) -> None:
        """Take note of a fact whose effect the document holds: it may be taken back later."""
        if isinstance(fact, GoodsMoved):
            self._keep(fact.movement_id, _Folded(tuple(self._as_claimed(fact))))
        elif isinstance(fact, PapersFollowed):
            self._keep(fact.movement_id, _Folded(is_final=True))
        elif isinstance(fact, MovementReversed):
            self._reversed.add(fact.reverses)
            self._keep(fact.movement_id, _Folded(is_final=True))

    def _move(self, fact: GoodsMoved) -> None:
        if fact.movement_id in self._folded or not self._is_bookable(fact):
            return
        legs: list[Leg] = []
        for line in fact.lines:
            self._places.learn_lot(line.item, line.lot)
            for leg in self._legs(line):
                self._places.apply(leg)
                legs.append(leg)
        self._keep(fact.movement_id, _Folded(tuple(legs)))

    def _is_bookable(self, fact: GoodsMoved) -> bool:
        if fact.corrects is not None and fact.corrects not in self._reversed:
            return False
        amounts = [self._amount(line.item, line.quantity) for line in fact.lines]
        return all(
            amount is not None and (not self._is_by_serial(line.item) or len(line.serials) == amount)
            for line, amount in zip(fact.lines, amounts, strict=True)
        )

    def _reverse(self, fact: MovementReversed) -> None:
        original = self._folded.get(fact.reverses)
        if fact.movement_id in self._folded or fact.reverses in self._reversed:
            return
        if original is None or original.is_final:
            return
        for leg in reversed(original.legs):
            self._places.apply(leg.opposite())
        self._reversed.add(fact.reverses)
        self._keep(fact.movement_id, _Folded(is_final=True))

    def _count(self, fact: StockCounted) -> None:
        counted = self._amount(fact.item, fact.counted)
        if counted is None or fact.movement_id in self._folded:
            return
        self._places.learn_lot(fact.item, fact.lot)
        if not self._is_by_serial(fact.item):
            found = difference_legs(self._places, fact, counted)
        elif fact.serials is None:
            found = None  # Nothing can be named: a difference waits for a person.
        elif len(fact.serials) != counted:
            return
        else:
            found = serial_legs(self._places, fact)
        is_small = found is not None and found.size <= self._fraction * max(found.book, Decimal(0))
        legs = found.legs if found is not None and is_small else ()
        for leg in legs:
            self._places.apply(leg)
        self._keep(fact.movement_id, _Folded(tuple(legs)))

    # From a line to legs --------------------------------------------------------------------------------------------

    def _legs(self, line: MovedLine) -> Iterator[Leg]:
        source, target = _source(line), _target(line)
        if self._is_by_serial(line.item):
            yield from self._serial_legs(line, source, target)
            return
        amount = self._amount(line.item, line.quantity)
        assert amount is not None, "judged before"
        if source is not None:
            there = self._places.amounts.get(source, Decimal(0))
            yield Leg(source, -amount if there >= amount else -max(there, Decimal(0)))
        if target is not None:
            yield Leg(target, amount)

    def _serial_legs(self, line: MovedLine, source: Key | None, target: Key | None) -> Iterator[Leg]:
        """Each from where it is known to be, by way of where the fact says. Without a lot on the line it keeps its own."""
        for number in line.serials:
            serial = Serial(line.item, number)
            lot = line.lot.number if line.lot else self._places.last_lot_of(serial)
            way = [self._places.place_of(serial)]
            way += [side and side._replace(lot=lot) for side in (source, target)]
            for here, there in pairwise(way):
                if here != there:
                    yield from _hop(here, there, serial)

    def _as_claimed(self, fact: GoodsMoved) -> Iterator[Leg]:
        """What a movement says that it did."""
        for line in fact.lines:
            amount = self._amount(line.item, line.quantity)
            for key, sign in ((_source(line), -1), (_target(line), 1)):
                if key is None or amount is None:
                    continue
                if self._is_by_serial(line.item):
                    yield from (Leg(key, Decimal(sign), Serial(line.item, number)) for number in line.serials)
                else:
                    yield Leg(key, sign * amount)

    # What is kept ---------------------------------------------------------------------------------------------------

    def _lay(self, line: StockLine) -> None:
        amount = self._amount(line.item, line.quantity)
        if amount is None:
            return
        if line.lot is not None:
            lot = Lot(number=line.lot, produced_on=line.produced_on, expires_on=line.expires_on)
            self._places.learn_lot(line.item, lot)
        key = Key(line.bin, line.item, line.lot, line.status, line.holding)
        self._places.apply(Leg(key, amount))
        for number in line.serials:
            self._places.put(Serial(line.item, number), key)

    def _keep(self, movement_id: str, folded: _Folded) -> None:
        self._folded[movement_id] = folded
        if len(self._folded) > MOVEMENTS_MAX:
            oldest = next(iter(self._folded))
            del self._folded[oldest]
            self._reversed.discard(oldest)

    def _is_by_serial(self, item: str) -> bool:
        known = self.catalogue.by_code(item)
        return known is not None and known.tracking is Tracking.SERIAL

    def _amount(self, item: str, quantity: Quantity) -> Decimal | None:
        """In the item's own unit: the catalogue's, or the first that was heard. None when it cannot be said in it."""
        known = self.catalogue.by_code(item)
        own = self._units.setdefault(item, known.base_unit if known else quantity.unit)
        return quantity.amount if quantity.unit == own else mass_in(own, quantity.amount, quantity.unit)

    def _held(self, keys: Iterable[Key]) -> tuple[Held, ...]:
        places = self._places
        some = [key for key in keys if places.amounts[key]]
        some.sort(key=lambda key: (key.item, places.expiry(key), key.lot or "", key.bin, key.status))
        return tuple(
            Held(
                bin=key.bin,
                item=key.item,
                amount=places.amounts[key],
                unit=self._units[key.item],
                lot=places.lot(key),
                status=key.status,
                holding=key.holding,
                serials=tuple(serial.number for serial in places.serials_in(key)),
            )
            for key in some
        )


def _hop(here: Key | None, there: Key | None, serial: Serial) -> Iterator[Leg]:
    if here is not None:
        yield Leg(here, Decimal(-1), serial)
    if there is not None:
        yield Leg(there, Decimal(1), serial)


def _source(line: MovedLine) -> Key | None:
    return _key(line, line.from_bin, line.from_status)


def _target(line: MovedLine) -> Key | None:
    return _key(line, line.to_bin, line.to_status)


def _key(line: MovedLine, bin_code: str | None, status: StockStatus) -> Key | None:
    lot = line.lot.number if line.lot else None
    return Key(bin_code, line.item, lot, status, line.holding) if bin_code is not None else None
