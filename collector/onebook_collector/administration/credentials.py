"""Passwords and random secrets, and what is kept of them.

A password is chosen by a person and can be guessed, so it is kept as argon2id, which makes each guess cost 64 MiB and some tens
of milliseconds. A token or session id is 256 random bits, which nobody guesses however fast: SHA-256 is enough, and lets the
database find the row by its digest, so that nothing is ever compared character by character.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from onebook_collector.errors import RefusedError

PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 12, 200

_HASHER = PasswordHasher()
_NOBODYS_HASH = _HASHER.hash(secrets.token_urlsafe())


class Secret(NamedTuple):
    """`text` is told once; `digest` is kept."""

    text: str
    digest: bytes


def new_secret(prefix: str = "") -> Secret:
    text = prefix + secrets.token_urlsafe(32)
    return Secret(text, digest_of(text))


def digest_of(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def hash_password(password: str, name: str) -> str:
    """Raises RefusedError for a password that is too easy to guess."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX or name.lower() in password.lower():
        detail = (
            f"口令须 {PASSWORD_LENGTH_MIN} 至 {PASSWORD_LENGTH_MAX} 个字符，且不含姓名 / "
            f"a password has {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters and does not contain the name"
        )
        raise RefusedError("weak_password", detail, status=400)
    return _HASHER.hash(password)


def is_password(password: str, password_hash: str | None) -> bool:
    """Takes as long for somebody who does not exist (None)."""
    try:
        return _HASHER.verify(password_hash or _NOBODYS_HASH, password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
