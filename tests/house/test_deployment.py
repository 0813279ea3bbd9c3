"""What is installed is what was tested: scripts, unit files, sample configurations, lock files."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from onebook_collector.settings import load_settings as load_collector_settings
from onebook_edge.settings import load_settings as load_edge_settings
from tests.house.tree import ROOT, name_of, project_files

_SANDBOX = (
    "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes", "ProtectClock=yes", "ProtectHostname=yes",
    "RestrictSUIDSGID=yes", "RestrictRealtime=yes", "RestrictNamespaces=yes", "LockPersonality=yes", "RemoveIPC=yes",
    "CapabilityBoundingSet=", "AmbientCapabilities=", "SystemCallFilter=@system-service", "SystemCallArchitectures=native",
    "Restart=always", "RestartPreventExitStatus=2", "StartLimitIntervalSec=0",
)  # fmt: skip
_AGENTS = (ROOT / "deploy/edge/onebook-edge.service", ROOT / "deploy/collector/onebook-collector.service")
_BOUNDS = ("MemoryMax", "TasksMax", "LimitNOFILE", "LogRateLimitBurst", "StateDirectory", "RestrictAddressFamilies")
_EXTRAS = ("edge", "collector", "s3", "dev")


@pytest.mark.parametrize("script", [ROOT / ".ci/run", *project_files(".sh")], ids=name_of)
def test_a_shell_script_can_be_parsed_and_run(script: Path) -> None:
    run = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert script.stat().st_mode & 0o111, "make it executable"


@pytest.mark.parametrize("unit", project_files(".service", ".timer"), ids=name_of)
def test_a_unit_file_has_no_unknown_sections_or_keys(unit: Path) -> None:
    by_a_timer = unit.suffix == ".service" and unit.with_suffix(".timer").exists()
    sections = {"Unit", unit.suffix[1:].capitalize(), *([] if by_a_timer else ["Install"])}
    assert set(re.findall(r"^\[(.+)\]$", unit.read_text(encoding="utf-8"), re.MULTILINE)) == sections
    if shutil.which("systemd-analyze"):
        run = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        problems = [line for line in run.stderr.splitlines() if unit.name in line and "is not executable" not in line]
        assert not problems  # The program is not installed where tests run.


@pytest.mark.parametrize("unit", _AGENTS, ids=name_of)
def test_a_service_is_sandboxed_bounded_and_never_given_up(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert [line for line in _SANDBOX if f"\n{line}\n" not in text] == []
    assert [key for key in _BOUNDS if f"\n{key}=" not in text] == []
    if shutil.which("systemd-analyze"):
        call = ["systemd-analyze", "security", "--offline=yes", "--threshold=20", unit]  # 2.0 of 10, 10 is the worst.
        run = subprocess.run(call, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-500:]


def test_the_edge_may_use_serial_ports_and_no_other_devices_and_is_watched() -> None:
    text = (ROOT / "deploy/edge/onebook-edge.service").read_text(encoding="utf-8")
    assert set(re.findall(r"^DeviceAllow=char-(\w+) rw$", text, re.MULTILINE)) == {"ttyUSB", "ttyACM", "ttyS", "ttyAMA"}
    for line in ("DevicePolicy=closed", "SupplementaryGroups=dialout", "Type=notify", "WatchdogSec=60"):
        assert f"\n{line}\n" in text


def test_the_sample_of_the_edge_is_a_right_configuration(tmp_path: Path) -> None:
    """As it stands, but for the place of the catalogue, which the installer copies."""
    sample = (ROOT / "deploy/edge/edge.sample.toml").read_text(encoding="utf-8")
    catalogue = ROOT / "collector/onebook_collector/reference/catalogue.csv"
    file = tmp_path / "edge.toml"
    file.write_text(sample.replace("/etc/onebook/catalogue.csv", str(catalogue)), encoding="utf-8")
    assert load_edge_settings(file).device_ids


def test_the_sample_of_the_collector_is_a_right_configuration() -> None:
    assert load_collector_settings(ROOT / "deploy/collector/collector.sample.toml").api.host == "127.0.0.1"


@pytest.mark.parametrize("extra", _EXTRAS)
def test_a_lock_file_pins_every_dependency_with_hashes(extra: str) -> None:
    pinned = {name: version for name, version, _ in _locked(extra)}
    assert [name for name, _, hashes in _locked(extra) if not hashes] == []
    for wanted in _declared(extra):
        assert wanted.name in pinned, f"{wanted} is not locked: run `make lock`"
        assert wanted.specifier.contains(Version(pinned[wanted.name])), f"{wanted}: locked is {pinned[wanted.name]}"


def _locked(extra: str) -> Iterator[tuple[str, str, int]]:
    """Name, version and number of hashes of each pinned package."""
    text = (ROOT / f"requirements/{extra}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith(("#", " ")):
            name, _, version = line.split(";")[0].split("--hash")[0].strip().partition("==")
            yield name, version, line.count("--hash=sha256:")


def _declared(extra: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for, with the extras that an extra takes in."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [Requirement(text) for text in [*project["dependencies"], *project["optional-dependencies"][extra]]]
    for one in asked:
        if one.name == project["name"]:
            for inner in sorted(one.extras):
                yield from _declared(inner)
        else:
            yield one


def test_the_auditors_file_can_be_read_in_one_sitting_and_needs_one_library() -> None:
    text = (ROOT / "deploy/audit/onebook_verify.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert len(lines) <= 300
    assert max(map(len, lines)) <= 150, "nor is it short because its lines are long"
    imported: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"cryptography"}
