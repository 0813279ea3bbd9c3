from __future__ import annotations

from pathlib import Path

import pytest

from onebook_edge.errors import ConfigurationError
from onebook_edge.settings import load_settings

GOOD = """
edge_id = "edge-330106-01"
[[devices]]
id = "scanner-1"
driver = "serial_scanner"
link = {kind = "serial", port = "/dev/serial/by-id/x"}
[[buses]]
id = "line-1"
link = {kind = "serial", port = "/dev/serial/by-id/y", baudrate = 4800}
[[buses.devices]]
id = "probe-1"
driver = "renke_pr3000"
settings = {unit_id = 3}
[capture.work_places.bench]
[capture.devices]
scanner-1 = {role = "dialogue", work_place = "bench"}
"""


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "edge.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    return caught.value.problems


def test_a_good_configuration_is_taken(tmp_path: Path) -> None:
    (tmp_path / "edge.toml").write_text(GOOD, encoding="utf-8")
    assert load_settings(tmp_path / "edge.toml").device_ids == ["scanner-1", "probe-1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("edge_id", "edge_idd"), ["edge_id: 缺少", "did you mean 'edge_id'?"]),
        (("edge-330106-01", "Edge 1"), ["edge_id: "]),
        (("serial_scanner", "serial_scaner"), ["devices.0.driver", "did you mean 'serial_scanner'?"]),
        (('driver = "serial_scanner"', 'driver = "xy_md02"'), ["does not belong here. Put it into a [[buses]] table"]),
        (("unit_id = 3", "unit_id = 300"), ["buses.0.devices.0.settings.unit_id"]),
        (('id = "probe-1"', 'id = "scanner-1"'), ["'scanner-1' 重复"]),
        (("scanner-1 = {role", "scaner-1 = {role"), ["capture.devices.scaner-1", "did you mean 'scanner-1'?"]),
        (('work_place = "bench"', 'work_place = "bank"'), ["work_places.bank"]),
        (("baudrate = 4800", "baudrate = -1"), ["baudrate"]),
    ],
)
def test_a_problem_is_named_with_its_place_and_its_fix(
    change: tuple[str, str], words: list[str], tmp_path: Path
) -> None:
    found = "\n".join(problems(tmp_path, GOOD.replace(*change, 1)))
    assert all(word in found for word in words), found


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("edge_id", "edge_idd", 1).replace("serial_scanner", "nothing").replace("unit_id = 3", "unit = 3")
    )
    assert len(problems(tmp_path, text)) == 4


def test_a_file_that_is_no_toml_or_not_there_is_told_in_words(tmp_path: Path) -> None:
    assert "TOML" in problems(tmp_path, "edge_id = ")[0]
    with pytest.raises(ConfigurationError, match="check the path"):
        load_settings(tmp_path / "nowhere.toml")


def test_a_catalogue_that_is_not_there_is_told_with_its_path(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("edge_id", 'catalogue_file = "/nowhere.csv"\nedge_id', 1))
    assert found[0].startswith("catalogue_file: /nowhere.csv")
