"""Pictures of what nobody knows, kept on the box under the digest that the journal names. Bounded: it never fills the disk."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from onebook_edge.errors import RefusedError

PHOTO_BYTES_MAX: Final = 1024 * 1024
PHOTOS_MAX: Final = 300
_BEGINNINGS: Final = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}


@dataclass(frozen=True, slots=True)
class Photos:
    """A folder of at most three hundred pictures of a mebibyte. None is thrown away: the journal speaks of each."""

    folder: Path

    def keep(self, body: bytes) -> str:
        """The picture's SHA-256; it is on the disk when this returns. Raises RefusedError and OSError."""
        ending = next((ending for beginning, ending in _BEGINNINGS.items() if body.startswith(beginning)), None)
        if ending is None or len(body) > PHOTO_BYTES_MAX:
            raise RefusedError("photo_unfit", "JPEG or PNG, at most 1 MiB")
        digest = hashlib.sha256(body).hexdigest()
        path = self.folder / f"{digest}.{ending}"
        if path.exists():
            return digest
        self.folder.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in self.folder.iterdir()) >= PHOTOS_MAX:
            raise RefusedError("photo_no_room", "copy the folder elsewhere and empty it")
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        return digest

    def has(self, digest: str) -> bool:
        return any((self.folder / f"{digest}.{ending}").exists() for ending in _BEGINNINGS.values())
