"""Where backups are kept."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import BinaryIO, NamedTuple, Protocol


class Stored(NamedTuple):
    name: str
    bytes: int


class BackupStore(Protocol):
    """A name is there with all of its bytes, or not at all. Errors of the place are RetryableError."""

    def stored(self) -> list[Stored]:
        """Backups that are complete, oldest first."""
        ...

    def writing(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file to write to. The backup is there when the block has ended well; if it raises, nothing has changed."""
        ...

    def reading(self, name: str) -> AbstractContextManager[BinaryIO]: ...

    def delete(self, name: str) -> None: ...
