"""What a scanned text is: GS1 element string, GTIN, MA code, URL or plain text, and what stands in it.

The application identifiers (AI) are a table of their own; here are the century of dates, check digits, values that are too long,
AIs that belong together, a lost FNC1. Rules are those of the GS1 General Specifications unless said otherwise.
"""

from __future__ import annotations

import calendar
import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from onebook_edge.capture.application_identifiers import (
    Element,
    Identifier,
    WrongElementError,
    extract,
    identifier_of,
    read_link,
)

GS = "\x1d"

# ISO/IEC 15424. FNC1 in first position: GS1-128, Data Matrix, QR, DataBar and composite, DotCode.
_ELEMENT_AIMS = {"]C1", "]d2", "]Q3", "]Q4", "]e0", "]J1"}
_GTIN_AIMS = {"]E0", "]E3", "]E4", "]I1"}
_GTIN_LENGTHS = (8, 12, 13, 14)
_KEYS = ("00", "01", "02")

_CHECKED: Mapping[str, int] = {  # AI -> how many digits its check digit covers, itself included
    "00": 18, "01": 14, "02": 14, "03": 14, "8003": 14, **{str(ai): 13 for ai in range(410, 418)},
}  # fmt: skip
_DAYS = ("11", "12", "13", "15", "16", "17")
_DATES = (*_DAYS, "7003", "7006", "7011", "8008")
_OPEN_TEXTS = ("10", "21", "240", "241", "400")  # Variable-length texts whose FNC1 printers forget.
_CHARACTER_SET_82 = re.compile(r"[!%-?A-Z_a-z\"]*")

_ITEM = ("01", "02", "03", "8006", "8026")
_COMPANIONS: Sequence[tuple[tuple[str, ...], tuple[str, ...]]] = (  # any of these AIs needs one of those
    (("02", "37"), ("00",)),
    (("02",), ("37",)),
    (("37",), ("02", "8026")),
    (("10", "11", "13", "15", "16", "17", "21"), _ITEM),
    (("254",), ("414",)),
)

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
# Production data behind the code itself: S serial, L lot, M produced, E expires (D, V dates too), C check.
_MA_PRODUCTION = re.compile(r"[SLC].+|[MEDV]\d{6,8}")


class BarcodeKind(enum.StrEnum):
    GS1 = "gs1"  # element string or Digital Link
    GTIN = "gtin"  # the number of an EAN, UPC or ITF-14 alone
    MA_CODE = "ma-code"  # China's IDcode (ISO/IEC 15459, issuing agency MA)
    URL = "url"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Barcode:
    """A scanned text and its meaning.

    With an `error` nothing may be booked by it; `gtin14` and `elements` are then what could be read before. `warnings` are to
    be shown: suspect-missing-fnc1 (the lot or serial may have swallowed what follows it), required-ai-missing.
    """

    kind: BarcodeKind
    text: str  # without AIM identifier
    aim: str | None = None
    gtin14: str | None = None
    elements: tuple[tuple[str, str], ...] = ()
    dates: Mapping[str, date] = field(default_factory=dict)
    decimals: Mapping[str, Decimal] = field(default_factory=dict)
    issuer: str | None = None
    production: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str | None = None

    def value(self, ai: str) -> str | None:
        return next((value for found, value in self.elements if found == ai), None)

    @property
    def lot(self) -> str | None:
        return self.value("10") or self.production.get("L")

    @property
    def serial(self) -> str | None:
        return self.value("21") or self.production.get("S")

    @property
    def sscc(self) -> str | None:
        return self.value("00")

    @property
    def content_gtin14(self) -> str | None:
        """The trade item inside of a logistic unit, see `count`."""
        return self.value("02")

    @property
    def gln(self) -> str | None:
        return self.value("414")

    @property
    def count(self) -> int | None:
        """Pieces inside of a logistic unit (37), or of a variable-measure item (30)."""
        digits = self.value("37") or self.value("30")
        return int(digits) if digits else None

    @property
    def expires_on(self) -> date | None:
        return self.dates.get("17") or self.dates.get("7003")

    @property
    def best_before(self) -> date | None:
        return self.dates.get("15")

    @property
    def produced_on(self) -> date | None:
        return self.dates.get("11")


def classify(text: str, today: date) -> Barcode:
    """What a scanned text is. `today` decides the century of two-digit years. Never raises; see `Barcode.error`.

    Without an AIM identifier a lot cannot be told from a label of the house: only a text that begins with a key (SSCC, GTIN) or
    holds FNC1 is then taken for GS1.
    """
    text = text.strip("\r\n")
    aim = text[:3] if _AIM.match(text) else None
    body = text[3:] if aim else text
    if body.startswith("MA."):
        return _ma_code(aim, body)
    if body.lower().startswith(("http://", "https://")):
        return _link(aim, body, today)
    if aim in _ELEMENT_AIMS or (aim is None and GS in body):
        return _from_elements(aim, body, *_split(body), today)
    if aim in _GTIN_AIMS or (aim is None and _is_number(body) and len(body) in _GTIN_LENGTHS):
        return _gtin(aim, body)
    if aim is None and body.startswith(_KEYS):
        elements, error = _split(body)
        if error is None:
            return _from_elements(aim, body, elements, error, today)
    return Barcode(BarcodeKind.TEXT, body, aim)


def check_digit(body: str) -> str:
    """The GS1 modulo-10 check digit for the digits before it: GTIN, SSCC, GLN, GRAI."""
    total = sum(int(digit) * (3 if n % 2 == 0 else 1) for n, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _check_digit_is_right(number: str) -> bool:
    return check_digit(number[:-1]) == number[-1]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


# The kinds ----------------------------------------------------------------------------------------------------------


def _gtin(aim: str | None, body: str) -> Barcode:
    number = body[:13] if aim == "]E3" else body  # ]E3: an add-on of two or five digits follows.
    if not _is_number(number) or len(number) not in _GTIN_LENGTHS:
        return Barcode(BarcodeKind.GTIN, body, aim, error="bad-length")
    if not _check_digit_is_right(number):
        return Barcode(BarcodeKind.GTIN, body, aim, error="bad-check-digit")
    return Barcode(BarcodeKind.GTIN, body, aim, number.zfill(14))


def _ma_code(aim: str | None, body: str) -> Barcode:
    segments = body.split(".")
    production = {segment[0]: segment[1:] for segment in segments[5:] if _MA_PRODUCTION.fullmatch(segment)}
    return Barcode(BarcodeKind.MA_CODE, body, aim, issuer=".".join(segments[:2]), production=production)


def _link(aim: str | None, body: str, today: date) -> Barcode:
    try:
        elements = read_link(body)
    except ValueError:  # No Digital Link, or no address at all: data of its own kind.
        return Barcode(BarcodeKind.URL, body, aim)
    return _from_elements(aim, body, elements, None, today)


def _from_elements(aim: str | None, body: str, elements: Sequence[Element], error: str | None, today: date) -> Barcode:
    dates = {e.ai: _date(e.value, today) for e in elements if e.ai in _DATES}
    wrong = {e.ai for e in elements if not _is_checked(e)}
    if wrong or None in dates.values():
        error = error or ("bad-check-digit" if wrong else "bad-date")
    return Barcode(
        BarcodeKind.GS1,
        body,
        aim,
        gtin14=next((e.value for e in elements if e.ai == "01" and "01" not in wrong), None),
        elements=tuple((e.ai, e.value) for e in elements),
        dates={ai: day for ai, day in dates.items() if day},
        decimals={e.ai: e.decimal for e in elements if e.decimal is not None},
        warnings=tuple(_warnings(elements, today)),
        error=error,
    )


# Element strings ----------------------------------------------------------------------------------------------------


def _split(message: str) -> tuple[list[Element], str | None]:
    """The elements up to the first that is wrong, and the class of that error."""
    found: list[Element] = []
    rest = message.lstrip(GS)
    while rest:
        run = rest.partition(GS)[0]
        identifier = identifier_of(run)
        if identifier is None:
            return found, "unknown-ai"
        element = _extract(run)
        # A value that goes on behind its longest is wrong: only an FNC1, or the end, ends it.
        if element is None or not element.value or (identifier.separator_required and len(element) < len(run)):
            return found, _why_wrong(identifier, run)
        found.append(element)
        rest = rest[len(element) :].lstrip(GS)
    return found, None if found else "truncated"


def _extract(run: str) -> Element | None:
    try:
        return extract(run)
    except WrongElementError:
        return None


def _why_wrong(identifier: Identifier, run: str) -> str:
    value = run[len(identifier.ai) :]
    if len(value) < max(1, identifier.digits_min):
        return "truncated"
    if identifier.ai in _DATES:
        return "bad-date"
    return "value-too-long" if _CHARACTER_SET_82.fullmatch(value) and _extract(run) else "bad-character"


def _is_checked(element: Element) -> bool:
    digits = _CHECKED.get(element.ai)
    return digits is None or _check_digit_is_right(element.value[:digits])


def _date(value: str, today: date) -> date | None:
    """YYMMDD: the year lies within -49..+50 years of today; day 00 is the last of its month. None: no such day."""
    year, month, day = today.year - today.year % 100 + int(value[:2]), int(value[2:4]), int(value[4:6])
    if year - today.year > 50:
        year -= 100
    elif year - today.year < -49:
        year += 100
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day or last) if day <= last else None


def _warnings(elements: Sequence[Element], today: date) -> list[str]:
    present = {e.ai for e in elements}
    warnings = []
    if any(_swallowed_elements(e.value, today) for e in elements if e.ai in _OPEN_TEXTS):
        warnings.append("suspect-missing-fnc1")
    if any(present.intersection(ais) and present.isdisjoint(needed) for ais, needed in _COMPANIONS):
        warnings.append("required-ai-missing")
    return warnings


def _swallowed_elements(value: str, today: date) -> bool:
    """Whether the tail of a text reads as elements that begin with a key or a date.

    Only those, because they carry a proof (check digit, a day that exists); almost any tail reads as "21 serial".
    """
    tails = (value[start:] for start in range(1, len(value)))
    return any(_proves_itself(tail, today) for tail in tails if tail.startswith((*_KEYS, *_DAYS)))


def _proves_itself(tail: str, today: date) -> bool:
    elements, error = _split(tail)
    return error is None and all(
        _is_checked(e) and (e.ai not in _DATES or _date(e.value, today) is not None) for e in elements
    )
