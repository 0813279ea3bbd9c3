from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_edge.capture.catalogue import Catalogue, Item, Tracking, is_counted, mass_in
from onebook_edge.errors import ConfigurationError
from onebook_schemas.reference import CatalogueDocument, CatalogueItem, Limits
from tests.unit.edge.capture.work_place import BED, CATALOGUE_CSV, PADDY, RICE, TENT

CATALOGUE = Catalogue.from_csv_text(CATALOGUE_CSV)
HEAD, TENT_ROW, BED_ROW, *_ = CATALOGUE_CSV.splitlines()


def test_an_item_is_found_by_the_gtin_of_each_unit_by_its_code_and_by_its_initials() -> None:
    piece, carton = CATALOGUE.by_gtin("09520000000066"), CATALOGUE.by_gtin("19520000000063")
    assert piece is not None
    assert carton is not None
    assert piece.item == carton.item == CATALOGUE.by_code(BED)
    assert (piece.unit.factor, piece.unit.name_zh) == (1, "张")
    assert (carton.unit.factor, carton.unit.name_zh) == (2, "件")
    assert [item.code for item in CATALOGUE.by_initials("d")] == [PADDY, RICE]
    assert len(CATALOGUE) == 4


def test_an_item_knows_how_it_is_tracked_and_counted() -> None:
    tent, rice, paddy = (CATALOGUE.by_code(code) for code in (TENT, RICE, PADDY))
    assert tent is not None
    assert rice is not None
    assert paddy is not None
    assert (tent.name_en, tent.tracking, tent.shelf_life_days) == ("Command tent, 60 m2", Tracking.SERIAL, 3650)
    assert (rice.base_unit, paddy.units[0].gtin14) == ("KGM", None)


def test_what_is_not_there_is_none() -> None:
    assert CATALOGUE.by_gtin("06901234567892") is None
    assert CATALOGUE.by_code("LS99999") is None
    assert CATALOGUE.by_initials("XYZ") == ()


def test_a_byte_order_mark_is_no_part_of_a_column() -> None:
    assert len(Catalogue.from_csv_text("\ufeff" + CATALOGUE_CSV)) == 4


def test_every_problem_of_a_file_is_reported_at_once() -> None:
    rows = [BED_ROW.replace(BED, "ls1"), BED_ROW.replace(",lot,", ",heap,"), BED_ROW.replace(",2,", ",0,"), TENT_ROW]
    with pytest.raises(ConfigurationError) as raised:
        Catalogue.from_csv_text("\n".join((HEAD, *rows)))
    assert [problem.split(":")[0] for problem in raised.value.problems] == [
        "catalogue line 2", "catalogue line 3", "catalogue line 4",
    ]  # fmt: skip


def test_what_is_no_csv_is_a_problem_and_no_failure() -> None:
    with pytest.raises(ConfigurationError, match="a CSV file is needed"):
        Catalogue.from_csv_text(HEAD + "\n" + "a" * 200_000)


def test_a_missing_column_is_a_problem_of_each_line() -> None:
    with pytest.raises(ConfigurationError, match="catalogue line 2: 'name_zh'"):
        Catalogue.from_csv_text("code\nLS01006")


def test_a_code_or_gtin_that_stands_for_two_things_is_refused() -> None:
    with pytest.raises(ConfigurationError) as raised:
        Catalogue.from_csv_text("\n".join((HEAD, BED_ROW, BED_ROW, TENT_ROW.replace("9520000000042", "9520000000066"))))
    assert [problem.split(" stands")[0] for problem in raised.value.problems] == [
        f"item code {BED}", "GTIN 09520000000066", "GTIN 19520000000063",
    ]  # fmt: skip


def test_what_a_piece_weighs_may_stand_in_a_column_of_its_own() -> None:
    known = Catalogue.from_csv_text(f"{HEAD},piece_weight_g\n{TENT_ROW},\n{BED_ROW},8200.5\n")
    weights = [item.piece_weight_g for item in map(known.by_code, (TENT, BED)) if item]
    assert weights == [None, Decimal("8200.5")]
    for bad in ("0", "-1", "heavy", "NaN"):
        with pytest.raises(ConfigurationError, match="catalogue line 2: piece_weight_g"):
            Catalogue.from_csv_text(f"{HEAD},piece_weight_g\n{BED_ROW},{bad}\n")


def test_masses_are_converted_by_shifting_the_point() -> None:
    assert mass_in("TNE", Decimal("12340"), "KGM") == Decimal("12.340")
    assert mass_in("KGM", Decimal("0.5"), "GRM") == Decimal("0.0005")
    assert mass_in("EA", Decimal(1), "KGM") is None
    assert mass_in("KGM", Decimal(1), "LBR") is None


def test_only_measured_units_exist_in_parts() -> None:
    assert [unit for unit in ("EA", "SET", "CT", "KGM", "MTR", "MTQ") if is_counted(unit)] == ["EA", "SET", "CT"]


def test_a_catalogue_of_a_document_is_the_one_of_the_file() -> None:
    document = CatalogueDocument(
        version=1, items=tuple(map(as_given, map(CATALOGUE.by_code, (TENT, BED, PADDY, RICE))))
    )
    catalogue = Catalogue.of_document(document)
    assert [catalogue.by_code(code) for code in (TENT, BED, PADDY, RICE)] == [
        CATALOGUE.by_code(code) for code in (TENT, BED, PADDY, RICE)
    ]
    assert catalogue.by_gtin("19520000000063") == CATALOGUE.by_gtin("19520000000063")


def as_given(item: Item | None) -> CatalogueItem:
    assert item is not None
    units = [
        {"code": item.base_unit if unit.factor == 1 else "CT", "name_zh": unit.name_zh, "factor": unit.factor}
        | {"gtin": unit.gtin14}
        for unit in item.units
    ]
    names = {"name_zh": item.name_zh, "name_en": item.name_en, "pinyin_initials": item.pinyin_initials.lower()}
    more = {"category": item.category, "tracking": item.tracking.value, "shelf_life_days": item.shelf_life_days}
    return CatalogueItem.model_validate({"code": item.code, "units": units, **names, **more})


def test_climate_care_and_reuse_stand_in_the_province_s_file_too() -> None:
    row = f"{HEAD},category,inspection_days,reusable,temp_max_c,rh_max_pct\n{TENT_ROW},life_support,365,yes,35,75\n"
    item = Catalogue.from_csv_text(row).by_code(TENT)
    assert item is not None
    assert (item.category, item.inspection_days, item.is_reusable) == ("life_support", 365, True)
    assert item.limits == Limits(temperature_c_max=35, humidity_rh_max=75)


def test_a_bag_of_which_forty_make_a_tonne_is_no_unit() -> None:
    row = "PH05005,生石灰,SSH,Quicklime,吨,TNE,bulk,,40,袋,,19520000000999"
    catalogue = Catalogue.from_csv_text(f"{HEAD}\n{row}\n")
    assert catalogue.by_gtin("19520000000999") is None
    assert catalogue.by_code("PH05005") is not None
