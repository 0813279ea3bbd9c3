"""`onebook edge doctor` as a process: pseudo serial ports whose devices speak at one rate only, a real broker, a real centre."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import subprocess
import tarfile
import termios
import threading
import tty
from pathlib import Path

import pytest

from onebook_edge.links.modbus_frames import crc
from tests.end_to_end.plant import Plant, has_table
from tests.end_to_end.programs import Program, run_once

ONEBOOK = "onebook_deploy.command"
HEAD = 'edge_id = "edge-1"\ndata_folder = "{folder}/data"\n[broker]\nport = {port}\n[clock]\nsource = "trusted"\n'
LINE = (
    '[[buses]]\nid = "line-1"\nanswer_timeout_ms = 200\nlink = {{kind = "serial", port = "{port}", baudrate = {rate}}}\n'
    '[[buses.devices]]\nid = "probe-1"\ndriver = "xy_md02"\nsettings = {{unit_id = {unit}}}\n'
)
SPEEDS = {4800: termios.B4800, 9600: termios.B9600}


class Probe:
    """A Modbus device behind a pseudo serial port that nobody has open: 7 in every register at its own rate and unit, noise at
    another rate."""

    def __init__(self, link: Path, *, unit: int, rate: int, mute: bool = False) -> None:
        self.link = link
        self._unit, self._rate, self._mute, self._heard = unit, rate, mute, b""

    def __enter__(self) -> Probe:
        self._master, slave = os.openpty()
        self.device = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)
        os.set_blocking(self._master, False)
        self.link.symlink_to(self.device)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        os.close(self._master)

    def _run(self) -> None:
        while not self._ends.wait(0.005):
            with contextlib.suppress(OSError):  # Nothing to read, or nobody at the other end.
                self._hear(os.read(self._master, 4096))

    def _hear(self, data: bytes) -> None:
        if self._mute:
            return
        if termios.tcgetattr(self._master)[4] != SPEEDS[self._rate]:
            os.write(self._master, b"\xfe\x80\x00\xf8")
            return
        self._heard += data
        while len(self._heard) >= 8:
            request, self._heard = self._heard[:8], self._heard[8:]
            unit, function, _, count = struct.unpack(">BBHH", request[:6])
            if unit == self._unit:
                body = struct.pack(f">BBB{count}H", unit, function, 2 * count, *[7] * count)
                os.write(self._master, body + crc(body))


async def doctor(configuration: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(run_once, ONEBOOK, "edge", "doctor", "--config", str(configuration), *arguments)


def configured(folder: Path, text: str = "", port: int = 9) -> Path:
    file = folder / "edge.toml"
    file.write_text(HEAD.format(folder=folder, port=port) + text, encoding="utf-8")
    return file


async def examine_line(folder: Path, probe: Probe, *arguments: str, rate: int = 9600, unit: int = 1) -> str:
    text = LINE.format(port=probe.link, rate=rate, unit=unit)
    with probe:
        return (await doctor(configured(folder, text), *arguments)).stdout


async def test_a_device_that_answers_is_fine(tmp_path: Path) -> None:
    assert "[unit-answers]" in await examine_line(tmp_path, Probe(tmp_path / "port", unit=1, rate=9600))


async def test_at_a_wrong_rate_the_right_one_is_found(tmp_path: Path) -> None:
    said = await examine_line(tmp_path, Probe(tmp_path / "port", unit=1, rate=4800))
    assert "[wrong-rate]" in said
    assert "Set baudrate = 4800" in said


async def test_a_mute_line_is_told_with_the_wires_to_swap(tmp_path: Path) -> None:
    said = await examine_line(tmp_path, Probe(tmp_path / "port", unit=1, rate=9600, mute=True))
    assert "[silence]" in said
    assert "swap A and B" in said


async def test_a_scan_finds_the_unit_that_is_really_there_within_its_time(tmp_path: Path) -> None:
    probe = Probe(tmp_path / "port", unit=5, rate=9600)
    said = await examine_line(tmp_path, probe, "--scan-bus", "line-1", "--scan-seconds", "3")
    assert "units that answer: 5; configured: 1" in said
    assert "[bus-scan-cut]" in said


async def test_a_port_that_is_not_there_or_busy_is_named_with_its_holder(tmp_path: Path) -> None:
    said = (await doctor(configured(tmp_path, LINE.format(port=tmp_path / "none", rate=9600, unit=1)))).stdout
    assert "[port-missing]" in said
    with Probe(tmp_path / "port", unit=1, rate=9600) as probe, Path(probe.device).open("rb", buffering=0) as port:
        holder = subprocess.Popen(["sleep", "60"], stdin=port)
        try:
            said = (await doctor(configured(tmp_path, LINE.format(port=probe.link, rate=9600, unit=1)))).stdout
        finally:
            holder.kill()
            holder.wait()
    assert "[port-busy]" in said
    assert f"sleep ({holder.pid})" in said


async def test_every_mistake_of_the_configuration_is_told_and_the_exit_code_is_two(tmp_path: Path) -> None:
    done = await doctor(configured(tmp_path, "nonsense = 1\n[[devices]]\nid = 'x'\ndriver = 'none'\n"))
    assert done.returncode == 2
    assert done.stdout.count("[configuration]") >= 2


async def test_a_broker_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = await doctor(configured(tmp_path))
    assert "[broker-unreachable]" in done.stdout
    assert done.returncode == 2


def test_the_centre_answers_a_stopped_edge_and_a_running_one_and_its_absence_is_noticed(tmp_path: Path) -> None:
    with Plant(tmp_path) as plant:
        plant.broker.start()
        plant.register(["edge-1"])
        plant.start_collector()
        edge: Program = plant.add_edge("edge-1")
        call = ("edge", "doctor", "--config", str(tmp_path / "edge-1.toml"))
        edge.start()
        plant.wait_until(lambda: has_table(plant.edge_folder("edge-1") / "telemetry.db", "event"))
        plant.wait_until_delivered()
        running = run_once(ONEBOOK, *call).stdout
        assert "[agent-runs]" in running
        assert "[uplink]" in running
        edge.stop()
        stopped = run_once(ONEBOOK, *call).stdout
        assert "[agent-stopped]" in stopped
        assert "[uplink]" in stopped
        plant.collector.stop()
        assert "[no-ack]" in run_once(ONEBOOK, *call).stdout


SECRETS = ("s3cr3t-one", "s3cr3t-two", "s3cr3t-three", "s3cr3t-four", "s3cr3t-five", "s3cr3t-six")
PLANTED = """
password = "s3cr3t-one"
[broker]
host = "mqtt://user:s3cr3t-two@centre"
api_token = 's3cr3t-three'
login = {user = "x", "pass_phrase_secret" = "s3cr3t-four"}
key = '''-----BEGIN EC PRIVATE KEY-----
s3cr3t-five
-----END EC PRIVATE KEY-----'''
# Authorization: Bearer s3cr3t-six
"""


@pytest.mark.parametrize("is_right", [True, False])
async def test_a_support_bundle_holds_what_support_needs_and_no_secret(tmp_path: Path, is_right: bool) -> None:
    file = configured(tmp_path, "" if is_right else PLANTED)
    (tmp_path / "data").mkdir()
    bundle = tmp_path / "support.tar.gz"
    await doctor(file, "--support-bundle", str(bundle))
    with tarfile.open(bundle) as archive:
        texts = {Path(one.name).name: archive.extractfile(one).read().decode() for one in archive.getmembers()}  # type: ignore[union-attr]
    assert set(texts) == {"findings.txt", "edge.toml", "versions.txt", "outbox.txt", "log.txt"}
    assert "edge-1" in texts["edge.toml"]
    assert "onebook 0" in texts["versions.txt"]
    assert [secret for secret in SECRETS if any(secret in text for text in texts.values())] == []
    assert bundle.stat().st_mode & 0o077 == 0
