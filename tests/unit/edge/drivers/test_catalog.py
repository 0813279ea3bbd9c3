from __future__ import annotations

import pytest
from pydantic import ValidationError

from onebook_edge.catalog import DRIVERS
from tests.unit.edge.drivers.cases import sample_settings


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_driver_is_built_by_name_from_plain_settings(driver: str) -> None:
    built = DRIVERS[driver].build("d1", sample_settings(driver))
    assert hasattr(built, "handle") == (DRIVERS[driver].kind == "bytes")
    assert hasattr(built, "decode") == (DRIVERS[driver].kind == "modbus")


@pytest.mark.parametrize("driver", DRIVERS)
def test_an_unknown_setting_is_refused_by_name(driver: str) -> None:
    with pytest.raises(ValidationError, match="baud_rate"):
        DRIVERS[driver].build("d1", {**sample_settings(driver), "baud_rate": 9600})


def test_a_modbus_driver_tells_the_bus_its_unit_and_interval() -> None:
    driver = DRIVERS["xy_md02"].build("d1", {"unit_id": 7, "poll_interval_ms": 30_000})
    assert (driver.unit_id, driver.poll_interval_ms) == (7, 30_000)


@pytest.mark.parametrize(
    ("driver", "settings"),
    [
        ("r200", {"power_dbm": 40}),
        ("serial_scanner", {"suffix": "NUL"}),
        ("xy_md02", {"factor": 0.001}),
        ("mt_sics", {"poll_interval_ms": 0}),
        ("modbus_registers", {}),
        (
            "modbus_registers",
            {"registers": [{"address": 0, "quantity": "x", "unit": "CEL", "minimum": 2, "maximum": 1}]},
        ),
        ("modbus_registers", {"registers": [{"address": a, "quantity": "x", "unit": "CEL"} for a in (0, 1)]}),
    ],
)
def test_a_bad_setting_is_refused(driver: str, settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DRIVERS[driver].build("d1", settings)
