"""The hardware must lose what was not synced, or no power cut would prove anything."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chaos import hardware
from tests.chaos.hardware import Hardware
from tests.end_to_end.programs import ROOT

_WRITES = """
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.pwrite(file, b"a" * 8192, 0)
os.fsync(file)
os.pwrite(file, b"b" * 4096, 4096)
os.pwrite(file, b"c" * 4096, 8192)
open(sys.argv[1] + ".never", "w").write("synced")
"""
_ANCHORS = """
import sys
from pathlib import Path
from onebook_edge.outbox.beside_files import write_boots
write_boots(Path(sys.argv[1]), {"boot": 1})
"""


def run_on(machine: Hardware, program: str, *arguments: str) -> str:
    environment = {**os.environ, **machine.environment, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def machine(tmp_path: Path) -> Hardware:
    return Hardware(tmp_path / "storage", tmp_path / "machine")


def test_a_power_cut_takes_what_was_not_synced_and_only_that(
    machine: Hardware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "SURVIVES", 0.0)
    file = tmp_path / "storage" / "file"
    run_on(machine, _WRITES, str(file))
    machine.lose_power(random.Random(1))
    assert file.read_bytes() == b"a" * 8192
    assert not file.with_name("file.never").exists()


def test_some_blocks_may_have_been_written_by_the_disk_itself(
    machine: Hardware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "SURVIVES", 1.0)
    file = tmp_path / "storage" / "file"
    run_on(machine, _WRITES, str(file))
    machine.lose_power(random.Random(1))
    assert file.read_bytes() == b"a" * 4096 + b"b" * 4096


def test_the_wall_clock_is_wrong_and_the_monotonic_clock_is_not(machine: Hardware) -> None:
    machine.set_clock_wrong(by_ms=-86_400_000)
    wall, monotonic = run_on(machine, "import time; print(time.time(), time.monotonic())").split()
    assert -86_500 < float(wall) - time.time() < -86_300
    assert abs(float(monotonic) - time.monotonic()) < 100


def test_what_is_known_of_earlier_boots_outlives_a_power_cut(
    machine: Hardware, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hardware, "SURVIVES", 0.0)
    boots = tmp_path / "storage" / "boots.json"
    run_on(machine, _ANCHORS, str(boots))
    machine.lose_power(random.Random(1))
    assert boots.read_text() == '{"boot": 1}'


_LOCKS = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode=wal")
database.execute("CREATE TABLE one (x)")
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
database.execute("INSERT INTO one VALUES (1)")
print(flush=True)
input()
"""


def test_a_sync_gives_up_no_lock(tmp_path: Path) -> None:
    """Else a second process takes a database that is in use for its own, and removes its write-ahead log."""
    machine = Hardware(tmp_path / "storage", tmp_path / "hardware")
    database = tmp_path / "storage" / "one.db"
    command = [sys.executable, "-c", _LOCKS, str(database)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | machine.environment
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        with contextlib.closing(sqlite3.connect(database)) as second:
            second.execute("SELECT * FROM one").fetchall()
        assert database.with_name("one.db-wal").exists()
        first.kill()


def test_what_was_synced_below_a_folder_outlives_a_power_cut(tmp_path: Path) -> None:
    machine = Hardware(tmp_path / "storage", tmp_path / "hardware")
    (tmp_path / "storage" / "below").mkdir()
    file = tmp_path / "storage" / "below" / "file"
    subprocess.run([sys.executable, "-c", _WRITES, str(file)], env=os.environ | machine.environment, check=True)
    assert machine.lose_power(random.Random(1)) >= 0
    assert file.read_bytes()[:4096] == b"a" * 4096
    assert not file.with_name("file.never").exists()
