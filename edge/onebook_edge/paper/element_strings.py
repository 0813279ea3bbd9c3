"""GS1 element strings as they are printed: which elements, in which order, with which separators.

Source: GS1 General Specifications, sections 3 and 7.8. The other direction, reading, is `capture.gs1`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from urllib.parse import quote

from onebook_edge.capture.application_identifiers import IDENTIFIERS, Element
from onebook_edge.capture.gs1 import GS, check_digit

SSCC, GTIN, CONTENT, LOT, PRODUCED, EXPIRES, SERIAL, COUNT = "00", "01", "02", "10", "11", "17", "21", "37"

_KEYS = {SSCC, GTIN, CONTENT}
_IN_PATH = (GTIN, LOT, SERIAL)  # Of a Digital Link, in this order; the others are attributes.


def element(ai: str, value: str) -> Element:
    """Raises ValueError when this AI cannot have that value: an unreadable label must not be printed."""
    if not IDENTIFIERS[ai].pattern.fullmatch(value):
        raise ValueError(f"({ai}) 不能是 {value!r} / cannot be that")
    if ai in _KEYS and check_digit(value[:-1]) != value[-1]:
        right = check_digit(value[:-1])
        raise ValueError(f"({ai}) {value}：校验位应为 {right} / the check digit should be {right}")
    return Element(ai, value)


def day(ai: str, on: date) -> Element:
    return element(ai, on.strftime("%y%m%d"))


def sscc(extension_digit: str, company_prefix: str, serial_reference: int) -> str:
    """The 18 digits of a pallet's number: extension, company prefix, reference filled up with zeros, check digit."""
    room = 16 - len(company_prefix)
    body = f"{extension_digit}{company_prefix}{serial_reference:0{room}}"
    if len(body) != 17 or not (body.isascii() and body.isdigit()):
        raise ValueError(f"no SSCC of extension {extension_digit!r}, prefix {company_prefix!r}, {serial_reference}")
    return body + check_digit(body)


def element_string(elements: Iterable[Element]) -> str:
    """What the symbol carries. Elements of fixed length go first: only between the others a separator is needed."""
    text = ""
    for one in _in_order(elements):
        text += one.ai + one.value + (GS if IDENTIFIERS[one.ai].separator_required else "")
    return text.removesuffix(GS)


def for_people(elements: Iterable[Element]) -> str:
    """The line below the symbol, each AI in brackets."""
    return "".join(f"({one.ai}){one.value}" for one in _in_order(elements))


def digital_link(elements: Sequence[Element]) -> str:
    """The same as a web address (GS1 Digital Link): what a QR code carries, which has no FNC1 for plain readers."""
    values = {one.ai: one.value for one in elements}
    if GTIN not in values:
        raise ValueError("a Digital Link of goods begins with their GTIN")
    path = "".join(f"/{ai}/{quote(values.pop(ai), safe='')}" for ai in _IN_PATH if ai in values)
    attributes = "&".join(f"{ai}={quote(value, safe='')}" for ai, value in values.items())
    return f"https://id.gs1.org{path}" + (f"?{attributes}" if attributes else "")


def _in_order(elements: Iterable[Element]) -> list[Element]:
    return sorted(elements, key=lambda one: IDENTIFIERS[one.ai].separator_required)
