"""`onebook collector import` of what warehouses work by: all problems at once, all of it or nothing, and repeatable."""

from __future__ import annotations

from pathlib import Path

import pytest

from onebook_collector.administration.audit import audit_entries
from onebook_collector.cli import main
from onebook_collector.furnishing import desk
from onebook_schemas.pins import pin_matches
from onebook_schemas.reference import TaskAction
from tests.integration.import_command import imported, kept

FILES = {
    "setup": "site_id,maker_number,"
    "issue_without_order_max,second_person_from,count_difference_review_pct,inspect_receipts\nwh-1,7,50,,,\n",
    "zones": "site_id,code,name_zh,name_en,temp_min_c,temp_max_c,rh_min_pct,rh_max_pct,probes\n"
    "wh-1,COLD,冷库,Cold,2,8,,,edge-1/p1 edge-1/p2\n",
    "bins": "site_id,code,name_zh,zone\nwh-1,A-01,一排,COLD\nwh-1,A-02,,\n",
    "people": "site_id,badge,name,role,pin,may_authorise,until\nwh-1,k1,张建国,keeper,'024681,no,\n"
    "wh-1,h1,王芳,warehouse_head,135790,yes,2030-12-31\n",
    "tasks": "site_id,kind,number,action,title_zh,title_en,counterpart,due_on,is_urgent,note,item,amount,unit,lot,bin\n"
    "wh-1,DB,DB-1,ISSUE,调拨,Dispatch,某县,2026-12-01,yes,,LS01001,20,EA,,A-01\n"
    "wh-1,DB,DB-1,ISSUE,调拨,Dispatch,某县,2026-12-01,yes,,LS01002,5,EA,L1,\n"
    "wh-1,PD,PD-1,COUNT,盘点,Stocktake,,,,,,,,,\n",
}


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "collector.toml"
    file.write_text(f'data_folder = "{tmp_path}"\n')
    sites = "site_id,name_zh,name_en,division_code,lon,lat\nwh-1,一号库,One,330102,,\nwh-2,二号库,Two,330102,,\n"
    (tmp_path / "sites.csv").write_text(sites)
    (tmp_path / "edges.csv").write_text("edge_id,site_id\nedge-1,wh-1\nedge-2,wh-2\n")
    registry = ("--sites", str(tmp_path / "sites.csv"), "--edges", str(tmp_path / "edges.csv"))
    assert main(["import", "--config", str(file), *registry]) == 0
    return file


def test_everything_is_taken_over_and_again_it_changes_nothing(
    configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert imported(configuration, **FILES) == 0
    assert "人员 people 2" in capsys.readouterr().out
    setup = kept(configuration, lambda db: desk.setup_of(db, "wh-1"))
    assert (setup.maker_number, setup.rules.issue_without_order_max, setup.rules.second_person_from) == (7, 50, 500)
    zone = kept(configuration, lambda db: desk.zones_of(db, "wh-1"))["COLD"]
    assert (zone.limits.temperature_c_max, [one.device for one in zone.probes]) == (8, ["p1", "p2"])
    assert [one.code for one in kept(configuration, lambda db: desk.bins_of(db, "wh-1"))] == ["A-01", "A-02"]
    head, keeper = kept(configuration, lambda db: desk.people_of(db, "wh-1"))
    assert pin_matches("024681", keeper.pin)
    assert (head.may_authorise, str(head.until)) == (True, "2030-12-31")
    order, count = (one.task for one in kept(configuration, lambda db: desk.tasks_of(db, "wh-1")))
    assert (order.is_urgent, [(line.item, line.lot) for line in order.lines]) == (
        True,
        [("LS01001", None), ("LS01002", "L1")],
    )
    assert (count.action, count.lines) == (TaskAction.COUNT, ())
    no_pins = FILES["people"].replace("'024681", "").replace("135790", "")
    assert imported(configuration, **(FILES | {"people": no_pins})) == 0
    assert kept(configuration, lambda db: desk.people_of(db, "wh-1")) == [head, keeper]
    said = kept(configuration, lambda db: [row.detail for row in audit_entries(db)])
    assert not [detail for detail in said if "024681" in detail or keeper.pin.hash in detail]


def test_every_problem_of_every_file_is_said_at_once_and_nothing_is_taken(
    configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = {kind: text.splitlines()[0] for kind, text in FILES.items()}
    wrong = {
        "setup": f"{head['setup']}\nwh-1,7,,,\nwh-9,8,,,\n",
        "zones": f"{head['zones']}\nwh-1,COLD,冷库,Cold,,,,,edge-2/p1\n",
        "bins": f"{head['bins']}\nwh-1,A-01,,DRY\nwh-1,A-02,,\nwh-1,A-02,,\n",
        "tasks": f"{head['tasks']}\nwh-1,DB,DB-1,ISSUE,调拨,Dispatch,,,,,LS01001,20,KGM,,\n"
        "wh-1,DB,DB-2,ISSUE,调拨,Dispatch,,,,,LS01001,20,EA,,A-09\n"
        "wh-1,DB,DB-2,ISSUE,另一,Other,,,,,LS01001,20,EA,,\n",
    }
    assert imported(configuration, **wrong) == 2
    said = capsys.readouterr().err
    for problem in (
        "setup.csv: 第 3 行 / line 3: 没有仓库 wh-9",
        "zones.csv: 第 2 行 / line 2: COLD: edge-2",
        "bins.csv: 第 2 行 / line 2: 没有库区 DRY",
        "bins.csv: 第 4 行 / line 4: wh-1 A-02",
        "tasks.csv: 第 2 行 / line 2: 第 1 项 / line 1: LS01001",
        "tasks.csv: 第 4 行 / line 4: DB-2",
    ):
        assert problem in said
    assert kept(configuration, desk.generations) == {}


def test_rows_that_cannot_be_read_are_said_for_all_files_and_no_pin_with_them(
    configuration: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        "people": FILES["people"].replace("135790", "13579").replace("keeper", "boss"),
        "bins": FILES["bins"].replace("A-01", "A 01"),
    }
    assert imported(configuration, **wrong) == 2
    said = capsys.readouterr().err
    assert "people.csv: 第 2 行 / line 2: role" in said
    assert "people.csv: 第 3 行 / line 3: pin" in said
    assert "bins.csv: 第 2 行 / line 2: code" in said
    assert "13579" not in said


def test_a_maker_number_of_another_site_is_refused(configuration: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert imported(configuration, setup=FILES["setup"]) == 0
    assert imported(configuration, setup=FILES["setup"].replace("wh-1", "wh-2")) == 1
    assert "maker_number_taken" in capsys.readouterr().err
