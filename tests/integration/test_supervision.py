"""The agent as a process, and the test in the place of systemd: it hears the pings, and sees what becomes of parts that fail."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.plant import has_table, read
from tests.end_to_end.programs import ROOT

CONFIGURATION = 'edge_id = "edge-1"\ndata_folder = "{folder}/data"\n[broker]\nport = 9\n[clock]\nsource = "trusted"\n'
DEVICE = '[[devices]]\nid = "{id}"\ndriver = "{driver}"\nlink = {{kind = "tcp", host = "127.0.0.1", port = {port}}}\n'


class Device:
    """A device server with one port, on a thread of its own; whoever connects may be spoken to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def say(self, data: bytes) -> None:
        while not self._clients:
            time.sleep(0.02)
        self._clients[-1].sendall(data)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self._clients):
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._clients.append(self._listener.accept()[0])


class Manager:
    """What systemd would be: the socket that the agent tells, and the process."""

    def __init__(self, folder: Path, module: str = "tests.integration.ailing_edge") -> None:
        self._folder, self._module = folder, module
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self.log = folder / "edge.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", self._module, "--config", str(self._folder / "edge.toml")]
        environment = os.environ | {"NOTIFY_SOCKET": str(self._folder / "notify"), "PYTHONPATH": str(ROOT)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env=environment)

    def hears(self, wanted: str, within_s: float = 60.0) -> bool:
        """Whether this is said before so much time has passed without it."""
        self._socket.settimeout(within_s)
        with contextlib.suppress(TimeoutError):
            while True:
                if self._socket.recv(256).decode() == wanted:
                    return True
        return False

    def drain(self) -> None:
        self._socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(256)
        self._socket.setblocking(True)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._socket.close()

    def facts(self, kind: str) -> list[dict[str, str]]:
        file = self._folder / "data" / "journal.db"
        if not has_table(file, "event"):
            return []
        found = [json.loads(body)["fact"] for (body,) in read(file, "SELECT body FROM event ORDER BY sequence")]
        return [fact for fact in found if fact["type"] == kind]

    def states_of(self, device: str) -> list[str]:
        return [fact["state"] for fact in self.facts("device_state_changed") if fact["device"] == device]


@pytest.fixture
def device() -> Iterator[Device]:
    one = Device()
    yield one
    one.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    one = Manager(tmp_path)
    yield one
    one.close()


def configure(folder: Path, *devices: str) -> None:
    (folder / "edge.toml").write_text(CONFIGURATION.format(folder=folder) + "".join(devices), encoding="utf-8")


def until(condition: object) -> None:
    while not condition():  # type: ignore[operator]
        time.sleep(0.05)


def test_a_hanging_driver_stops_the_pings_and_a_new_start_brings_them_back(
    tmp_path: Path, device: Device, manager: Manager
) -> None:
    configure(tmp_path, DEVICE.format(id="scanner-1", driver="ailing", port=device.port))
    manager.start()
    assert manager.hears("READY=1")
    assert manager.hears("WATCHDOG=1")
    device.say(b"HANG\r\n")
    until(lambda: "available" in manager.states_of("scanner-1"))
    time.sleep(0.5)
    manager.drain()
    assert not manager.hears("WATCHDOG=1", within_s=4.0)
    assert manager.end(signal.SIGABRT) == -signal.SIGABRT
    assert "in handle" in manager.log.read_text(), "the log says where it hung"
    manager.start()
    assert manager.hears("WATCHDOG=1")
    assert manager.end(signal.SIGTERM) == 0
    assert len(manager.facts("edge_started")) == 2


def test_a_part_that_raises_again_and_again_is_journalled_once_and_the_others_go_on(
    tmp_path: Path, device: Device, manager: Manager
) -> None:
    other = Device()
    configure(
        tmp_path,
        DEVICE.format(id="bad-1", driver="unpunctual", port=other.port),
        DEVICE.format(id="scanner-1", driver="ailing", port=device.port),
    )
    manager.start()
    until(lambda: manager.log.read_text().count('"part_failed"') >= 3)
    device.say(b"RAISE\r\n")  # In the driver: it alone is built anew, by its runner.
    until(lambda: manager.states_of("scanner-1").count("available") >= 2)
    assert manager.hears("WATCHDOG=1")
    assert manager.states_of("bad-1")[-1] == "unavailable"
    assert manager.states_of("bad-1").count("unavailable") == 1
    assert manager.end(signal.SIGTERM) == 0
    other.close()


def test_a_damaged_outbox_ends_the_agent_so_that_it_is_started_anew(tmp_path: Path, manager: Manager) -> None:
    configure(tmp_path)
    manager.start()
    until(lambda: manager.facts("edge_started"))
    assert manager.end(signal.SIGTERM) == 0
    file = tmp_path / "data" / "journal.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * 40_000)
    manager.start()
    assert manager.process is not None
    assert manager.process.wait(30) == 1
