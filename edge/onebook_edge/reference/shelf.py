"""Documents on the disk, one file each: the SHA-256 of what follows, then each part as a line. Replaced whole, and forced.

Parts stay parts, so that no single step of reading or writing holds up the rest of the agent for long. A file that is damaged
is put aside, not mended: the centre gives the document again to a box that does not hold it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from onebook_edge.logs import get_logger
from onebook_schemas.encoding import explain
from onebook_schemas.reference import DocumentT, ReferenceDocument, whole_of

log = get_logger()


class Shelf:
    """`reference/` in the data folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, kind: type[DocumentT]) -> DocumentT | None:
        """The document that is kept; None if there is none, or none any more."""
        path = self._path(kind)
        try:
            return _document_in(kind, path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            reason = explain(error) if isinstance(error, ValidationError) else str(error)
            log.warning("document_damaged", path=str(path), reason=reason, what_to_do="the centre gives it again")
            self._put_aside(path)
            return None

    def keep(self, parts: Sequence[ReferenceDocument]) -> None:
        """Put a document, in its parts, in the place of the one before. Raises OSError."""
        text = b"\n".join(part.model_dump_json().encode() for part in parts)
        body = hashlib.sha256(text).hexdigest().encode() + b"\n" + text
        path = self._path(type(parts[0]))
        fresh = path.with_suffix(".new")
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(fresh, "wb", opener=_for_us_only) as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # Or a power cut may bring the old one back.
        finally:
            os.close(folder)

    def _path(self, kind: type[ReferenceDocument]) -> Path:
        return self._folder / f"{kind.NAME}.document"

    def _put_aside(self, path: Path) -> None:
        try:
            os.replace(path, path.with_suffix(".damaged"))
        except OSError as error:
            log.error("document_not_put_aside", path=str(path), reason=str(error), what_to_do="check the storage card")


def _document_in(kind: type[DocumentT], body: bytes) -> DocumentT:
    digest, _, text = body.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        raise ValueError("the text is not what was written")
    return whole_of([kind.model_validate_json(line) for line in text.split(b"\n")])


def _for_us_only(path: str, flags: int) -> int:
    """People's PINs are in there, hashed."""
    return os.open(path, flags, 0o600)
