"""The content of an archive: zlib( length of the manifest, manifest, parts one behind the other ), sealed as a whole."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from onebook_collector.backup.manifest import Manifest, Part
from onebook_collector.backup.sealing import BackupKey, DamagedError, Sealing, unsealed

PIECE_BYTES = 1 << 20
_LEVEL = 3  # Pages of the book: 6 takes twice the time for a few per cent.
_MANIFEST_BYTES_MAX = 256 << 20  # A province's hundred thousand edges, each with a few logs.

Sink = Callable[[bytes], object]


def part_of(name: str, path: Path, revision: str = "") -> Part:
    """Describe a file that no one changes any more."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Part(name=name, bytes=path.stat().st_size, sha256=digest, revision=revision)


def write_archive(target: BinaryIO, key: BackupKey, manifest: Manifest, files: Mapping[str, Path]) -> None:
    """`files`: where the parts of the manifest lie now."""
    sealing, packing = Sealing(target, key), zlib.compressobj(_LEVEL)
    said = manifest.model_dump_json().encode()
    sealing.write(packing.compress(struct.pack(">I", len(said)) + said))
    for part in manifest.parts:
        with files[part.name].open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                sealing.write(packing.compress(piece))
    sealing.write(packing.flush())
    sealing.finish()


def reseal(source: BinaryIO, keys: Sequence[BackupKey], target: BinaryIO, key: BackupKey) -> None:
    """The same content under another key."""
    sealing = Sealing(target, key)
    for chunk in unsealed(source, keys):
        sealing.write(chunk)
    sealing.finish()


def read_manifest(source: BinaryIO, keys: Sequence[BackupKey]) -> Manifest:
    """What the archive says it holds; that it holds it, only `read_archive` knows."""
    return _Content(source, keys).manifest()


def read_archive(source: BinaryIO, keys: Sequence[BackupKey], sink_of: Callable[[Part], Sink]) -> Manifest:
    """Read it to its end, each part into its sink. Raises DamagedError, WrongKeyError; what the sinks have is worthless then."""
    content = _Content(source, keys)
    manifest = content.manifest()
    for part in manifest.parts:
        digest, sink = hashlib.sha256(), sink_of(part)
        for piece in content.take(part.bytes):
            digest.update(piece)
            sink(piece)
        if digest.hexdigest() != part.sha256:
            raise DamagedError(f"{part.name} is not what the manifest says")
    content.expect_end()
    return manifest


class _Content:
    """The unpacked bytes of an archive, in order."""

    def __init__(self, source: BinaryIO, keys: Sequence[BackupKey]) -> None:
        self._pieces, self._rest = _unpacked(unsealed(source, keys)), b""

    def manifest(self) -> Manifest:
        length = struct.unpack(">I", b"".join(self.take(4)))[0]
        if length > _MANIFEST_BYTES_MAX:
            raise DamagedError("its manifest cannot be right")
        try:
            return Manifest.model_validate_json(b"".join(self.take(length)))
        except ValidationError as error:
            raise DamagedError("its manifest cannot be read: made by a newer version?") from error

    def take(self, count: int) -> Iterator[bytes]:
        while count > 0:
            if not self._rest:
                self._rest = next(self._pieces, b"")
                if not self._rest:
                    raise DamagedError("it ends too early")
            piece, self._rest = self._rest[:count], self._rest[count:]
            count -= len(piece)
            yield piece

    def expect_end(self) -> None:
        """Also makes sure that the last chunk was the last."""
        if self._rest or next(self._pieces, b""):
            raise DamagedError("there is more in it than its manifest says")


def _unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacking = zlib.decompressobj()
    try:
        for chunk in chunks:
            while chunk:
                if piece := unpacking.decompress(chunk, PIECE_BYTES):
                    yield piece
                chunk = unpacking.unconsumed_tail
            if unpacking.unused_data:
                raise DamagedError("something follows its end")
        if piece := unpacking.flush():
            yield piece
    except zlib.error as error:
        raise DamagedError(f"it cannot be unpacked: {error}") from error
    if not unpacking.eof:
        raise DamagedError("it ends too early")
