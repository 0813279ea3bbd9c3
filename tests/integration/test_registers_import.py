"""`onebook collector import` of facilities, prices and outages: all problems at once, all of it or nothing, and repeatable."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from onebook_collector.administration.audit import audit_entries
from onebook_collector.cli import main
from onebook_collector.coverage import registers
from onebook_collector.coverage.facility import Goods, Kind
from tests.integration.import_command import imported, kept

HEAD = (
    "site_id,level,kind,goods,department,storage_area_m2,systems,counts_with,active_since,"
    "removed_on,removal_approval,removal_reason\n"
)
FILES = {
    "facilities": HEAD
    + "wh-1,county,comprehensive_warehouse,government entrusted,县应急管理局,1200.5,flood rescue,,2026-01-01,,,\n"
    "wh-2,county,health_base,medical_institution,县卫生健康局,300,,wh-1,2026-01-01,,,\n",
    "prices": "item,valid_from,price_cny,source\nLS01001,2026-01-01,1250.50,采购合同\nLS01001,2026-07-01,1300,采购合同\n",
    "outages": "site_id,begins_at,ends_at,reason,approved_by\nwh-1,2026-08-01 08:00,2026-08-01 20:00,线路检修,市应急局\n",
}


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "collector.toml"
    file.write_text(f'data_folder = "{tmp_path}"\n')
    names = ("wh-1,一号库,One,330102", "wh-2,二号库,Two,330102", "wh-3,三号库,Three,330203")
    sites = "site_id,name_zh,name_en,division_code,lon,lat\n" + "".join(f"{one},,\n" for one in names)
    (tmp_path / "sites.csv").write_text(sites)
    assert main(["import", "--config", str(file), "--sites", str(tmp_path / "sites.csv")]) == 0
    return file


def test_everything_is_taken_over_and_again_it_changes_nothing(
    configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(configuration, **FILES) == 0
    assert "储备库名录 facilities 2" in capsys.readouterr().out
    facilities = kept(configuration, registers.facilities)
    first = facilities["wh-1"]
    assert (first.kind, first.goods) == (Kind.COMPREHENSIVE_WAREHOUSE, {Goods.GOVERNMENT, Goods.ENTRUSTED})
    assert (first.storage_area_m2, first.systems, first.active_since) == (
        Decimal("1200.5"),
        ("flood", "rescue"),
        date(2026, 1, 1),
    )
    assert facilities["wh-2"].counts_with == "wh-1"
    for day, price in ((date(2026, 6, 30), "1250.50"), (date(2026, 7, 1), "1300")):
        assert kept(configuration, lambda db, day=day: registers.prices_on(db, day)) == {"LS01001": Decimal(price)}
    assert kept(configuration, lambda db: registers.prices_on(db, date(2025, 12, 31))) == {}
    outages = kept(configuration, lambda db: registers.outages_in(db, 0, 2**60))
    assert [(until - since) // 3_600_000 for since, until in outages["wh-1"]] == [12]
    written = len(kept(configuration, lambda db: audit_entries(db, action="facility.put")))
    assert imported(configuration, facilities=FILES["facilities"]) == 0
    assert kept(configuration, registers.facilities) == facilities
    assert len(kept(configuration, lambda db: audit_entries(db, action="facility.put"))) == written == 2


def test_every_problem_of_every_row_is_said_at_once_and_nothing_is_taken_over(
    configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        imported(
            configuration,
            facilities=HEAD + "wh-1,district,comprehensive_warehouse,government,x,-1,,,2026-01-01,,,\n"
            "wh-2,county,barn,government,,12,,,2026-13-01,,,\n",
            outages="site_id,begins_at,ends_at,reason,approved_by\nwh-1,2026-08-02,2026-08-01,r,a\n",
        )
        == 2
    )
    said = capsys.readouterr().err
    for problem in ("line 2: level", "storage_area_m2", "line 3: kind", "department", "active_since", "ends after"):
        assert problem in said
    assert (
        imported(configuration, **{**FILES, "prices": "item,valid_from,price_cny,source\nLS99999,2026-01-01,1,s\n"})
        == 2
    )
    assert "LS99999" in capsys.readouterr().err
    assert kept(configuration, registers.facilities) == {}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("wh-9,county,grain_depot,government,x,1,,,,,,", "没有仓库 wh-9"),
        ("wh-1,county,grain_depot,government,x,1,,wh-7,,,,", "no registered facility"),
        ("wh-1,county,grain_depot,government,x,1,,wh-1,,,,", "does not stand for itself"),
        ("wh-3,county,grain_depot,government,x,1,,wh-1,,,,", "another county"),
        ("wh-2,county,grain_depot,government,x,1,,,2026-01-01,2026-09-01,,", "removal_approval"),
        ("wh-1,township,comprehensive_warehouse,government,x,1,,,2026-01-01,,,", "out of scope"),
    ],
)
def test_what_does_not_fit_is_refused(
    configuration: Path, capsys: pytest.CaptureFixture[str], row: str, problem: str
) -> None:
    assert imported(configuration, facilities=FILES["facilities"]) == 0
    assert imported(configuration, facilities=HEAD + row + "\n") == 2
    assert problem in capsys.readouterr().err


def test_a_removal_with_approval_stays_in_the_register(configuration: Path) -> None:
    assert imported(configuration, facilities=FILES["facilities"]) == 0
    row = "wh-1,county,comprehensive_warehouse,government,x,1,,,2026-01-01,2026-09-01,浙应急〔2026〕1号,拆除\n"
    assert imported(configuration, facilities=HEAD + row) == 0
    facility = kept(configuration, registers.facilities)["wh-1"]
    assert (facility.removed_on, facility.removal_approval) == (date(2026, 9, 1), "浙应急〔2026〕1号")
