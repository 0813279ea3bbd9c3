"""The device vectors: frames with their sources, see tests/testdata/vectors/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parents[3] / "testdata" / "vectors"


def vectors(file: str, **wanted: str) -> list[Any]:
    """The vectors of a file as pytest parameters named by their id; `wanted` names fields that must be equal."""
    found = json.loads((_FOLDER / file).read_text("utf-8"))["vectors"]
    chosen = [vector for vector in found if all(vector.get(key) == value for key, value in wanted.items())]
    assert chosen, f"{file} has no vector with {wanted}"
    return [pytest.param(vector, id=vector["id"]) for vector in chosen]
