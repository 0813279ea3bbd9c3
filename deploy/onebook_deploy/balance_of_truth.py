"""The balance of truth: what a simulated world did, line by line, against what the book says. Pure.

The book's lines are those of movements that stand unreversed; the world's are those that happened and were scanned. A line that
the world has and the book lacks is lost; one that the book has more often than the world is doubled.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from onebook_firmware_sim.truth_log import StockKey, TruthEntry, TruthKind, totals


class MovedLine(NamedTuple):
    """One line of one document, as both sides can say it."""

    document: str
    item: str
    lot: str | None
    quantity: Decimal
    serials: tuple[str, ...]
    from_bin: str | None
    to_bin: str | None


@dataclass(slots=True)
class SiteBalance:
    """The two sides of one warehouse."""

    site: str
    done: int = 0
    booked: int = 0
    lost: list[MovedLine] = field(default_factory=list)
    doubled: list[MovedLine] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)  # Stock that differs without an unseen loss to explain it.
    unseen: int = 0  # Places where goods vanished unseen and no count has found it yet.

    @property
    def agrees(self) -> bool:
        return not (self.lost or self.doubled or self.unlike)


def compare(
    site: str, truth: Sequence[TruthEntry], movements: Sequence[Mapping[str, Any]], stock: Mapping[StockKey, Decimal]
) -> SiteBalance:
    """`movements` as the API's feed gives them, all of one site; `stock`: the book's real balances of it."""
    world, book = Counter(_world_lines(truth)), Counter(_book_lines(movements))
    balance = SiteBalance(site, world.total(), book.total())
    balance.lost = list((world - book).elements())
    balance.doubled = list((book - world).elements())
    _compare_stock(balance, truth, stock)
    return balance


def _world_lines(truth: Iterable[TruthEntry]) -> Iterable[MovedLine]:
    for entry in truth:
        if entry.happened and entry.scanned and entry.document is not None and entry.item is not None:
            serials = tuple(sorted(entry.serials))
            quantity = entry.quantity.normalize()
            yield MovedLine(entry.document, entry.item, entry.lot, quantity, serials, entry.from_bin, entry.to_bin)


def _book_lines(movements: Sequence[Mapping[str, Any]]) -> Iterable[MovedLine]:
    reversed_ids = {movement["reverses"] for movement in movements if movement["reverses"]}
    for movement in movements:
        if movement["reverses"] or movement["movement_id"] in reversed_ids or movement["count"] is not None:
            continue
        for line in movement["lines"]:
            yield _book_line(movement["document"]["number"] if movement["document"] else "", line)


def _book_line(document: str, line: Mapping[str, Any]) -> MovedLine:
    """What a line says in the end: legs that draw on `unexplained` first are the book's own matter."""
    legs = line["legs"]
    to_legs = [leg for leg in legs if Decimal(leg["quantity"]) > 0 and leg["place"]["kind"] != "unexplained"]
    to_place = to_legs[-1]["place"]
    came = [leg for leg in to_legs if leg["place"] == to_place]
    from_bins = [leg["place"]["bin"] for leg in legs if Decimal(leg["quantity"]) < 0 and leg["place"]["kind"] == "real"]
    return MovedLine(
        document,
        line["item"]["code"],
        came[0]["lot"],
        sum((Decimal(leg["quantity"]) for leg in came), Decimal()).normalize(),
        tuple(sorted(serial for leg in came for serial in leg["serials"])),
        from_bins[-1] if from_bins else None,
        to_place["bin"] if to_place["kind"] == "real" else None,
    )


def _compare_stock(balance: SiteBalance, truth: Sequence[TruthEntry], stock: Mapping[StockKey, Decimal]) -> None:
    """What lies there against what the book has; goods that vanished unseen may still stand in the book."""
    lying = totals(truth)
    vanished: defaultdict[StockKey, Decimal] = defaultdict(Decimal)
    for entry in truth:
        if entry.kind is TruthKind.LOSS and entry.from_bin and entry.item:
            vanished[StockKey(entry.from_bin, entry.item, entry.lot)] += entry.quantity
    for key in sorted(lying.keys() | stock.keys(), key=str):
        surplus = stock.get(key, Decimal()) - lying.get(key, Decimal())
        if surplus == 0:
            continue
        if 0 < surplus <= vanished[key]:
            balance.unseen += 1
        else:
            balance.unlike.append(
                f"{key.bin} {key.item} {key.lot or '-'}: {lying.get(key, 0)} there, {stock.get(key, 0)} in the book"
            )
