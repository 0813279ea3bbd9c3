"""A VictoriaMetrics of our own for a test: the Debian binary on a free loopback port."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

_START_S_MAX = 30


class VictoriaMetrics:
    """One server process over one folder; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{_free_port()}"

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _binary(),
                    f"-storageDataPath={self._folder / 'data'}",
                    f"-httpListenAddr={self.url.removeprefix('http://')}",
                    "-retentionPeriod=100y",
                    "-search.latencyOffset=0s",
                ],
                stderr=log,
                stdout=log,
            )
        deadline = time.monotonic() + _START_S_MAX
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"victoria-metrics did not start, see {self._folder / 'log'}")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL: what it held in memory is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def _binary() -> str:
    found = shutil.which("victoria-metrics")
    if found is None and os.environ.get("CI"):
        pytest.fail("victoria-metrics is not installed: apt install victoria-metrics")
    if found is None:
        pytest.skip("needs the Debian package victoria-metrics")
    return found


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
