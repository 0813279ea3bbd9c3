"""Every driver folder is complete: settings that explain themselves, a sample that works, and the truth about its state."""

from __future__ import annotations

import tomllib

import pytest

from onebook_edge.catalog import DRIVERS
from tests.unit.edge.drivers.cases import DRIVERS_FOLDER, sample_settings

_RULES = {
    "captured_frames",
    "half_and_garbled_frames",
    "silence",
    "reconnect",
    "units",
    "simulated_twin",
    "readme",
}


def test_every_folder_is_in_the_catalog_and_the_other_way_round() -> None:
    assert {path.parent.name for path in DRIVERS_FOLDER.glob("*/driver.py")} == set(DRIVERS)


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_folder_holds_what_a_driver_needs(driver: str) -> None:
    files = {path.name for path in (DRIVERS_FOLDER / driver).iterdir()}
    assert {"driver.py", "settings.py", "README.md", "sample.toml", "quality.toml"} <= files
    assert "Wiring" in (DRIVERS_FOLDER / driver / "README.md").read_text("utf-8")


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_sample_is_valid_shows_the_defaults_and_names_every_setting(driver: str) -> None:
    model = DRIVERS[driver].settings
    sample = model.model_validate(sample_settings(driver))
    text = (DRIVERS_FOLDER / driver / "sample.toml").read_text("utf-8")
    for name, field in model.model_fields.items():
        assert f"{name} = " in text or f"[[{name}]]" in text, name
        assert field.is_required() or getattr(sample, name) == field.get_default(call_default_factory=True), name


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_setting_has_a_sentence_of_description(driver: str) -> None:
    for name, field in DRIVERS[driver].settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_quality_file_answers_every_rule(driver: str) -> None:
    rules = tomllib.loads((DRIVERS_FOLDER / driver / "quality.toml").read_text("utf-8"))
    assert set(rules) == _RULES
    for name, rule in rules.items():
        assert rule["status"] in ("done", "todo", "exempt"), name
        assert rule["reason"], name
