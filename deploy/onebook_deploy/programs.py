"""Child processes of the demonstration: started, watched, and ended with it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path


class ProgramEndedError(Exception):
    """A program that should run has ended. Its log says why."""


@dataclass(slots=True)
class Programs:
    """`onebook ...` processes, each with a log of its own in the folder. They die with the thread that started them."""

    folder: Path
    running: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "onebook_deploy.command", *arguments]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
        with (self.folder / f"{name}.log").open("a", encoding="utf-8") as log:
            self.running[name] = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # Ctrl-C is for us; they are told to stop in the right order.
            )

    def run(self, *arguments: str) -> str:
        """Run one to its end and give what it printed. Raises ProgramEndedError when it fails."""
        command = [sys.executable, "-m", "onebook_deploy.command", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ProgramEndedError(f"onebook {' '.join(arguments[:2])}: {done.stdout}{done.stderr}")
        return done.stdout

    def first_line(self, name: str) -> str:
        """What a program prints when it is ready."""
        process = self.running[name]
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if not line:
            raise ProgramEndedError(f"{name} ended; see {self.folder / f'{name}.log'}")
        return line

    def check(self) -> None:
        """Raises ProgramEndedError if one of them has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise ProgramEndedError(f"{name} ended; see {self.folder / f'{name}.log'}")

    def stop(self, *names: str, within_s: float = 15.0) -> None:
        """Tell them to stop, all at once, and wait for each; who does not is killed."""
        stopping = [self.running.pop(name) for name in names if name in self.running]
        for process in stopping:
            process.terminate()
        deadline = time.monotonic() + within_s
        for process in stopping:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def stop_all(self) -> None:
        self.stop(*self.running)
