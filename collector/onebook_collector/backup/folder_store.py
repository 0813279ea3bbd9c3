"""Backups in a folder: of another disk, or of a share that is mounted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from onebook_collector.backup.retention import named
from onebook_collector.backup.store import Stored
from onebook_collector.errors import RetryableError

_PARTIAL = ".partial"


class FolderStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stored(self) -> list[Stored]:
        with self._errors():
            found = [path for path in self._folder.iterdir() if named(path.name)] if self._folder.is_dir() else []
            return sorted(Stored(path.name, path.stat().st_size) for path in found)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Under another name until all of it is on the disk: a power cut leaves no half backup under a good name."""
        with self._errors():
            self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            for left_over in self._folder.glob(f"*{_PARTIAL}"):  # Of a run that was cut off.
                left_over.unlink()
            partial = self._folder / f"{name}{_PARTIAL}"
            try:
                with partial.open("xb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                partial.rename(self._folder / name)
            except BaseException:  # Also cancelled, or a full disk: half a file keeps no name; whoever asked is told.
                partial.unlink(missing_ok=True)
                raise
            _sync_folder(self._folder)

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[BinaryIO]:
        with self._errors(), (self._folder / name).open("rb") as file:
            yield file

    def delete(self, name: str) -> None:
        with self._errors():
            (self._folder / name).unlink()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RetryableError(
                f"{error.filename or self._folder}: {error.strerror}. 请检查空间与权限 / check space and permissions"
            ) from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
