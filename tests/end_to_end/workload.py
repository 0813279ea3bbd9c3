"""What staff record: receipts, issues, moves and counts of tents, and now and then something that cannot be booked."""

from __future__ import annotations

import random
import uuid
from decimal import Decimal

from onebook_schemas.quantities import Quantity
from onebook_schemas.stock_events import CaptureSource, GoodsMoved, Lot, MovedLine, MovementKind, StockCounted

BINS = ("A-01", "A-02", "B-01", "B-02")
ITEMS = ("LS01001", "LS01002")  # Tents, by lot and by the piece.
UNKNOWN_ITEM = "ZZ99999"
BAD_SHARE, COUNTED_SHARE = 0.015, 0.08
AT_ONCE_MAX = 8  # Facts that are recorded in one commit.

_KINDS = (MovementKind.RECEIPT, MovementKind.ISSUE, MovementKind.BIN_MOVE)
_WEIGHTS = (5, 3, 2)


def facts_of_a_moment(dice: random.Random, at_once_max: int = AT_ONCE_MAX) -> list[GoodsMoved | StockCounted]:
    """A few facts that staff hand over together."""
    return [_fact(dice) for _ in range(dice.randint(1, at_once_max))]


def is_bookable(fact: GoodsMoved | StockCounted) -> bool:
    """What the centre must book; the rest belongs into its quarantine."""
    if isinstance(fact, StockCounted):
        return True
    return all(line.item in ITEMS and line.quantity.amount % 1 == 0 for line in fact.lines)


def _fact(dice: random.Random) -> GoodsMoved | StockCounted:
    movement_id = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    if dice.random() < COUNTED_SHARE:
        return StockCounted(
            movement_id=movement_id,
            item=dice.choice(ITEMS),
            bin=dice.choice(BINS),
            counted=_pieces(dice.randint(0, 400)),
            source=CaptureSource.MANUAL,
            actor="P-2",
        )
    kind = dice.choices(_KINDS, _WEIGHTS)[0]
    lines = tuple(_line(dice, kind) for _ in range(dice.choice((1, 1, 1, 2))))
    return GoodsMoved(movement_id=movement_id, kind=kind, lines=lines, actor="P-1", device="scanner-1")


def _line(dice: random.Random, kind: MovementKind) -> MovedLine:
    bad = dice.random() < BAD_SHARE
    item, amount = dice.choice(ITEMS), Decimal(dice.randint(1, 40))
    if bad and dice.random() < 0.5:
        item = UNKNOWN_ITEM
    elif bad:
        amount += Decimal("0.5")  # Half a tent.
    from_bin, to_bin = dice.sample(BINS, 2)
    return MovedLine(
        item=item,
        quantity=Quantity(amount=amount, unit="EA"),
        lot=Lot(number=f"L{dice.randint(1, 3)}"),
        from_bin=None if kind is MovementKind.RECEIPT else from_bin,
        to_bin=None if kind is MovementKind.ISSUE else to_bin,
        source=CaptureSource.BARCODE,
    )


def _pieces(count: int) -> Quantity:
    return Quantity(amount=Decimal(count), unit="EA")
