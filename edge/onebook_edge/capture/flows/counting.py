"""盘点, 盲盘: what lies in a bin is asserted, lot by lot; the book compares.

What should be there and was not counted is never silently nothing: a person says that it is not there (ABSENT), or that it was
not counted (PARTIAL). A count that is far from what was expected is not booked at once: the lines that differ are counted again,
and what is found then is booked, whatever it is. A count keeps nobody from working: the book compares it with its own moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import ClassVar

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.flow import Flow, Signature, Wanted
from onebook_edge.capture.held_goods import Held
from onebook_edge.capture.sheet import Line, LotKey
from onebook_edge.capture.sheet_steps import GoodsAdded, Marked, RecountBegun, Step
from onebook_edge.capture.situation import ANY_STATUS, Situation
from onebook_schemas.labels import Command
from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import CaptureSource, DocumentKind, Holding, Lot, StockCounted, StockStatus


class Count(Flow):
    """With what should be there before the eyes."""

    command = Command.COUNT
    note: ClassVar[DocumentKind | None] = DocumentKind.STOCKTAKE
    marks = (Command.ABSENT, Command.PARTIAL)
    takes_zero = True
    needs_goods = False
    is_told_by_pieces = False  # Whether they lie where they are known to lie is the question.
    is_blind: ClassVar[bool] = False

    def refuses(self, line: Line, at: Situation) -> Feedback | None:
        if at.sheet.again and line.lot_key not in at.sheet.again:
            return texts.RECOUNT_ONLY.say(item=at.name(line.item))
        return None

    def mark(self, command: Command, at: Situation) -> Step | Feedback:
        if command is Command.ABSENT:
            lines = tuple(_nothing_of(key, at) for key in uncounted(at))
            return GoodsAdded(lines) if lines else texts.NOTHING_ABSENT.say()
        return Marked(command) if command in self.marks and not at.sheet.again else texts.ALL_TO_BE_COUNTED.say()

    def lacks(self, at: Situation) -> Feedback | None:
        left = uncounted(at)
        if left and (at.sheet.again or not at.sheet.marked(Command.PARTIAL)):
            return (texts.NOT_COUNTED_AGAIN if at.sheet.again else texts.NOT_COUNTED).say(count=len(left))
        return None if at.sheet.lines or at.sheet.kept else texts.NEED_GOODS.say()

    def before_booking(self, at: Situation) -> tuple[Step, Feedback] | None:
        again = () if at.sheet.again else far_off(at)
        if not again:
            return None
        kept = tuple(line for line in at.sheet.lines if line.lot_key not in again)
        return RecountBegun(kept, again), texts.COUNT_AGAIN.say(count=len(again))

    def is_limited(self, at: Situation) -> bool:
        return False

    def wanted(self, at: Situation) -> tuple[Wanted, ...]:
        held = expected(at)
        keys: Iterable[LotKey] = at.sheet.again or held
        blind = self.is_blind or bool(at.sheet.again)  # A recount is worth something only without the answer.
        return tuple(
            Wanted(
                item,
                None if blind else _sum(held.get((item, lot), ())),
                _unit(held.get((item, lot), ()), item, at),
                lot,
            )
            for item, lot in keys
        )

    def facts(self, at: Situation, by: Signature) -> tuple[StockCounted, ...]:
        lines = (*at.sheet.kept, *at.sheet.lines)
        return tuple(chain.from_iterable(self._counts(group, at, by) for group in _by_lot(lines)))

    def _counts(self, lines: Sequence[Line], at: Situation, by: Signature) -> Iterable[StockCounted]:
        """One assertion for each account that the book has the lot on: a person does not see whose goods they are."""
        amount = sum((line.amount for line in lines), Decimal(0))
        serials = _piece_serials(lines)
        usual = at.known.usual_holding
        held = sorted(
            expected(at).get(lines[0].lot_key, ()), key=lambda one: (ANY_STATUS.index(one.status), one.holding != usual)
        )
        if len(held) < 2 or serials is not None:
            status = held[0].status if held else StockStatus.AVAILABLE
            holding = held[0].holding if held else usual
            yield self._counted(lines, at, by, amount, serials, status, holding)
            return
        rest, shares = amount, []
        for one in held:
            shares.append(min(one.amount, rest))
            rest -= shares[-1]
        shares[0] += rest
        for one, share in zip(held, shares, strict=True):
            yield self._counted(lines, at, by, share, None, one.status, one.holding)

    def _counted(
        self,
        lines: Sequence[Line],
        at: Situation,
        by: Signature,
        amount: Decimal,
        serials: tuple[str, ...] | None,
        status: StockStatus,
        holding: Holding,
    ) -> StockCounted:
        assert at.sheet.from_bin is not None, "a sheet is complete before it is booked"
        return StockCounted(
            movement_id=by.next_id(),
            item=lines[0].item,
            bin=at.sheet.from_bin,
            counted=Quantity(amount=amount, unit=lines[0].unit),
            lot=next((line.lot for line in lines if line.lot and line.lot.expires_on), lines[0].lot),
            serials=serials,
            status=status,
            holding=holding,
            source=lines[0].source if len({line.source for line in lines}) == 1 else CaptureSource.BARCODE,
            document=by.document,
            actor=by.actor,
            device=by.device,
        )


class Blind(Count):
    """Nothing is shown that could lead the eye."""

    command = Command.BLIND
    is_blind = True


def expected(at: Situation) -> Mapping[LotKey, tuple[Held, ...]]:
    """What the local stock has in the bin, by item and lot."""
    found: dict[LotKey, tuple[Held, ...]] = {}
    for held in at.known.stock.in_bin(at.sheet.from_bin or ""):
        if held.amount > 0:
            key = (held.item, held.lot_number)
            found[key] = (*found.get(key, ()), held)
    return found


def uncounted(at: Situation) -> tuple[LotKey, ...]:
    """What was to be counted and is not on the sheet."""
    counted = {line.lot_key for line in (*at.sheet.lines, *at.sheet.kept)}
    wanted: Iterable[LotKey] = at.sheet.again or expected(at)
    return tuple(key for key in wanted if key not in counted)


def far_off(at: Situation) -> tuple[LotKey, ...]:
    """What differs from the local stock by more than the site's rule allows. From a stock that is unknown nothing differs."""
    rules = at.known.rules
    if rules is None or not at.known.stock.is_known:
        return ()
    held = expected(at)
    counted: dict[LotKey, Decimal] = {}
    for line in at.sheet.lines:
        counted[line.lot_key] = counted.get(line.lot_key, Decimal(0)) + line.amount
    return tuple(
        key
        for key, amount in counted.items()
        if abs(amount - _sum(held.get(key, ()))) * 100 > rules.count_difference_review_pct * _sum(held.get(key, ()))
    )


def _nothing_of(key: LotKey, at: Situation) -> Line:
    item, number = key
    held = expected(at).get(key, ())
    lot = next((one.lot for one in held if one.lot), Lot(number=number) if number else None)
    return Line(item, Decimal(0), 1, _unit(held, item, at), CaptureSource.MANUAL, lot)


def _sum(held: Sequence[Held]) -> Decimal:
    return sum((one.amount for one in held), Decimal(0))


def _unit(held: Sequence[Held], code: str, at: Situation) -> str:
    item = at.item(code)
    return item.base_unit if item else next((one.unit for one in held), "EA")


def _by_lot(lines: Iterable[Line]) -> list[list[Line]]:
    """Cartons and pieces of one lot are one count: two assertions about the same goods would contradict each other."""
    groups: dict[LotKey, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.lot_key, []).append(line)
    return list(groups.values())


def _piece_serials(lines: Sequence[Line]) -> tuple[str, ...] | None:
    """The serials when every base unit has one; the serial of a carton names no piece."""
    counted = [line for line in lines if line.amount]
    if any(line.factor != 1 or not line.serials for line in counted) or not counted:
        return None
    return tuple(chain.from_iterable(line.serials for line in counted))
