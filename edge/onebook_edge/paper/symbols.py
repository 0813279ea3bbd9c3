"""Bar codes and QR codes as SVG in millimetres, every edge on a whole dot of the printer.

Label printers have 203 dots per inch: eight in a millimetre. A bar that is no whole number of dots wide is printed too thick or
too thin, so a module is a whole number of dots, and the widest that the label has room for.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final

from onebook_edge.paper.code128 import QUIET_MODULES, BarSymbol

DOT_MM: Final = Decimal("0.125")
MODULE_MM_MIN, MODULE_MM_MAX = 2 * DOT_MM, 4 * DOT_MM  # One dot alone smears; 0.5 mm is read across an aisle.
_QR_QUIET_MODULES = 4
_QR_MODULE_MM_MIN, _QR_MODULE_MM_MAX = 3 * DOT_MM, 8 * DOT_MM
_TEXT_MM, _TEXT_ROOM_MM = Decimal("2.8"), Decimal("3.6")
_CHARACTER_MM = Decimal("0.55") * _TEXT_MM  # Of a digit or capital in a sans-serif face, about.


@dataclass(frozen=True, slots=True)
class Picture:
    """An `<svg>` element, as it stands in HTML, and how large it is on paper."""

    svg: str
    width_mm: Decimal
    height_mm: Decimal
    module_mm: Decimal


def bar_picture(symbol: BarSymbol, *, room_mm: Decimal, height_mm: Decimal) -> Picture | None:
    """The symbol with quiet zones and its text below, as wide as the room allows; None when it has none for it."""
    module_mm = _widest(symbol.modules, room_mm, MODULE_MM_MIN, MODULE_MM_MAX)
    return bars(symbol, module_mm, height_mm) if module_mm else None


def bars(symbol: BarSymbol, module_mm: Decimal, height_mm: Decimal) -> Picture:
    """The symbol in this module width. `height_mm` is that of the bars; the text comes below."""
    width_mm, drawn, at = symbol.modules * module_mm, [], QUIET_MODULES
    for number, width in enumerate(symbol.widths):
        if number % 2 == 0:
            drawn.append(
                f"M{_mm(at * module_mm)} 0h{_mm(width * module_mm)}v{_mm(height_mm)}h-{_mm(width * module_mm)}z"
            )
        at += width
    size_mm = min(_TEXT_MM, _TEXT_MM * width_mm / (_CHARACTER_MM * len(symbol.text)))
    text = (
        f'<text x="{_mm(width_mm / 2)}" y="{_mm(height_mm + _TEXT_MM)}" text-anchor="middle" '
        f'font-family="sans-serif" font-size="{_mm(size_mm)}">{escape(symbol.text)}</text>'
    )
    return _picture("".join(drawn), text, width_mm, height_mm + _TEXT_ROOM_MM, module_mm, symbol.text)


def qr_picture(text: str, *, room_mm: Decimal) -> Picture | None:
    """A QR code (ISO/IEC 18004, error correction M or better) with its quiet zone; None when the room is too small.

    ASCII only: many scanners read Chinese text in a QR code wrongly.
    """
    if not text.isascii():
        raise ValueError(f"{text!r} cannot stand in a QR code here: ASCII only")
    import segno  # Loaded when something is printed: most boxes print now and then.

    rows = segno.make(text, error="m", micro=False).matrix
    modules = len(rows) + 2 * _QR_QUIET_MODULES
    module_mm = _widest(modules, room_mm, _QR_MODULE_MM_MIN, _QR_MODULE_MM_MAX)
    if module_mm is None:
        return None
    drawn = "".join(_row(bytes(row), (y + _QR_QUIET_MODULES) * module_mm, module_mm) for y, row in enumerate(rows))
    return _picture(drawn, "", modules * module_mm, modules * module_mm, module_mm, text)


def _row(row: bytes, y_mm: Decimal, module_mm: Decimal) -> str:
    """The dark runs of one row: a run in one piece has no hairlines in it."""
    drawn, at = "", 0
    while (at := row.find(1, at)) >= 0:
        end = row.find(0, at)
        run_mm = ((end if end >= 0 else len(row)) - at) * module_mm
        drawn += (
            f"M{_mm((at + _QR_QUIET_MODULES) * module_mm)} {_mm(y_mm)}h{_mm(run_mm)}v{_mm(module_mm)}h-{_mm(run_mm)}z"
        )
        at += int(run_mm / module_mm)
    return drawn


def _widest(modules: int, room_mm: Decimal, least_mm: Decimal, most_mm: Decimal) -> Decimal | None:
    dots = int(min(room_mm / modules, most_mm) / DOT_MM)
    return dots * DOT_MM if dots * DOT_MM >= least_mm else None


def _picture(path: str, text: str, width_mm: Decimal, height_mm: Decimal, module_mm: Decimal, name: str) -> Picture:
    width, height = _mm(width_mm), _mm(height_mm)
    svg = (
        f'<svg width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(name)}"><path fill="#000" shape-rendering="crispEdges" d="{path}"/>{text}</svg>'
    )
    return Picture(svg, width_mm, height_mm, module_mm)


def _mm(length: Decimal) -> str:
    return format(length.quantize(Decimal("0.001")).normalize(), "f")
