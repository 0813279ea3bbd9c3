"""The key that signs checkpoints: Ed25519. The private one lies in a file of its own, readable by the collector only.

The public keys, also those that were retired, stand beside it in `<file>.pub`, one line each: key id, public key in hex, moment.
They are what an auditor is given, on a way of its own.
"""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from onebook_collector.errors import ConfigurationError


class CheckpointKey:
    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()
        self.key_id = hashlib.sha256(self.public).hexdigest()[:16]

    def sign(self, prefix: bytes, text: str) -> bytes:
        return self._private.sign(prefix + text.encode())


def create_key(path: Path, made_at: str, *, replace: bool = False) -> CheckpointKey:
    """Make a new key, and note its public half. Raises ConfigurationError when there is one already and it shall stay."""
    if path.exists() and not replace:
        raise ConfigurationError(
            [f"{path}: 密钥已存在 / there is a key already. Use `checkpoint-key rotate` to replace it."]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    key, new = CheckpointKey(private), path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private.private_bytes_raw().hex().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with public_file(path).open("a", encoding="ascii") as public:  # First: a signature without its key proves nothing.
        public.write(f"{key.key_id} {key.public.hex()} {made_at}\n")
        public.flush()
        os.fsync(public.fileno())
    new.replace(path)
    return key


def load_key(path: Path) -> CheckpointKey | None:
    """The key in this file; None if there is none yet. Raises ConfigurationError for one that others may read."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii")
        if stat.S_IMODE(mode) & 0o077:
            raise ConfigurationError([f"{path}: 他人可读 / others may read it. Run: chmod 600 {path}"])
        return CheckpointKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(text)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            [f"{path}: {error}. 不是检查点密钥 / no checkpoint key; restore it, or rotate."]
        ) from error


def public_file(path: Path) -> Path:
    return path.with_name(path.name + ".pub")
