"""The recorded cases of tests/testdata/drivers, see the README there."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "testdata" / "drivers"
DRIVERS_FOLDER = Path(__file__).parents[4] / "edge" / "onebook_edge" / "drivers"


@dataclass(frozen=True)
class Case:
    driver: str
    name: str
    lines: tuple[str, ...]
    expected: dict[str, Any]
    settings: dict[str, Any]


def all_cases() -> list[Case]:
    return [_read(path.parent) for path in sorted(FOLDER.glob("*/*/capture.hex"))]


def sample_settings(driver: str) -> dict[str, Any]:
    return tomllib.loads((DRIVERS_FOLDER / driver / "sample.toml").read_text("utf-8"))


def _read(folder: Path) -> Case:
    lines = (line.partition("#")[0].strip() for line in (folder / "capture.hex").read_text("utf-8").splitlines())
    settings = folder / "settings.toml"
    return Case(
        folder.parent.name,
        folder.name,
        tuple(line for line in lines if line),
        json.loads((folder / "expected.json").read_text("utf-8")),
        tomllib.loads(settings.read_text("utf-8")) if settings.exists() else {},
    )
