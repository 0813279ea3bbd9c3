"""What the catalogue says about units, and what may not change once something is booked."""

from __future__ import annotations

import pytest

from onebook_collector.errors import RefusedError
from onebook_collector.ledger.memory_book import MemoryBook
from onebook_collector.ledger.registry import base_unit_of, import_items, units_of
from onebook_collector.reference import read_catalogue, read_divisions

CATALOGUE = {row["code"]: row for row in read_catalogue()}


def worths(code: str) -> dict[str, tuple[int, int]]:
    return {unit.unit_code: unit.worth for unit in units_of(CATALOGUE[code])}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("LS05001", {"TNE": (1_000_000, 1), "GRM": (1, 1), "KGM": (1_000, 1)}),  # Grain, by the tonne.
        ("LS06001", {"KGM": (1_000, 1), "GRM": (1, 1), "TNE": (1_000_000, 1), "CT": (25_000, 1)}),  # Cartons of 25 kg.
        ("LS02011", {"PR": (1, 1), "CT": (20, 1)}),  # Boots, 20 pairs to the carton.
        ("PH05001", {"MLT": (1, 1), "LTR": (1_000, 1), "MTQ": (1_000_000, 1), "CT": (5_000, 1)}),  # A vaccine.
        ("PH05005", {"TNE": (1_000_000, 1), "GRM": (1, 1), "KGM": (1_000, 1), "BG": (25_000, 1)}),  # 40 bags a tonne.
        ("RR01018", {"MTR": (1_000, 1), "KMT": (1_000_000, 1), "RO": (20_000, 1)}),  # Hose, rolls of 20 m.
        ("RR01004", {"MTK": (1_000, 1), "RO": (200_000, 1)}),  # Geotextile.
        ("EN03004", {"CY": (1, 1), "EA": (1, 1)}),  # Gas cylinders, each with its serial.
    ],
)
def test_units_of_an_item(code: str, expected: dict[str, tuple[int, int]]) -> None:
    assert worths(code) == expected


@pytest.mark.parametrize("unit_code", ["KGM", "TNE", "LTR", "MTQ", "MTR", "KMT", "MTK"])
def test_three_decimals_of_a_measured_unit_are_exact(unit_code: str) -> None:
    numerator, denominator = base_unit_of(unit_code).units[unit_code]
    assert numerator % (1_000 * denominator) == 0


def test_the_whole_catalogue_can_be_taken_over_and_every_gtin_names_one_unit() -> None:
    book = MemoryBook()
    assert import_items(book, CATALOGUE.values()) == 219
    gtins = [row[5] for row in book.rows.item_units.values() if row[5]]
    named = [row[name] for row in CATALOGUE.values() for name in ("gtin13_example", "pack_gtin14_example") if row[name]]
    assert sorted(gtins) == sorted(set(named))


def test_an_import_may_be_repeated_and_mends_names() -> None:
    book, row = MemoryBook(), CATALOGUE["LS01001"]
    import_items(book, [row])
    import_items(book, [row | {"name_en": "Tent"}])
    assert [one[3] for one in book.rows.items.values()] == ["Tent"]


@pytest.mark.parametrize(("grams", "milligrams"), [("8200.5", 8_200_500), ("0.001", 1), ("", None)])
def test_what_a_piece_weighs_is_kept_in_whole_milligrams(grams: str, milligrams: int | None) -> None:
    book = MemoryBook()
    import_items(book, [CATALOGUE["LS01006"] | {"piece_weight_g": grams}])
    assert [one[-1] for one in book.rows.items.values()] == [milligrams]


@pytest.mark.parametrize("change", [{"tracking": "serial"}, {"pack_size": "12"}, {"pack_size": "12.5"}])
def test_what_booked_quantities_rest_on_cannot_change(change: dict[str, str]) -> None:
    book, row = MemoryBook(), CATALOGUE["LS02011"]
    import_items(book, [row])
    with pytest.raises(RefusedError, match="cannot change"):
        import_items(book, [row | change])


def test_leaving_a_unit_out_takes_nothing_away() -> None:
    book, row = MemoryBook(), CATALOGUE["LS02011"]
    import_items(book, [row])
    import_items(book, [row | {"pack_gtin14_example": ""}])
    assert "CT" in book.items[row["code"]].units


def test_the_divisions_are_a_province_its_prefectures_and_counties() -> None:
    levels = [row["level"] for row in read_divisions()]
    assert [levels.count(level) for level in ("province", "prefecture", "county")] == [1, 11, 90]
