"""A sealed stream: encrypted and authenticated in chunks, so that a backup of any size is written and read in little memory.

Layout, version 1 (docs/backup_format.md): magic, header, chunks. Each archive has an AES-256-GCM key of its own, derived by
HKDF-SHA256 from the backup key, a random salt and the header's bytes. The nonce of a chunk is its number and whether it is the
last, so a chunk that was moved, doubled, altered or cut off does not open (the STREAM construction of Hoang, Reyhanitabar,
Rogaway and Vizár, 2015). All that comes out of `unsealed` has been authenticated; that nothing is missing is known at its end.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from onebook_collector.errors import RefusedError

MAGIC = b"ONEBOOK-BACKUP\x00\x01"
CHUNK_BYTES = 1 << 20
KEY_BYTES = 32
_SALT_BYTES = 16
_TAG_BYTES = 16
_HEADER_BYTES_MAX = 4_096
_CHUNK_BYTES_MAX = 64 << 20  # A header asks for no more memory than this before anything is authenticated.


class DamagedError(RefusedError):
    """The archive is not as it was written: cut off, altered, put together anew, or no backup at all."""

    def __init__(self, detail: str) -> None:
        super().__init__("backup_damaged", f"{detail}. 备份文件损坏，请换用另一份 / take another backup")


class WrongKeyError(RefusedError):
    """No key at hand opens this archive."""

    def __init__(self, key_id: str) -> None:
        super().__init__(
            "backup_key_missing",
            f"密钥 {key_id} 不在 key_file 与 old_key_files 中 / key {key_id} is in none of key_file and old_key_files",
        )


@dataclass(frozen=True, slots=True)
class BackupKey:
    """32 random bytes, kept as base64 in a file of its own."""

    secret: bytes

    @property
    def key_id(self) -> str:
        """Names the key in public; says nothing about it."""
        return hashlib.sha256(b"onebook backup key id\x00" + self.secret).hexdigest()[:16]

    @classmethod
    def new(cls) -> BackupKey:
        return cls(os.urandom(KEY_BYTES))

    @classmethod
    def from_text(cls, text: str) -> BackupKey:
        """Raises ValueError when it is no base64 of 32 bytes."""
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from error
        if len(secret) != KEY_BYTES:
            raise ValueError(f"{len(secret)} bytes in place of {KEY_BYTES}")
        return cls(secret)

    def to_text(self) -> str:
        return base64.b64encode(self.secret).decode("ascii")


class Sealing:
    """What is written goes sealed into `target`. Without `finish` the archive is cut off, and says so when it is read."""

    def __init__(self, target: BinaryIO, key: BackupKey) -> None:
        salt = os.urandom(_SALT_BYTES)
        said = {"key_id": key.key_id, "salt": salt.hex(), "chunk_bytes": CHUNK_BYTES}
        raw = json.dumps(said).encode("ascii")
        self._target, self._waiting, self._number = target, bytearray(), 0
        self._cipher = _cipher(key, _Header(raw, key.key_id, salt, CHUNK_BYTES))
        target.write(MAGIC + struct.pack(">I", len(raw)) + raw)

    def write(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # One is always kept back: it may be the last.
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, plain: bytes, *, is_last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, is_last), plain, None))
        self._number += 1


def unsealed(source: BinaryIO, keys: Sequence[BackupKey]) -> Iterator[bytes]:
    """The authenticated chunks of an archive. Raises DamagedError, also at its end when it was cut off; WrongKeyError."""
    header = _header(source)
    key = next((key for key in keys if key.key_id == header.key_id), None)
    if key is None:
        raise WrongKeyError(header.key_id)
    cipher, number, sealed_bytes = _cipher(key, header), 0, header.chunk_bytes + _TAG_BYTES
    sealed = _read(source, sealed_bytes)
    while True:
        following = _read(source, sealed_bytes)
        try:
            yield cipher.decrypt(_nonce(number, not following), sealed, None)
        except (InvalidTag, ValueError) as error:
            raise DamagedError(f"chunk {number} does not open") from error
        if not following:
            return
        sealed, number = following, number + 1


def key_id_of(source: BinaryIO) -> str:
    """Which key an archive asks for, as it says itself. Raises DamagedError."""
    return _header(source).key_id


class _Header(NamedTuple):
    raw: bytes
    key_id: str
    salt: bytes
    chunk_bytes: int


def _header(source: BinaryIO) -> _Header:
    start = _read(source, len(MAGIC) + 4)
    if start[: len(MAGIC)] != MAGIC or len(start) != len(MAGIC) + 4:
        raise DamagedError("this is no backup of version 1")
    length = struct.unpack(">I", start[len(MAGIC) :])[0]
    raw = _read(source, min(length, _HEADER_BYTES_MAX))
    try:
        said = json.loads(raw)
        header = _Header(raw, str(said["key_id"])[:64], bytes.fromhex(said["salt"]), int(said["chunk_bytes"]))
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError("its header cannot be read") from error
    if len(raw) != length or not 0 < header.chunk_bytes <= _CHUNK_BYTES_MAX:
        raise DamagedError("its header cannot be right")
    return header


def _cipher(key: BackupKey, header: _Header) -> AESGCM:
    """The header is part of the derivation: whoever alters it has another key, and nothing opens."""
    context = b"onebook backup 1\x00" + header.raw
    return AESGCM(HKDF(hashes.SHA256(), KEY_BYTES, header.salt, context).derive(key.secret))


def _nonce(number: int, is_last: bool) -> bytes:
    return struct.pack(">3xQ?", number, is_last)


def _read(source: BinaryIO, count: int) -> bytes:
    """Exactly so many bytes, or fewer at the end of the file."""
    found = b""
    while len(found) < count and (more := source.read(count - len(found))):
        found += more
    return found
