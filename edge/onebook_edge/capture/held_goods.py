"""What the dialogue wants to know of the goods that lie here. The local stock answers; it may know nothing, and may be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol

from onebook_schemas.stock_events import Holding, Lot, StockStatus


class Key(NamedTuple):
    """What a real account and a lot are to the book, within one site. `lot` None: the item's unknown lot."""

    bin: str
    item: str
    lot: str | None
    status: StockStatus
    holding: Holding


@dataclass(frozen=True, slots=True)
class Held:
    """So much of one item and lot, in one bin, of one status and holding. `amount` is in the item's own unit."""

    bin: str
    item: str
    amount: Decimal
    unit: str
    lot: Lot | None
    status: StockStatus
    holding: Holding
    serials: tuple[str, ...] = ()

    @property
    def expires_on(self) -> date | None:
        return self.lot.expires_on if self.lot else None

    @property
    def lot_number(self) -> str | None:
        return self.lot.number if self.lot else None


class StockSeen(Protocol):
    """The local stock, as the dialogue sees it."""

    @property
    def is_known(self) -> bool:
        """Whether the centre has ever said what lies here: an empty answer means "nothing" only then."""
        ...

    def in_bin(self, bin_code: str) -> tuple[Held, ...]:
        """What should lie in a bin, by item, then expiry."""
        ...

    def of_item(self, item: str) -> tuple[Held, ...]:
        """All of an item, what expires first before the rest."""
        ...

    def place_of(self, item: str, serial: str) -> Key | None:
        """Where a piece is; None when it is in no bin here, or was never seen."""
        ...


class NothingKnown:
    """A box that has no stock document yet."""

    is_known = False

    def in_bin(self, bin_code: str) -> tuple[Held, ...]:
        return ()

    def of_item(self, item: str) -> tuple[Held, ...]:
        return ()

    def place_of(self, item: str, serial: str) -> Key | None:
        return None
