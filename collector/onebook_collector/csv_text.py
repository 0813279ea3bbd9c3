"""How cells of CSV files are written and read: nothing in them is a formula, and codes stay what they are. Pure.

A spreadsheet runs a cell that begins with = + - @, also after blanks, and turns 007 into 7, 1E5 into 100000 and MAR1 into a date.
So a text that is not plainly text is written with an apostrophe before it; one that begins with an apostrophe too. Whoever reads
takes one apostrophe away, and has what was written. Numbers are written as numbers. (RFC 4180, in UTF-8 with a BOM.)
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from onebook_collector.clock import utc

BOM = "\ufeff"
CONTENT_TYPE = "text/csv; charset=utf-8; header=present"
MARK = "'"
Cell: TypeAlias = str | int | Decimal | date | None

_TURNED_INTO_SOMETHING = re.compile(
    r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|true|false|inf|nan|am|pm|上午|下午)",
    re.I,
)
"""What begins with the name of a month, a day, a half of a day or a truth value."""


def moment(at_ms: int | None) -> datetime | None:
    return utc(at_ms) if at_ms is not None else None


def csv_lines(rows: Iterable[Iterable[Cell]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([written(cell) for cell in row] for row in rows)
    return text.getvalue()


def written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return cell if is_plainly_text(cell) else MARK + cell
        case datetime():
            return cell.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return cell.isoformat()
        case Decimal():
            return format(cell.normalize(), "f")
        case _:
            return str(cell)


def read_back(cell: str) -> str:
    """The text that was written. What people have typed without an apostrophe is as it is."""
    return cell.removeprefix(MARK)


def is_plainly_text(text: str) -> bool:
    """No spreadsheet takes it for anything else. The empty text is no cell at all."""
    return not text or (text[0].isalpha() and not _TURNED_INTO_SOMETHING.match(text))
