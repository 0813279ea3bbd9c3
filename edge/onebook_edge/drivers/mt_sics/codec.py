"""Lines of MT-SICS (Mettler Toledo Standard Interface Command Set, levels 0 and 1), without their CR LF.

Fields are split at white space, not by column: copies of the protocol are off by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from onebook_edge.device import Quality

LINE_END = re.compile(rb"[\r\n]")
ASK_NOW, ASK_REPEATEDLY = b"SI\r\n", b"SIR\r\n"
COMMANDS = {"zero": b"Z\r\n", "tare": b"T\r\n", "clear_tare": b"TAC\r\n"}

_NAMES = {"Z": "zero", "T": "tare", "TAC": "clear_tare"}
_REFUSALS = {"I": "not-executable", "L": "wrong-parameter", "+": "above-range", "-": "below-range"}
_ERRORS = {"ES": "syntax", "ET": "transmission", "EL": "logical"}
_NO_WEIGHT = {"I": Quality.NOT_VALID, "+": Quality.OVERLOAD, "-": Quality.UNDERLOAD}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_BEGINNING = re.compile(r"S [SDI+-]")


@dataclass(frozen=True, slots=True)
class Weight:
    value: Decimal | None
    unit: str | None
    quality: Quality


@dataclass(frozen=True, slots=True)
class Done:
    """The scale did what it was told; with a tare, the tare that it took."""

    command: str
    tare: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The scale did not. `command` is None for the general errors, which do not say what they answer."""

    command: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Introduction:
    """The scale says its name: it was switched on or reset."""


Line: TypeAlias = Weight | Done | Refused | Introduction


def parse(text: str) -> Line | None:
    """What a line says; None when it is no line of this protocol."""
    match text.split():
        case ["S", "S" | "D" as state, number, unit] if _NUMBER.fullmatch(number):
            return Weight(Decimal(number), unit, Quality.GOOD if state == "S" else Quality.UNSTABLE)
        case ["S", "I" | "+" | "-" as state]:
            return Weight(None, None, _NO_WEIGHT[state])
        case ["T", "S" | "D", number, unit] if _NUMBER.fullmatch(number):
            return Done("tare", Decimal(number), unit)
        case ["Z" | "TAC" as word, "A"]:
            return Done(_NAMES[word])
        case ["Z" | "T" | "TAC" as word, "I" | "L" | "+" | "-" as state]:
            return Refused(_NAMES[word], _refusal(word, state))
        case ["ES" | "ET" | "EL" as error]:
            return Refused(None, _ERRORS[error])
        case ["I4" | "@", *_]:
            return Introduction()
        case _:
            return None


def weight_behind(text: str) -> Weight | None:
    """The whole weight at the end of a damaged line: the line before it was cut off before its CR LF."""
    for beginning in _BEGINNING.finditer(text, 1):
        line = parse(text[beginning.start() :])
        if isinstance(line, Weight):
            return line
    return None


def _refusal(word: str, state: str) -> str:
    return f"{_NAMES[word]}-{_REFUSALS[state]}" if state in "+-" else _REFUSALS[state]
