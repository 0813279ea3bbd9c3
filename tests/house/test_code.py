"""The code keeps its own rules: import directions, docstrings, size, nothing left to do, no trace of a machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.house.tree import ROOT, name_of, package_modules, project_files

LINES_MAX = 450
_LEFT_TO_DO = re.compile(r"\b(?:FIX" r"ME|TO" r"DO|XX" r"X)\b")
_OF_A_MACHINE = re.compile(
    r"files\.python" r"hosted|\bpypi\." r"org|deb\.deb" r"ian\.org|registry\.npm" r"js|(?<![\w.\-])/wo" r"rk/|/tmp/bash_" r"jobs"
)  # fmt: skip


def test_the_import_directions_hold() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_a_module_says_what_it_is() -> None:
    """Its docstring: the contract in a line. Only an empty file needs none."""
    texts = {name_of(module): module.read_text(encoding="utf-8") for module in package_modules()}
    assert [name for name, text in texts.items() if text.strip() and not ast.get_docstring(ast.parse(text))] == []


def test_a_module_can_be_read_in_one_go() -> None:
    """A longer one is split where a name appears by itself."""
    lines = {name_of(module): len(module.read_text(encoding="utf-8").splitlines()) for module in package_modules()}
    assert {name: count for name, count in lines.items() if count > LINES_MAX} == {}


def test_nothing_is_left_to_do() -> None:
    code = project_files(".py", ".sh", ".toml", ".html", ".js", ".css", ".yaml", ".conf", ".service", "Makefile")
    found = [name_of(path) for path in code if _LEFT_TO_DO.search(path.read_text(encoding="utf-8"))]
    assert not found


def test_no_file_names_a_download_host_or_a_path_of_somebodys_machine() -> None:
    found = []
    for path in project_files():
        match = _OF_A_MACHINE.search(path.read_bytes().decode("utf-8", errors="replace"))
        found += [f"{name_of(path)}: {match[0]}"] if match else []
    assert not found
