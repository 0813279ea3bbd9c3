"""docs/security.md promises nothing that no test shows: each row names tests, and they are there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.tree import ROOT

_ROW = re.compile(r"^\| (?!threat)([^|]+) \|.*\|([^|]*)\|$", re.M)
_ROWS = _ROW.findall((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
_FILES = {str(file.relative_to(ROOT / "tests")): file for file in (ROOT / "tests").rglob("test_*.py")}


def _tests() -> set[str]:
    return {
        node.name
        for file in _FILES.values()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


def test_there_are_rows() -> None:
    assert len(_ROWS) > 30


@pytest.mark.parametrize(("threat", "shown_by"), _ROWS, ids=[threat for threat, _ in _ROWS])
def test_each_threat_names_tests_that_exist(threat: str, shown_by: str) -> None:
    named = re.findall(r"`([^`]+)`", shown_by)
    assert named, f"{threat!r}: which test shows it?"
    assert [name for name in named if name not in _FILES and name not in _tests()] == []
