"""A program as a child process: started, killed, stopped, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
STOPS_WITHIN_S = 30.0
_BYTECODE = tempfile.TemporaryDirectory(prefix="onebook-bytecode-")  # Gone when the tests end.


class ProgramFailedError(AssertionError):
    """A program did not do what the test needs of it; the text ends with the last lines of its log."""


class Program:
    """`python -m MODULE ARGUMENTS` with a log file of its own. It dies with the process that started it."""

    def __init__(
        self, name: str, folder: Path, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.output_file = folder / f"{name}.out"
        self.log_file = folder / f"{name}.log"
        self.starts = 0
        self._is_wanted = False
        self._environment = _environment() | dict(environment or {})
        self._command = [*_dying_with_us(), sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start; what an earlier start has said stays in the files."""
        assert not self.is_running, f"{self.name} runs already"
        with self.output_file.open("ab") as output, self.log_file.open("ab") as log:
            self._process = _spawn(self._command, output, log, self._environment)
        self.starts += 1
        self._is_wanted = True

    def kill(self) -> None:
        """SIGKILL: it gets no chance to tidy up."""
        assert self._process is not None
        self._is_wanted = False
        self._process.kill()
        self._process.wait()
        self._close_input()

    def stop(self) -> None:
        """SIGTERM, and wait. Raises ProgramFailedError when it does not end properly."""
        if not self.is_running:
            return
        assert self._process is not None
        self._is_wanted = False
        self._process.terminate()
        try:
            code = self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # Its last words are then where each thread stands.
            time.sleep(1)
            self.kill()
            raise ProgramFailedError(
                f"{self.name} did not stop within {STOPS_WITHIN_S} s\n{self.last_words()}"
            ) from None
        self._close_input()
        if code not in (0, -signal.SIGTERM):
            raise ProgramFailedError(f"{self.name} ended with {code}\n{self.last_words()}")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def type(self, line: str) -> None:
        """A line on its standard input."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def said_line(self, number: int = 0) -> str:
        """A line of its standard output, as soon as it is there. Raises ProgramFailedError if the program ends first."""
        while True:
            lines = self.output_file.read_text(encoding="utf-8").split("\n")
            if len(lines) > number + 1:
                return lines[number]
            self.must_run()
            time.sleep(0.02)

    @property
    def has_ended_by_itself(self) -> bool:
        return self._is_wanted and not self.is_running

    def must_run(self) -> None:
        """Raises ProgramFailedError if it was started, nobody ended it, and it is not there."""
        if self.has_ended_by_itself:
            raise ProgramFailedError(f"{self.name} has ended\n{self.last_words()}")

    def _close_input(self) -> None:
        assert self._process is not None
        if self._process.stdin is not None:
            self._process.stdin.close()

    def last_words(self, characters: int = 2_000) -> str:
        return self.log_file.read_text(encoding="utf-8", errors="replace")[-characters:]


def run_once(
    module: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    command = [*_dying_with_us(), sys.executable, "-m", module, *arguments]
    everything = _environment() | dict(environment or {})
    return subprocess.run(command, capture_output=True, text=True, check=False, env=everything)


def _spawn(
    command: Sequence[str], output: IO[bytes], log: IO[bytes], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=output, stderr=log, env=environment, start_new_session=True
    )


def _environment() -> dict[str, str]:
    """An installed program has its byte code beside it; compiling anew would be most of each start."""
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
        "PYTHONPYCACHEPREFIX": _BYTECODE.name,
    }
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | own


def _dying_with_us() -> list[str]:
    """Ask the kernel to end the child with the thread that started it: tests start programs from the main thread."""
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []
