"""What deploy/ installs, installed for real into a folder: the same steps, without touching this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def install(script: str, root: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("installing needs root")
    subprocess.run(
        [ROOT / script], env={**os.environ, "ONEBOOK_ROOT": str(root)}, check=True, capture_output=True, timeout=280
    )


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [root / "opt/onebook/venv/bin" / arguments[0], *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_an_edge_is_installed_light_and_its_sample_configuration_is_right(tmp_path: Path) -> None:
    install("deploy/edge/install.sh", tmp_path)
    sample = tmp_path / "etc/onebook/edge.toml"
    text = sample.read_text(encoding="utf-8").replace("/etc/onebook", str(tmp_path / "etc/onebook"))
    sample.write_text(text, encoding="utf-8")
    checked = run(tmp_path, "onebook", "edge", "check-config", "--config", str(sample))
    assert (checked.returncode, checked.stderr.count("\n")) == (2, 1), checked.stderr
    assert "onebook edge enroll" in checked.stderr  # The one thing that is left to do.
    for absent in ("fastapi", "sqlalchemy", "influxdb_client", "argon2"):
        assert run(tmp_path, "python", "-c", f"import {absent}").returncode != 0, f"{absent} is not for an edge"
    assert (tmp_path / "etc/systemd/system/onebook-edge.service").exists()
    assert run(tmp_path, "onebook", "collector", "run").returncode == 2  # Says what to install, and does not crash.


@pytest.mark.slow
def test_a_collector_is_installed_and_its_sample_configuration_is_right(tmp_path: Path) -> None:
    install("deploy/collector/install.sh", tmp_path)
    sample = tmp_path / "etc/onebook/collector.toml"
    text = sample.read_text(encoding="utf-8")
    for place in ("/etc/onebook", "/var/lib/onebook-collector"):
        text = text.replace(place, str(tmp_path) + place)
    sample.write_text(text, encoding="utf-8")
    for words in ("ca init", "ca issue-server --name broker.example", "ca issue-collector", "collector check-config"):
        done = run(tmp_path, "onebook", *words.split(), "--config", str(sample))
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "etc/mosquitto/conf.d/onebook.conf").exists()
    for secret in ("etc/onebook/ca.passphrase", "var/lib/onebook-collector/ca/ca.key"):
        assert (tmp_path / secret).stat().st_mode & 0o007 == 0, f"{secret} is for everybody to read"
    key = tmp_path / "var/lib/onebook-collector/checkpoint.key"
    assert key.stat().st_mode & 0o777 == 0o600
    made = key.read_text(encoding="ascii")
    install("deploy/collector/install.sh", tmp_path)
    assert key.read_text(encoding="ascii") == made, "an upgrade keeps the key that signs"
