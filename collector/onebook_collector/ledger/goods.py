"""Items, lots and serials as the book holds them: the plain values that posting works on."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple


class Tracking(enum.StrEnum):
    """How goods of an item are told apart."""

    BULK = "bulk"
    LOT = "lot"
    SERIAL = "serial"


class BookedItem(NamedTuple):
    """An item of the catalogue. A unit is worth numerator/denominator base units."""

    item_id: int
    code: str
    by_serial: bool
    units: Mapping[str, tuple[int, int]]


class BookedLot(NamedTuple):
    """A lot of one item; the number is empty for the item's unknown lot. Dates are ISO 8601 civil dates."""

    lot_id: int
    number: str
    produced_on: str | None
    expires_on: str | None


class BookedSerial(NamedTuple):
    serial_id: int
    number: str


class SerialPlace(NamedTuple):
    """Where the book has one serial: the account of its last leg, and when that happened by its own event time."""

    account_id: int
    lot_id: int
    since_ms: int
    last_seq: int
