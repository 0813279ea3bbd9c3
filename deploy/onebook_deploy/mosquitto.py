"""A private Mosquitto as a child process, on a free loopback port: for the demonstration and for tests."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CONFIGURATION = """
listener {port} 127.0.0.1
set_tcp_nodelay true
max_queued_messages 100000
max_inflight_messages 500
persistence true
persistence_location {folder}/
log_dest file {folder}/mosquitto.log
log_type error
log_type warning
log_type notice
"""
_STARTS_WITHIN_S = 10.0

ACCESS_LIST = Path(__file__).parents[1] / "broker/onebook.acl"  # In a checkout: tests and demonstration run from one.
IDENTITY = """
require_certificate true
use_identity_as_username true
use_username_as_clientid true
"""


class MosquittoMissingError(Exception):
    """The broker's program is not on this machine."""

    def __init__(self) -> None:
        super().__init__("未找到 mosquitto / mosquitto is not installed: apt-get install mosquitto")


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mosquitto_program() -> str:
    """Where the broker's program is. Raises MosquittoMissingError."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise MosquittoMissingError
    return found


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """Files of a broker that speaks to certificates only, as deploy/broker/onebook.conf does."""

    ca_file: Path
    certificate_file: Path
    key_file: Path
    crl_file: Path | None = None
    access_list: Path = ACCESS_LIST

    def configuration(self) -> str:
        revoked = f"crlfile {self.crl_file}\n" if self.crl_file is not None else ""
        return (
            f"allow_anonymous false\ncafile {self.ca_file}\ncertfile {self.certificate_file}\nkeyfile {self.key_file}\n"
            f"{revoked}acl_file {self.access_list}{IDENTITY}"
        )


@dataclass(slots=True)
class PrivateBroker:
    """One broker that can be killed and started again on the same port, with or without what it remembered."""

    folder: Path
    port: int
    extra_configuration: str = ""
    tls: BrokerTls | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and return when it accepts connections. It dies with the thread that started it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "mosquitto.conf"
        user = f"user {self.folder.owner()}\n"  # Mosquitto gives up root for "mosquitto", who may not write here.
        text = _CONFIGURATION.format(port=self.port, folder=self.folder)
        access = self.tls.configuration() if self.tls is not None else "allow_anonymous true\n"
        configuration.write_text(user + text + access + self.extra_configuration, encoding="utf-8")
        command = [mosquitto_program(), "-c", str(configuration)]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until_it_listens()

    def reload(self) -> None:
        """SIGHUP: access list and revocation list are read again."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """SIGKILL: it remembers only what it had written down."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)

    def _wait_until_it_listens(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"mosquitto did not start; see {self.folder / 'mosquitto.log'}")


@contextlib.contextmanager
def private_broker(
    folder: Path, *, port: int | None = None, extra_configuration: str = "", tls: BrokerTls | None = None
) -> Iterator[PrivateBroker]:
    """A running broker that is stopped at the end."""
    broker = PrivateBroker(folder, port or free_port(), extra_configuration, tls)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
