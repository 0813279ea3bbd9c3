"""First expired, first out: what to take for a demand, and what was passed over. Pure; never clamps, a shortfall is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from onebook_edge.capture.held_goods import Held
from onebook_schemas.stock_events import StockStatus


@dataclass(frozen=True, slots=True)
class Pick:
    """So much of what lies there."""

    held: Held
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Picks:
    picks: tuple[Pick, ...]
    shortfall: Decimal  # What cannot be taken from anywhere.


def is_usable(held: Held, today: date) -> bool:
    """Available, there, and not expired: goods may be used on the day that is printed on them, and not after it."""
    is_good = held.expires_on is None or held.expires_on >= today
    return held.status is StockStatus.AVAILABLE and held.amount > 0 and is_good


def propose(demand: Decimal, held: Iterable[Held], today: date) -> Picks:
    """What expires first is taken first; of one date the smaller rest, so that bins become empty; without a date last."""
    picks, rest = [], demand
    for one in sorted((one for one in held if is_usable(one, today)), key=_order):
        if rest <= 0:
            break
        amount = min(one.amount, rest)
        picks.append(Pick(one, amount))
        rest -= amount
    return Picks(tuple(picks), max(rest, Decimal(0)))


def passed_over(taken: Mapping[str, Decimal], held: Iterable[Held], today: date) -> tuple[Held, ...]:
    """What of one item expires before a lot that was taken, and was left lying. `taken`: by lot number; goods without one say
    nothing about their age and are not judged."""
    usable = [one for one in held if is_usable(one, today)]
    expiry = {one.lot_number: one.expires_on or date.max for one in usable}
    latest = max((expiry[lot] for lot, amount in taken.items() if amount and lot in expiry), default=date.min)
    left: dict[str | None, Decimal] = {}
    for one in usable:
        left[one.lot_number] = left.get(one.lot_number, Decimal(0)) + one.amount
    earlier = [
        one
        for one in usable
        if (one.expires_on or date.max) < latest and left[one.lot_number] > taken.get(one.lot_number or "", Decimal(0))
    ]
    return tuple(sorted(earlier, key=_order))


def _order(held: Held) -> tuple[date, Decimal, str, str]:
    return (held.expires_on or date.max, held.amount, held.bin, held.lot_number or "")
