"""Code 128 (ISO/IEC 15417): a text as bars and spaces, in the code sets that make it shortest; with FNC1 as GS1-128.

The three code sets say the same 103 values differently: A has capitals and control characters, B capitals and small letters, C
pairs of digits. A symbol may change its set, or shift for one character; which way is shortest is found by trying all, value by
value. FNC1 in first place makes the symbol GS1-128; further on it is the separator, which scanners report as GS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from onebook_edge.capture.gs1 import GS

QUIET_MODULES: Final = 10
"""White on both sides, in modules."""
GS1_DATA_MAX: Final = 48
"""Characters of a GS1-128 symbol, separators included (GS1 General Specifications, section 5.4)."""

_FNC1, _STOP = 102, "2331112"
_START = {"B": 104, "C": 105, "A": 103}  # Of two ways that are equally short, the first.
_SHIFT = 98
_CHANGE = {"A": 101, "B": 100, "C": 99}
# Widths of bar, space, bar, space, bar, space for the values 0 to 105, in modules.
_TABLE = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 123122
123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323
131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131
213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 121124 121421 141122
141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 111242 121142 121241 114212 124112
124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141
411131 211412 211214 211232
"""
_WIDTHS = _TABLE.split()


@dataclass(frozen=True, slots=True)
class BarSymbol:
    """Widths in modules, beginning with a bar; without the quiet zones. `text` is what stands below it for people."""

    widths: tuple[int, ...]
    text: str

    @property
    def modules(self) -> int:
        """Its width with both quiet zones."""
        return sum(self.widths) + 2 * QUIET_MODULES


def code128(text: str) -> BarSymbol:
    """The shortest symbol for a text. Raises ValueError for what is not ASCII."""
    return BarSymbol(_widths(shortest_values(text)), text)


def gs1_128(element_string: str, text: str) -> BarSymbol:
    """The shortest GS1-128 symbol for elements joined by GS. Raises ValueError when they are too many for one symbol."""
    if len(element_string) > GS1_DATA_MAX:
        raise ValueError(
            f"{len(element_string)} characters in a GS1-128 symbol: at most {GS1_DATA_MAX}, use two symbols"
        )
    return BarSymbol(_widths(shortest_values(element_string, is_gs1=True)), text)


def shortest_values(text: str, *, is_gs1: bool = False) -> tuple[int, ...]:
    """Start character and values, as few as can be; without the check character. A GS in a GS1 text is FNC1."""
    if not text or not text.isascii():
        raise ValueError(f"{text!r} cannot be printed as Code 128: at least one character, and ASCII only")
    # Ways to have said the text so far that end in each code set, the shortest of each; behind them those that are due.
    ways: list[dict[str, tuple[int, ...]]] = [{} for _ in range(len(text) + 2)]
    ways[0] = {name: (start, _FNC1) if is_gs1 else (start,) for name, start in _START.items()}
    for place in range(len(text)):
        for name, said in _with_changes(ways[place]).items():
            for taken, values in _next_values(text, place, name, is_gs1=is_gs1):
                _keep_shorter(ways[place + taken], name, said + values)
    return min(ways[len(text)].values(), key=len)


def check_value(values: Sequence[int]) -> int:
    """The check character: each value times its place, the start character and the first value times one, modulo 103."""
    return (values[0] + sum(place * value for place, value in enumerate(values[1:], 1))) % 103


def _with_changes(ways: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """These ways, and those that change to another code set now."""
    found = dict(ways)
    for name, change in _CHANGE.items():
        for said in ways.values():
            _keep_shorter(found, name, (*said, change))
    return found


def _next_values(text: str, place: int, code_set: str, *, is_gs1: bool) -> Iterator[tuple[int, tuple[int, ...]]]:
    """How the text can go on in this code set: how many characters are taken, and by which values."""
    if is_gs1 and text[place] == GS:
        yield 1, (_FNC1,)
    elif code_set == "C":
        pair = text[place : place + 2]
        if len(pair) == 2 and pair.isdigit():
            yield 2, (int(pair),)
    elif (value := _VALUES[code_set].get(text[place])) is not None:
        yield 1, (value,)
    else:
        yield 1, (_SHIFT, _VALUES["B" if code_set == "A" else "A"][text[place]])


def _keep_shorter(ways: dict[str, tuple[int, ...]], name: str, said: tuple[int, ...]) -> None:
    if name not in ways or len(said) < len(ways[name]):
        ways[name] = said


def _widths(values: Sequence[int]) -> tuple[int, ...]:
    patterns = [_WIDTHS[value] for value in (*values, check_value(values))] + [_STOP]
    return tuple(int(width) for width in "".join(patterns))


_VALUES = {
    "A": {chr(code): (code - 32) % 96 for code in range(96)},
    "B": {chr(code): code - 32 for code in range(32, 128)},
}
