"""A small disk of its own for one program: it can be full, and have room again."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

SIZE_MIB = 4_096  # Memory is taken only for what is in it.
_TRIES = 20


class SmallDisk:
    """A tmpfs on `folder`."""

    def __init__(self, folder: Path, size_mib: int = SIZE_MIB) -> None:
        self._folder, self._size_mib = folder, size_mib

    def mount(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        _run("mount", "-t", "tmpfs", "-o", f"size={self._size_mib}m,mode=755", "onebook-chaos", str(self._folder))

    def unmount(self) -> None:
        _run("umount", "-l", str(self._folder))

    def fill(self) -> None:
        """Not a block is left. It is shrunk to what is in it: filling it with a file would take memory."""
        for _ in range(_TRIES):
            disk = os.statvfs(self._folder)
            used_kib = max((disk.f_blocks - disk.f_bfree) * disk.f_frsize // 1024, 4)  # 0 would mean: without limit.
            with contextlib.suppress(subprocess.CalledProcessError):  # It has grown meanwhile.
                self._resize(f"{used_kib}k")
                return
        raise RuntimeError(f"{self._folder} grows too fast to be filled")

    def make_room(self) -> None:
        self._resize(f"{self._size_mib}m")

    def _resize(self, size: str) -> None:
        _run("mount", "-o", f"remount,size={size}", str(self._folder))


def can_mount() -> bool:
    """Whether this user may mount a file system; in most containers not even root may."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            _run("mount", "-t", "tmpfs", "-o", "size=64k", "onebook-chaos", folder)
        except subprocess.CalledProcessError:
            return False
        _run("umount", folder)
        return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
