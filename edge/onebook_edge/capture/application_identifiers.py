"""GS1 application identifiers (AI): which there are, and which values they may have. A table and a matcher.

Source: GS1 General Specifications, section 3.2 (AIs in numerical order) and 7.11 (the character sets 82, 39 and 64); GS1 Digital
Link URI Syntax, sections 4.3 to 4.9. Written out here because the library for it (biip, the independent other side in the tests)
loads a table of all company prefixes with it: 18 MiB that nobody here asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qsl, unquote, urlsplit

# A row: the AIs, then the format of their value. N digits, X character set 82, Y set 39, Z set 64, C capitals and digits,
# B 0 or 1, z a zero, D a day YYMMDD (day 00: none named), L YYYYMMDD, h hours, m minutes or seconds; "N6" six of them,
# "X..20" one to twenty, "0..8" after the letter: none to eight, [ ] may be left out. 3100-3105 is each of them.
_TABLE = """
00 N18 | 01-03 N14 | 10 X..20 | 11-13 15-17 D | 20 N2 | 21 22 243 254 7020-7022 8002 8012 X..20 | 235 X..28
240 241 250 251 400 401 403 7002 7023 8004 90 4308 4319 X..30 | 242 N..6 | 253 N13X0..17 | 255 N13N0..12
30 N0..8 | 37 N..8 | 3100-3105 3110-3115 3120-3125 3130-3135 3140-3145 3150-3155 3160-3165 N6
3200-3205 3210-3215 3220-3225 3230-3235 3240-3245 3250-3255 3260-3265 3270-3275 3280-3285 3290-3295 N6
3300-3305 3310-3315 3320-3325 3330-3335 3340-3345 3350-3355 3360-3365 3370-3375 N6
3400-3405 3410-3415 3420-3425 3430-3435 3440-3445 3450-3455 3460-3465 3470-3475 3480-3485 3490-3495 N6
3500-3505 3510-3515 3520-3525 3530-3535 3540-3545 3550-3555 3560-3565 3570-3575 N6
3600-3605 3610-3615 3620-3625 3630-3635 3640-3645 3650-3655 3660-3665 3670-3675 3680-3685 3690-3695 N6
3900-3909 3920-3929 N..15 | 3910-3919 3930-3939 N3N..15 | 3940-3943 8111 N4 | 3950-3955 N6
402 N17 | 410-417 N13 | 420 X..20 | 421 N3X..9 | 422 424 426 N3 | 423 425 N3[N3][N3][N3][N3] | 427 7008 X..3
4300 4301 4310 4311 4320 X..35 | 4302-4306 4312-4316 7257 X..70 | 4307 4317 C2 | 4318 X..20 | 4309 N20 | 4321-4323 B
4324 4325 7003 N10 | 4326 7006 8005 N6 | 4330-4333 N6[-] | 7001 N13 | 7004 N0..4 | 7005 X..12 | 7007 N6[N6] | 7009 X..10
7010 X..2 | 7011 N6[N4] | 7030-7039 N3X..27 | 7040 N1X3 | 7041 X..4 | 710-717 X..20 | 7230-7239 X2X..28 | 7240 X..20
7241 N2 | 7242 8013 8014 8020 X..25 | 7250 L | 7251 Lhm | 7252 N1 | 7253 7254 7259 X..40 | 7255 X..10 | 7256 X..90 | 7258 N1/N1
8001 N14 | 8003 zN13X0..16 | 8006 8026 N18 | 8007 X..34 | 8008 Dh[m][m] | 8009 X..50 | 8010 Y5..30 | 8011 N..12 | 8017 8018 N18
8019 N..10 | 8030 Z..90 | 8040 8041 N15 | 8042 N32 | 8043 N18[N1][N1] | 8110 8112 8200 X..70 | 91-99 X..90
"""

_FIXED = {"00", "01", "02", "03", "11", "12", "13", "15", "16", "17", "20", *(str(ai) for ai in range(410, 418))}
"""No FNC1 behind these (General Specifications, section 7.8.5: predefined length); 31nn to 36nn beside them."""

_CLASSES = {"N": "[0-9]", "X": '[!%-?A-Z_a-z"]', "Y": "[A-Z0-9/#-]", "Z": "[0-9A-Za-z_-]", "C": "[A-Z0-9]", "B": "[01]"}
_DAY = "(?:0[0-9]|1[0-2])(?:[0-2][0-9]|3[01])"
_PARTS = {
    "D": f"[0-9]{{2}}{_DAY}", "L": f"[0-9]{{4}}{_DAY}", "h": "(?:[01][0-9]|2[0-3])", "m": "[0-5][0-9]",
    "z": "0", "[": "(?:", "]": ")?", "/": "/", "-": "-",
}  # fmt: skip
_TOKEN = re.compile(r"([NXYZCB])(\d+)?(\.\.)?(\d+)?|([DLhmz\[\]/-])")

_MEASURES = ("31", "32", "33", "34", "35", "36")
_AMOUNTS = ("390", "392", "394")
_AMOUNTS_IN_CURRENCY = ("391", "393")  # Three digits of the currency go before.


class WrongElementError(ValueError):
    """Not an element: no such AI, or a value that this AI cannot have."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One AI. `digits_min`: the least that its value holds by its fixed parts."""

    ai: str
    pattern: re.Pattern[str]
    digits_min: int

    @property
    def separator_required(self) -> bool:
        return self.ai not in _FIXED and self.ai[:2] not in _MEASURES


@dataclass(frozen=True, slots=True)
class Element:
    """An AI with its value."""

    ai: str
    value: str

    def __len__(self) -> int:
        return len(self.ai) + len(self.value)

    @property
    def decimal(self) -> Decimal | None:
        """The number in a value whose AI says where its point is (section 3.6)."""
        digits = self.value
        if self.ai[:3] in _AMOUNTS_IN_CURRENCY:
            digits = digits[3:]
        elif self.ai[:2] not in _MEASURES and self.ai[:3] not in _AMOUNTS:
            return None
        return Decimal(digits).scaleb(-int(self.ai[3]))


def identifier_of(text: str) -> Identifier | None:
    """The AI that a text begins with: no AI is the beginning of another one."""
    return next((found for length in (2, 3, 4) if (found := IDENTIFIERS.get(text[:length]))), None)


def extract(text: str) -> Element:
    """The element that a text begins with. Raises WrongElementError."""
    identifier = identifier_of(text)
    found = identifier and identifier.pattern.match(text, len(identifier.ai))
    if not identifier or not found:
        raise WrongElementError(text)
    return Element(identifier.ai, found[0])


def read_link(address: str) -> list[Element]:
    """The elements of a GS1 Digital Link. Raises WrongElementError when it is none, ValueError when it is no address."""
    parsed = urlsplit(address)
    parts = parsed.path.split("/")
    begin = next((n for n, part in enumerate(parts) if part in _QUALIFIERS), None)
    if begin is None or (len(parts) - begin) % 2:
        raise WrongElementError(address)
    (key, value), *qualifiers = _pairs([unquote(part) for part in parts[begin:]])
    elements = [_whole(key, value.zfill(14) if key == "01" else value)]
    allowed = iter(_QUALIFIERS[key])
    for qualifier, value in qualifiers:
        if qualifier not in allowed:  # Each once, in this order: `in` uses the iterator up.
            raise WrongElementError(address)
        elements.append(_whole(qualifier, value))
    attributes = dict(parse_qsl(parsed.query))  # Of one that is repeated, the last.
    return elements + [_whole(ai, value) for ai, value in attributes.items() if ai in IDENTIFIERS]


_ITEM_QUALIFIERS = ("22", "10", "21")
_QUALIFIERS: Mapping[str, Sequence[str]] = {
    "01": (*_ITEM_QUALIFIERS, "235"), "8006": _ITEM_QUALIFIERS, "8010": ("8011",), "414": ("254", "7040"), "415": ("8020",),
    "417": ("7040",), "8017": ("8019",), "8018": ("8019",), "8004": ("7040",),
    **dict.fromkeys(("8013", "255", "00", "253", "401", "402", "8003"), ()),
}  # fmt: skip


def _whole(ai: str, value: str) -> Element:
    if not IDENTIFIERS[ai].pattern.fullmatch(value):
        raise WrongElementError(ai + value)
    return Element(ai, value)


def _pairs(parts: Sequence[str]) -> Iterator[tuple[str, str]]:
    return zip(parts[::2], parts[1::2], strict=True)


def _identifiers() -> Iterator[Identifier]:
    for row in _TABLE.replace("\n", " | ").split("|"):
        if not row.strip():
            continue
        *ranges, form = row.split()
        for first, _, last in (one.partition("-") for one in ranges):
            for ai in range(int(first), int(last or first) + 1):
                yield Identifier(f"{ai:0{len(first)}}", *_compiled(form))


def _compiled(form: str) -> tuple[re.Pattern[str], int]:
    pattern, fixed, depth = "", 0, 0
    for letter, count, dots, most, part in _TOKEN.findall(form):
        depth += (part == "[") - (part == "]")
        if part:
            pattern += _PARTS[part]
            fixed += {"D": 6, "L": 8, "h": 2, "m": 2, "z": 1, "/": 1}.get(part, 0) * (depth == 0)
        else:
            pattern += _CLASSES[letter] + (f"{{{count or 1},{most}}}" if dots else f"{{{count or 1}}}")
            fixed += int(count or 1) * (depth == 0) * (not dots)
    return re.compile(pattern), fixed


IDENTIFIERS: Mapping[str, Identifier] = {one.ai: one for one in _identifiers()}
