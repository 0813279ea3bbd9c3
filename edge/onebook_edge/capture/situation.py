"""What a flow judges by: the sheet, what the words on it mean, who stands there, what day it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from onebook_edge.capture.catalogue import Catalogue, Item
from onebook_edge.capture.dialogue_texts import Words
from onebook_edge.capture.held_goods import Held
from onebook_edge.capture.knowledge import Knowledge
from onebook_edge.capture.sheet import Line, Sheet
from onebook_edge.capture.unit_words import unit_words
from onebook_schemas.reference import ReasonUse, Task
from onebook_schemas.stock_events import Holding, Lot, StockStatus

AVAILABLE_ONLY: Final = (StockStatus.AVAILABLE,)
ANY_STATUS: Final = (
    StockStatus.AVAILABLE,
    StockStatus.AWAITING_INSPECTION,
    StockStatus.FROZEN,
    StockStatus.EXPIRED,
    StockStatus.ALLOCATED,
    StockStatus.SCRAPPED,
    StockStatus.IN_TRANSIT,
    StockStatus.ON_LOAN,
)
WORST_FIRST: Final = tuple(reversed(ANY_STATUS))


@dataclass(frozen=True, slots=True)
class Part:
    """Part of a line that lies on one account of the book."""

    line: Line
    status: StockStatus
    holding: Holding


@dataclass(frozen=True, slots=True)
class Situation:
    sheet: Sheet
    catalogue: Catalogue
    known: Knowledge
    today: date
    actor: str

    @property
    def task(self) -> Task | None:
        """The open task whose document is on the sheet."""
        return self.known.task(self.sheet.document)

    def item(self, code: str) -> Item | None:
        return self.catalogue.by_code(code)

    def name(self, code: str) -> Words:
        item = self.item(code)
        return Words(item.name_zh, item.name_en) if item else Words(code, code)

    def unit(self, code: str, fallback: str, amount: Decimal | None = None) -> Words:
        """The item's own unit, as it is called for so many of it."""
        item = self.item(code)
        return unit_words(item, item.base_unit if item else fallback, amount)

    def has_reason_for(self, use: ReasonUse) -> bool:
        reasons = (self.known.reason(code) for code in self.sheet.reasons)
        return any(reason is not None and use in reason.uses for reason in reasons)

    def lot_of(self, line: Line) -> Lot | None:
        """The lot of a line with what the stock knows of its dates, or of the piece."""
        held = [one for one in self.known.stock.of_item(line.item) if one.lot]
        if line.lot is None:
            places = [self.known.stock.place_of(line.item, serial) for serial in line.serials]
            lots = {place.lot for place in places if place is not None}
            number = lots.pop() if len(lots) == 1 and all(places) else None
        else:
            number = line.lot.number
        known = next((one.lot for one in held if one.lot_number == number and number is not None), None)
        return line.lot if line.lot and (line.lot.expires_on or known is None) else known

    def expires_on(self, line: Line) -> date | None:
        lot = self.lot_of(line)
        return lot.expires_on if lot else None

    def parts(self, line: Line, statuses: Sequence[StockStatus]) -> tuple[Part, ...]:
        """Where in the book the goods of a line lie that leaves `from_bin`: the wanted statuses in their order, as much as is
        held of each. What is more than is held counts as the first of them; without knowledge everything does."""
        if line.status is not None:
            return (Part(line, line.status, line.holding or self.known.usual_holding),)
        if line.serials and line.factor == 1:
            return tuple(self._parts_by_serial(line, statuses))
        return tuple(self._parts_by_amount(line, statuses))

    def held_for(self, line: Line, statuses: Sequence[StockStatus] = ANY_STATUS) -> list[Held]:
        """What the stock has of a line's goods in the bin that they leave, in the order of these statuses."""
        held = [
            one
            for one in self.known.stock.in_bin(self.sheet.from_bin or "")
            if one.item == line.item and one.amount > 0 and one.status in statuses
            if one.lot_number == line.lot_key[1]
        ]
        usual = self.known.usual_holding
        return sorted(held, key=lambda one: (statuses.index(one.status), one.holding != usual))

    def _parts_by_amount(self, line: Line, statuses: Sequence[StockStatus]) -> Iterator[Part]:
        held = self.held_for(line, statuses)
        if len(held) < 2:  # Also when nothing is known.
            status = held[0].status if held else statuses[0]
            yield Part(line, status, held[0].holding if held else self.known.usual_holding)
            return
        rest = line.amount
        shares: list[Decimal] = []
        for one in held:
            shares.append(min(one.amount, rest))
            rest -= shares[-1]
        shares[0] += rest
        for one, share in zip(held, shares, strict=True):
            if share:
                yield Part(replace(line, count=share, factor=1, serials=()), one.status, one.holding)

    def _parts_by_serial(self, line: Line, statuses: Sequence[StockStatus]) -> Iterator[Part]:
        groups: dict[tuple[StockStatus, Holding], list[str]] = {}
        for serial in line.serials:
            place = self.known.stock.place_of(line.item, serial)
            at_hand = place is not None and place.bin == self.sheet.from_bin and place.status in statuses
            key = (place.status, place.holding) if place and at_hand else (statuses[0], self.known.usual_holding)
            groups.setdefault(key, []).append(serial)
        for (status, holding), serials in groups.items():
            yield Part(replace(line, count=Decimal(len(serials)), serials=tuple(serials)), status, holding)
