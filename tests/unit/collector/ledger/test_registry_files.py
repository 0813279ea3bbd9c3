"""Files for the registry: what a spreadsheet may hold, and what is refused with its line."""

from __future__ import annotations

import pytest

from onebook_collector import reference
from onebook_collector.errors import ConfigurationError
from onebook_collector.ledger.registry import Site
from onebook_collector.ledger.registry_files import PROBLEMS_MAX, read_edges, read_items, read_sites
from tests.house.tree import ROOT

CATALOGUE = (ROOT / "collector/onebook_collector/reference/catalogue.csv").read_bytes()
SITES = "site_id,name_zh,name_en,division_code,lon,lat\n"


def test_the_catalogue_that_comes_with_the_collector_is_read_as_it_is() -> None:
    assert read_items(CATALOGUE) == reference.read_catalogue()


def test_a_site_may_be_without_coordinates_and_a_spreadsheet_may_have_columns_of_its_own() -> None:
    content = "\ufeff" + SITES.replace("lat", "lat,备注") + "hz-01,杭州库,Hangzhou,330102,,,x\n"
    assert read_sites(content.encode()) == [Site("hz-01", "杭州库", "Hangzhou", "330102", None, None)]


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("../etc,库,W,330102,,", "site_id"),
        ("wh-1,库,W,3301,,", "division_code"),
        ("wh-1,库,W,330102,nan,", "lon"),
        ("wh-1,库,W,330102,,91", "lat"),
        ("wh-1,库", "name_en"),
        ("wh-1,库,W,330102,,,more", "row"),
        ("wh-1,\x1b[31m,W,330102,,", "name_zh"),
    ],
)
def test_a_wrong_row_is_refused_with_its_line_and_column(row: str, named: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_sites((SITES + row + "\n").encode())
    assert "line 2" in refused.value.problems[0]
    assert any(named in problem for problem in refused.value.problems), refused.value.problems


def test_every_problem_is_said_at_once_but_not_by_the_thousand() -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_edges(b"edge_id,site_id\n" + b"EDGE 1,wh-1\n" * 1_000)
    assert len(refused.value.problems) == PROBLEMS_MAX + 1
    assert "980 more" in refused.value.problems[-1]


@pytest.mark.parametrize("content", [b"\xff\xfe", b'edge_id,site_id\n"a', b"edge_id\na\n", b"", b"a" * 200_000])
def test_what_is_no_such_table_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        read_edges(content)


def with_weight(code: str, grams: str) -> bytes:
    """The row of one item, in a file with the column that most have not."""
    head, *rows = CATALOGUE.decode().splitlines()
    (row,) = (row for row in rows if row.startswith(code))
    return f"{head},piece_weight_g\n{row},{grams}\n".encode()


def test_what_a_piece_weighs_may_stand_in_a_column_of_its_own() -> None:
    assert [read_items(with_weight("LS01006", text))[0]["piece_weight_g"] for text in ("8200.5", "")] == ["8200.5", ""]


@pytest.mark.parametrize(
    ("code", "grams"),
    [("LS01006", "0"), ("LS01006", "-1"), ("LS01006", "heavy"), ("LS01006", "0.0005"), ("LS07001", "2")],
)
def test_a_weight_of_nothing_or_of_a_piece_of_what_is_not_counted_is_refused(code: str, grams: str) -> None:
    with pytest.raises(ConfigurationError, match="piece_weight_g"):
        read_items(with_weight(code, grams))


@pytest.mark.parametrize(
    ("good", "bad"),
    [(b",EA,lot,", b",EA,teleport,"), (b",1,\xe5\x8c\x85,", b",0,\xe5\x8c\x85,"), (b",,35,", b",,warm,")],
)
def test_a_wrong_item_is_refused_before_any_is_taken_over(good: bytes, bad: bytes) -> None:
    head = b"\n".join(CATALOGUE.splitlines()[:2])
    assert good in head
    with pytest.raises(ConfigurationError):
        read_items(head.replace(good, bad))
