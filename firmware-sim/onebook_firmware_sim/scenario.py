"""A day in a warehouse as a script: what happens, in which order; with what, the dice say.

Pure, and the same for the same seed. A scenario yields one operation after another; the next one is made up only when the one
before is done, because it looks at what lies in the bins then.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Self, TypeAlias

from onebook_firmware_sim.goods import Goods, Item, Tracking, gtin_check_digit
from onebook_firmware_sim.staff import (
    Act,
    Capture,
    Disturb,
    Heat,
    Lose,
    PullPlug,
    Sheet,
    SheetLine,
    Slips,
    fill_in,
    tidy_up,
    with_slips,
)
from onebook_firmware_sim.warehouse import Pile, Warehouse
from onebook_schemas.labels import Command
from onebook_schemas.stock_events import DocumentKind, Lot

HEADS = 2  # So many of those named first head a warehouse: what one of them hands out, the other allows.
_SERIAL_FIRST = (10**9, 10**11)
_EAN_ONLY = 0.15  # Share of receipts that bear no lot.
_LOT_DAYS_MIN = 90  # Goods are received with at least so much storage life left, and issued within it.
_LOT_DAYS_MAX = 720
_BAG_DIVISIONS = (200, 1400)  # What is put on the scale at a time; below 20 a scale says nothing that counts.
_ALL_OF_IT = 0.8
_LOSS = Decimal("0.03")  # Small enough for a book that adjusts small differences by itself.
_LOSS_FROM = 40


@dataclass(frozen=True, slots=True)
class Operation:
    """What must not be left half done."""

    name: str
    acts: tuple[Act, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who works, and how their papers are numbered: kind, day, division, maker, running number."""

    people: tuple[str, ...]
    division: str
    maker: str
    day: date
    slips: Slips

    @property
    def heads(self) -> tuple[str, ...]:
        """Who may allow what others may not."""
        return self.people[:HEADS]


class Floor:
    """What people see when they decide what to do next. `division_kg` is the scale's."""

    def __init__(
        self, warehouse: Warehouse, items: Sequence[Item], crew: Crew, dice: random.Random, *, division_kg: Decimal
    ) -> None:
        self.warehouse = warehouse
        self.dice = dice
        self._items = tuple(items)
        self._crew = crew
        self._division_kg = division_kg
        self._papers = 0
        self._next_serial = dice.randint(*_SERIAL_FIRST)
        self._bins = [name for zone in warehouse.zones for name in zone.bins]
        self._unknown_gtins = [f"{body}{gtin_check_digit(body)}" for body in ("952999900001", "952999900002")]

    def person(self) -> str:
        return self.dice.choice(self._crew.people)

    def paper(self, kind: DocumentKind) -> str:
        """The number of a new document."""
        self._papers += 1
        crew = self._crew
        return f"{kind}{crew.day:%Y%m%d}{crew.division}{crew.maker}{self._papers:05}"

    def operation(self, sheet: Sheet) -> Operation:
        """A sheet as people fill it in, with their slips."""
        others = [name for name in self._bins if name not in (sheet.from_bin, sheet.to_bin)]
        sheet = replace(sheet, second=next((head for head in self._crew.heads if head != sheet.person), None))
        acts = with_slips(fill_in(sheet), self._crew.slips, self.dice, others, self._unknown_gtins)
        return Operation(sheet.action.value.lower(), acts)

    def a_bin(self, *, but: str | None = None, beside: str | None = None) -> str:
        """Any bin; `beside`: of the zone of that one."""
        bins = self.warehouse.zone_of(beside).bins if beside else self._bins
        return self.dice.choice([name for name in bins if name != but])

    def lying(self, wanted: Callable[[Goods, Pile], bool]) -> list[tuple[str, Goods, Pile]]:
        """The piles of this kind, by bin."""
        found = ((name, goods, pile) for name in self._bins for goods, pile in self.warehouse.count(name).items())
        return [(name, goods, pile) for name, goods, pile in found if wanted(goods, pile)]

    # Lines ----------------------------------------------------------------------------------------------------------

    def arrivals(self, bin_name: str, lines: int) -> tuple[SheetLine, ...]:
        """New goods told apart by lot, fit for the zone of this bin."""
        fitting = self._fitting(bin_name, Tracking.LOT)
        return tuple(self._arrival(item) for item in self.dice.sample(fitting, min(lines, len(fitting))))

    def tagged_arrivals(self, bin_name: str, pieces: int) -> tuple[SheetLine, ...]:
        """New pieces of one item with tags; nothing where no such item may lie."""
        fitting = [item for item in self._fitting(bin_name, Tracking.SERIAL) if item.takes_tags]
        if not fitting:
            return ()
        serials = tuple(str(self._next_serial + number) for number in range(pieces))
        self._next_serial += pieces
        return (SheetLine(Goods(self.dice.choice(fitting)), Decimal(pieces), Capture.TAGS, serials),)

    def bulk_arrivals(self, bin_name: str) -> tuple[SheetLine, ...]:
        """A scale full of one bulk item."""
        fitting = [item for item in self._fitting(bin_name, Tracking.BULK) if item.unit == "TNE"]
        if not fitting:
            return ()
        return (SheetLine(Goods(self.dice.choice(fitting)), self._weight_t(), Capture.SCALE),)

    def part_of(self, goods: Goods, pile: Pile) -> SheetLine:
        """Often all that lies there, else some of it."""
        all_of_it = self.dice.random() < _ALL_OF_IT
        if goods.item.tracking is Tracking.SERIAL:
            count = len(pile.serials) if all_of_it else self.dice.randint(1, len(pile.serials))
            serials = tuple(self.dice.sample(sorted(pile.serials), count))
            capture = Capture.TAGS if goods.item.takes_tags and self.dice.random() < 0.5 else Capture.SERIALS
            return SheetLine(goods, Decimal(count), capture, serials)
        if goods.item.tracking is Tracking.BULK:
            return SheetLine(goods, self._part_weight_t(pile.quantity), Capture.SCALE)
        pack, whole = goods.item.pack_size, int(pile.quantity)
        if goods.item.pack_gtin14 and goods.lot and whole >= pack and not (all_of_it and whole % pack):
            cartons = whole // pack if all_of_it else self.dice.randint(1, whole // pack)
            return SheetLine(goods, Decimal(cartons * pack), Capture.CARTONS)
        return SheetLine(goods, Decimal(whole if all_of_it else self.dice.randint(1, whole)), _by_piece(goods))

    def counted(self, bin_name: str) -> tuple[SheetLine, ...]:
        """All that can be counted by scanning in this bin, just as it lies there."""
        return tuple(
            SheetLine(goods, pile.quantity, _by_piece(goods), tuple(sorted(pile.serials)))
            for goods, pile in self.warehouse.count(bin_name).items()
            if goods.item.tracking is not Tracking.BULK
        )

    def _fitting(self, bin_name: str, tracking: Tracking) -> list[Item]:
        classes = self.warehouse.zone_of(bin_name).storage_classes
        return [
            item
            for item in self._items
            if item.tracking is tracking
            and item.storage_class in classes
            and (item.gtin13 or tracking is Tracking.BULK)
        ]

    def _arrival(self, item: Item) -> SheetLine:
        if self.dice.random() < _EAN_ONLY:
            return SheetLine(Goods(item), Decimal(self.dice.randint(1, 120)), Capture.EAN)
        goods = Goods(item, self._new_lot(item))
        if item.pack_gtin14:
            return SheetLine(goods, item.pack_size * Decimal(self.dice.randint(1, 30)), Capture.CARTONS)
        return SheetLine(goods, Decimal(self.dice.randint(1, 200)), Capture.PIECES)

    def _new_lot(self, item: Item) -> Lot:
        days_max = min(item.shelf_life_days or _LOT_DAYS_MAX, _LOT_DAYS_MAX)
        days = self.dice.randint(min(_LOT_DAYS_MIN, days_max), days_max)
        number = f"{self.dice.choice('ABCDEFGH')}{self.dice.randint(1000, 9999)}-{self.dice.randint(10, 99)}"
        return Lot(number=number, expires_on=self._crew.day + timedelta(days=days) if item.shelf_life_days else None)

    def _weight_t(self) -> Decimal:
        return self._division_kg * self.dice.randint(*_BAG_DIVISIONS) / 1000

    def _part_weight_t(self, lying_t: Decimal) -> Decimal:
        """Leaves nothing, or enough that a scale can weigh it."""
        return lying_t if lying_t * 1000 <= self._division_kg * sum(_BAG_DIVISIONS) else self._weight_t()


def _by_piece(goods: Goods) -> Capture:
    if goods.item.tracking is Tracking.SERIAL:
        return Capture.SERIALS
    return Capture.PIECES if goods.lot else Capture.EAN


# What happens -----------------------------------------------------------------------------------------------------

Happening: TypeAlias = Callable[[Floor], Iterator[Operation]]


class Scenario:
    """A list of happenings; each method adds some. `operations` plays it for ever, each time with other goods and people."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._happenings: list[Happening] = []

    def operations(self, floor: Floor) -> Iterator[Operation]:
        """Without end. The first one tidies up."""
        yield Operation("tidy up", tidy_up(floor.person()))
        while True:
            for happening in self._happenings:
                yield from happening(floor)

    def receive(self, *, sheets: int = 1, lines: int = 2) -> Self:
        """入库: goods with lots, in cartons and pieces."""
        return self._add(_receive(lines), times=sheets)

    def receive_tagged(self, *, pieces: int = 6) -> Self:
        """入库 by RFID: pieces with serials, all before the antenna at once."""
        return self._add(lambda floor: _receive_some(floor, lambda name: floor.tagged_arrivals(name, pieces)))

    def weigh_in(self) -> Self:
        """入库 of bulk goods by weight."""
        return self._add(lambda floor: _receive_some(floor, floor.bulk_arrivals))

    def issue(self, *, sheets: int = 1) -> Self:
        """出库 of whatever lies there; the lot that expires first goes first."""
        return self._add(_issue, times=sheets)

    def move(self, *, sheets: int = 1) -> Self:
        """移库 within a zone."""
        return self._add(_move, times=sheets)

    def count(self, *, sheets: int = 1) -> Self:
        """盘点 of a bin."""
        return self._add(_count, times=sheets)

    def lose_some_and_count(self) -> Self:
        """A few pieces vanish; then their bin is counted: 盘亏."""
        return self._add(_lose_and_count)

    def receive_wrongly_and_correct(self) -> Self:
        """A receipt into the wrong bin, or ten times too many: noticed, 冲销, and received rightly."""
        return self._add(_receive_wrongly)

    def heat(self, *, by_c: float, for_s: float) -> Self:
        """One zone gets this much warmer, while work goes on."""
        return self._beside_work("heat", lambda floor: Heat(floor.dice.choice(floor.warehouse.zones).name, by_c, for_s))

    def while_the_plug_is_pulled(self, *, for_s: float) -> Self:
        """Somewhere in the middle of what was added last, the scanner's plug is pulled."""
        return self._add(_unplugged(self._happenings.pop(), for_s))

    def disturb(self, *, for_s: float) -> Self:
        """Noise on the cables of probes, scale and RFID reader, while work goes on."""
        return self._beside_work("disturb", lambda floor: Disturb(for_s))

    def _add(self, happening: Happening, *, times: int = 1) -> Self:
        self._happenings += [happening] * times
        return self

    def _beside_work(self, name: str, act: Callable[[Floor], Act]) -> Self:
        def happen(floor: Floor) -> Iterator[Operation]:
            yield Operation(name, (act(floor),))

        return self._add(happen)


def _unplugged(happening: Happening, for_s: float) -> Happening:
    def happen(floor: Floor) -> Iterator[Operation]:
        for operation in happening(floor):
            position = floor.dice.randrange(1, len(operation.acts))
            acts = (*operation.acts[:position], PullPlug(for_s), *operation.acts[position:])
            yield replace(operation, acts=acts)

    return happen


def _receive(lines: int) -> Happening:
    return lambda floor: _receive_some(floor, lambda name: floor.arrivals(name, lines))


def _receive_some(floor: Floor, arrivals: Callable[[str], tuple[SheetLine, ...]]) -> Iterator[Operation]:
    """Into any bin whose zone takes such goods."""
    for zone in floor.dice.sample(floor.warehouse.zones, len(floor.warehouse.zones)):
        if lines := arrivals(zone.bins[0]):
            yield floor.operation(_receipt(floor, floor.dice.choice(zone.bins), lines))
            return


def _receipt(floor: Floor, to_bin: str, lines: tuple[SheetLine, ...]) -> Sheet:
    paper = floor.paper(DocumentKind.RECEIPT_NOTE)
    return Sheet(action=Command.RECEIVE, person=floor.person(), document=paper, lines=lines, to_bin=to_bin)


def _issue(floor: Floor) -> Iterator[Operation]:
    line_and_bin = _some_pile(floor, floor.lying(lambda goods, pile: True))
    if line_and_bin:
        line, from_bin = line_and_bin
        paper = floor.paper(DocumentKind.REQUEST)  # Nothing much leaves a warehouse that nobody asked for.
        yield floor.operation(
            Sheet(action=Command.ISSUE, person=floor.person(), document=paper, lines=(line,), from_bin=from_bin)
        )


def _move(floor: Floor) -> Iterator[Operation]:
    line_and_bin = _some_pile(floor, floor.lying(lambda goods, pile: goods.item.tracking is not Tracking.BULK))
    if line_and_bin:
        line, from_bin = line_and_bin
        yield floor.operation(
            Sheet(
                action=Command.MOVE,
                person=floor.person(),
                document=floor.paper(DocumentKind.TASK),
                lines=(line,),
                from_bin=from_bin,
                to_bin=floor.a_bin(but=from_bin, beside=from_bin),
            )
        )


def _some_pile(floor: Floor, piles: Sequence[tuple[str, Goods, Pile]]) -> tuple[SheetLine, str] | None:
    """Part of a pile of any item; of its lots the one that expires first."""
    if not piles:
        return None
    item = floor.dice.choice(piles)[1].item
    same = [(name, goods, pile) for name, goods, pile in piles if goods.item == item]
    from_bin, goods, pile = min(same, key=lambda found: _expiry(found[1]))
    return floor.part_of(goods, pile), from_bin


def _expiry(goods: Goods) -> date:
    return goods.lot.expires_on if goods.lot and goods.lot.expires_on else date.max


def _count(floor: Floor) -> Iterator[Operation]:
    bins = [name for name, goods, _ in floor.lying(lambda goods, pile: goods.item.tracking is not Tracking.BULK)]
    if bins:
        yield _counting(floor, floor.dice.choice(bins))


def _counting(floor: Floor, bin_name: str) -> Operation:
    return floor.operation(
        Sheet(
            action=Command.COUNT,
            person=floor.person(),
            document=floor.paper(DocumentKind.STOCKTAKE),
            lines=floor.counted(bin_name),
            from_bin=bin_name,
        )
    )


def _lose_and_count(floor: Floor) -> Iterator[Operation]:
    piles = floor.lying(lambda goods, pile: goods.item.tracking is Tracking.LOT and pile.quantity >= _LOSS_FROM)
    if not piles:
        return
    bin_name, goods, pile = floor.dice.choice(piles)
    lost = SheetLine(goods, max(Decimal(1), pile.quantity * _LOSS // 1), _by_piece(goods))
    yield Operation("lose", (Lose(bin_name, lost),))
    yield _counting(floor, bin_name)


def _receive_wrongly(floor: Floor) -> Iterator[Operation]:
    to_bin = floor.a_bin()
    lines = floor.arrivals(to_bin, 1)
    if not lines:
        return
    right = _receipt(floor, to_bin, lines)
    if floor.dice.random() < 0.5:
        wrong = replace(right, to_bin=floor.a_bin(but=to_bin), happened=False)
    else:
        wrong = replace(right, lines=(replace(lines[0], quantity=lines[0].quantity * 10),), happened=False)
    yield floor.operation(wrong)
    yield floor.operation(Sheet(action=Command.REVERSE, person=right.person, document=right.document, happened=False))
    yield floor.operation(right)
