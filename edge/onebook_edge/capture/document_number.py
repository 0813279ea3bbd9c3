"""Document numbers, unique while offline: kind, date, division, maker, series of the storage card, running number. Pure.

    RK 20261128 330106 01 K7QF2 00042

Maker numbers keep the boxes of one division apart, whatever network there is. On one box the running number never begins anew:
not with the day, not with a start, not when the clock is set back. It is kept in a small file, and the series names that file:
five random characters, made with it. A new storage card has no file, so it has another series, and so has a box whose file was
lost: a number of the old series cannot come again (two series of one box are alike once in 33 million). Gaps may be: a number is
used up before it is printed, and a power cut may fall between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from onebook_schemas.reference import SiteDocument
from onebook_schemas.stock_events import DocumentKind

SERIES_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is read as a digit."""
SERIES_LENGTH: Final = 5


@dataclass(frozen=True, slots=True)
class Counter:
    """How far a series is used up."""

    series: str
    last: int = 0

    def next(self) -> Counter:
        return Counter(self.series, self.last + 1)


def number_of(kind: DocumentKind, day: date, site: SiteDocument, counter: Counter) -> str:
    return f"{kind.value}{day:%Y%m%d}{site.division_code}{site.maker_number:02}{counter.series}{counter.last:05}"


def series_of(noise: bytes) -> str:
    """Five characters from random bytes (as many)."""
    return "".join(SERIES_ALPHABET[byte % len(SERIES_ALPHABET)] for byte in noise[:SERIES_LENGTH])
