"""From a claim about goods to the legs that book it. Pure: nothing is read and nothing is refused here.

Theory of operation. A claim says that so much of an item went from a source to a target. Facts are never refused, so when
the book knows better, or not enough, more legs come before the two of the claim, and a doubt tells a person:

  too little   the source's balance is too small: the missing part comes out of the site's `unexplained` account first, so
               that no real balance is driven below zero by what has happened.
  serials      every serial is brought from where the book has it to the claimed source (from `unexplained` if it was never
               seen). A source outside the book (a supplier) has no place to bring it to: what the book still holds goes to
               `unexplained`.
  late         the claim is older than what the book knows of the serial (edges of one province report in any order). It is
               booked as it was, and the serial is then taken back to where the newer fact put it.

The legs of a line always sum to zero for each item and lot.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from onebook_collector.ledger.account import BookedAccount
from onebook_collector.ledger.goods import BookedItem, BookedLot, BookedSerial


class DoubtKind(enum.StrEnum):
    """Why a person should look at a movement that was booked all the same."""

    BOOK_TOO_SMALL = "book_too_small"
    SERIAL_UNKNOWN = "serial_unknown"
    SERIAL_ELSEWHERE = "serial_elsewhere"
    SERIAL_ALREADY_HELD = "serial_already_held"
    SERIAL_OTHER_LOT = "serial_other_lot"
    SERIAL_LATE = "serial_late"
    REVERSAL_BELOW_ZERO = "reversal_below_zero"
    COUNT_TO_REVIEW = "count_to_review"
    COUNT_CONTRADICTED = "count_contradicted"
    LOT_DATES_DIFFER = "lot_dates_differ"
    PAPERS_MISSING = "papers_missing"


class Leg(NamedTuple):
    """One posting: a signed number of base units on an account, with the serials that come or go."""

    account: BookedAccount
    item: BookedItem
    lot: BookedLot
    quantity: int
    serials: tuple[BookedSerial, ...] = ()


class Doubt(NamedTuple):
    """A discrepancy to open: what, where, how much (base units), and in words."""

    kind: DoubtKind
    account: BookedAccount
    item: BookedItem
    lot: BookedLot | None
    quantity: int
    detail: str


class Claim(NamedTuple):
    """Goods of one item went from a source to a target."""

    item: BookedItem
    source: BookedAccount
    target: BookedAccount
    unexplained: BookedAccount  # Of the site that claims.


class SeenSerial(NamedTuple):
    """A serial of a claim with what the book knows of it."""

    serial: BookedSerial
    place: BookedAccount | None  # None: never seen.
    booked_lot: BookedLot | None
    claimed_lot: BookedLot
    is_late: bool  # The claim is older than `place`.


class Posted(NamedTuple):
    legs: list[Leg]
    doubts: list[Doubt]


def post_amount(claim: Claim, lot: BookedLot, quantity: int, available: int) -> Posted:
    """Legs for so many base units of one lot; `available` is the source's balance, which matters where a source has an end."""
    item, source, target, unexplained = claim
    main = [Leg(source, item, lot, -quantity), Leg(target, item, lot, quantity)]
    if not source.has_an_end or available >= quantity:
        return Posted(main, [])
    missing = quantity - max(available, 0)
    drawn = [Leg(unexplained, item, lot, -missing), Leg(source, item, lot, missing)]
    detail = f"{quantity} left {source.code}, where the book had {available}"
    return Posted(drawn + main, [Doubt(DoubtKind.BOOK_TOO_SMALL, source, item, lot, missing, detail)])


def post_serials(claim: Claim, serials: Iterable[SeenSerial]) -> Posted:
    """Legs for goods that are told apart one by one. Serials that take the same way share their legs."""
    ways: dict[tuple[_Hop, ...], list[BookedSerial]] = {}
    doubtful: dict[tuple[DoubtKind, BookedAccount, BookedLot], list[BookedSerial]] = {}
    for seen in serials:
        ways.setdefault(_way(claim, seen), []).append(seen.serial)
        kind = _doubt_about(claim, seen)
        if kind is not None:
            doubtful.setdefault((kind, seen.place or claim.source, seen.claimed_lot), []).append(seen.serial)
    legs = [leg for way, group in ways.items() for hop in way for leg in _legs_of(claim.item, hop, tuple(group))]
    doubts = [
        Doubt(kind, account, claim.item, lot, len(group), f"{_WORDS[kind]} {account.code}: {name_serials(group)}")
        for (kind, account, lot), group in doubtful.items()
    ]
    return Posted(legs, doubts)


def post_reversal(lines: Sequence[Sequence[Leg]]) -> list[list[Leg]]:
    """The exact opposite, last leg first, so that serials go back the way they came."""
    return [[leg._replace(quantity=-leg.quantity) for leg in reversed(line)] for line in reversed(lines)]


def name_serials(serials: Sequence[BookedSerial]) -> str:
    """The first few, and how many more."""
    named = ", ".join(serial.number for serial in serials[:5])
    return named if len(serials) <= 5 else f"{named} and {len(serials) - 5} more"


class _Hop(NamedTuple):
    source: BookedAccount
    target: BookedAccount
    lot: BookedLot


_WORDS = {
    DoubtKind.SERIAL_UNKNOWN: "serials never seen before left",
    DoubtKind.SERIAL_ELSEWHERE: "the book had these serials on",
    DoubtKind.SERIAL_ALREADY_HELD: "these serials arrived while the book still had them on",
    DoubtKind.SERIAL_OTHER_LOT: "the book had these serials under another lot on",
    DoubtKind.SERIAL_LATE: "this happened before what the book already knows; these serials stay on",
}


def _way(claim: Claim, seen: SeenSerial) -> tuple[_Hop, ...]:
    """The accounts that one serial passes through, from where the book has it to where it is in the end."""
    place, lot = seen.place, seen.claimed_lot
    hops = list(_approach(claim, seen)) if _must_approach(claim, seen) else []
    hops.append(_Hop(claim.source, claim.target, lot))
    if seen.is_late and place is not None:
        hops.extend(_bring(claim, claim.target, lot, place, seen.booked_lot or lot))
    return tuple(hops)


def _must_approach(claim: Claim, seen: SeenSerial) -> bool:
    if seen.place is None:
        return claim.source.is_tracked
    if claim.source.is_tracked or seen.place.is_tracked or seen.is_late:
        return seen.place != claim.source or seen.booked_lot != seen.claimed_lot
    return False


def _approach(claim: Claim, seen: SeenSerial) -> Iterable[_Hop]:
    place, booked_lot = seen.place or claim.unexplained, seen.booked_lot or seen.claimed_lot
    if claim.source.is_tracked:
        return _bring(claim, place, booked_lot, claim.source, seen.claimed_lot)
    return [_Hop(place, claim.unexplained, booked_lot)]


def _bring(
    claim: Claim, place: BookedAccount, lot: BookedLot, target: BookedAccount, target_lot: BookedLot
) -> Iterable[_Hop]:
    """From a place to another. A lot changes its name only by way of `unexplained`, for legs balance lot by lot."""
    if lot == target_lot:
        return [_Hop(place, target, lot)] if place != target else []
    return [_Hop(place, claim.unexplained, lot), _Hop(claim.unexplained, target, target_lot)]


def _doubt_about(claim: Claim, seen: SeenSerial) -> DoubtKind | None:
    if not _must_approach(claim, seen):
        return DoubtKind.SERIAL_LATE if seen.is_late else None
    if seen.is_late:
        return DoubtKind.SERIAL_LATE
    if seen.place is None:
        return DoubtKind.SERIAL_UNKNOWN
    if not claim.source.is_tracked:
        return DoubtKind.SERIAL_ALREADY_HELD
    return DoubtKind.SERIAL_ELSEWHERE if seen.place != claim.source else DoubtKind.SERIAL_OTHER_LOT


def _legs_of(item: BookedItem, hop: _Hop, serials: tuple[BookedSerial, ...]) -> tuple[Leg, Leg]:
    count = len(serials)
    return Leg(hop.source, item, hop.lot, -count, serials), Leg(hop.target, item, hop.lot, count, serials)
