from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onebook_collector.csv_text import csv_lines, moment, read_back, written
from onebook_collector.ledger.registry_files import read_sites

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "'=1",
    "＝1+1",
    "\ufeff=1",
    '=HYPERLINK("http://x")',
    "|x",
]
TURNED = [
    "007",
    "0",
    "1E5",
    "1-2",
    "2026-05-01",
    "12345678901234567890",
    "MAR1",
    "sep12",
    "TRUE",
    "false",
    ".5",
    "$3",
    "%",
]

texts = st.text(st.characters(codec="utf-8")) | st.sampled_from(FORMULAS + TURNED)


@given(texts)
@example("''")
def test_what_is_read_is_what_was_written(text: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_lines([[text, "end"]]), newline=""))
    assert [read_back(cell) for cell in row] == [text, "end"]


@given(texts)
def test_no_text_begins_as_a_formula_does(text: str) -> None:
    assert written(text)[:1] == "" or written(text)[0] == "'" or written(text)[0].isalpha()


@pytest.mark.parametrize("text", FORMULAS + TURNED)
def test_what_a_spreadsheet_would_turn_into_something_else_is_marked(text: str) -> None:
    assert written(text) == "'" + text


@pytest.mark.parametrize("text", ["张建国", "receipt", "LS01001", "wh-1", "", "L-007", "a=1"])
def test_plain_text_is_left_alone(text: str) -> None:
    assert written(text) == text


def test_numbers_moments_and_dates_are_written_as_such() -> None:
    cells = [-40, Decimal("-12.500"), Decimal("40"), Decimal("0"), date(2030, 6, 30), moment(0), None]
    assert csv_lines([cells]) == "-40,-12.5,40,0,2030-06-30,1970-01-01T00:00:00.000Z,\r\n"


def test_the_registry_reads_what_we_write() -> None:
    rows = [["site_id", "name_zh", "name_en", "division_code", "lon", "lat"]]
    rows += [["007", "=仓库", "-1 store", "330102", "", ""], ["wh-2", "'二", "@3", "330205", "", ""]]
    (first, second) = read_sites(csv_lines(rows).encode())
    assert (first.site_id, first.name_zh, first.name_en, first.division_code) == ("007", "=仓库", "-1 store", "330102")
    assert (second.name_zh, second.name_en) == ("'二", "@3")
