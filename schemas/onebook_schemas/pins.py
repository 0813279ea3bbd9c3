"""A person's PIN: hashed at the centre when it arrives, checked by a box that is offline. Pure; the salt comes from the caller.

scrypt with these costs takes 50 ms and 16 MiB on a server and 100 to 200 ms on a Pi 4: run it in a thread. Whoever holds a copy
of the hash tries a million PINs in a day, so it protects a PIN that is used elsewhere, not a stolen box: tries are limited by
whoever asks for the PIN, and who may work here ends with the next people document.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from onebook_schemas.reference import PinHash

LOG2_N, R, P = 14, 8, 1
SALT_BYTES, HASH_BYTES = 16, 32
_PIN = re.compile(r"[0-9]{6,12}")


def is_pin(text: str) -> bool:
    """Six to twelve digits: a keypad has nothing else, and fewer are tried out in no time."""
    return _PIN.fullmatch(text) is not None


def hash_pin(pin: str, salt: bytes) -> PinHash:
    """What is kept of a PIN. Give sixteen random bytes as salt, new ones each time."""
    if len(salt) != SALT_BYTES or not is_pin(pin):
        raise ValueError("a PIN has six to twelve digits, a salt sixteen bytes")
    empty = PinHash(salt=salt.hex(), log2_n=LOG2_N, r=R, p=P, hash="0" * 64)
    return empty.model_copy(update={"hash": _scrypt(pin, empty).hex()})


def pin_matches(pin: str, kept: PinHash) -> bool:
    """Whether this is the PIN. Takes as long when it is not."""
    return hmac.compare_digest(_scrypt(pin, kept), bytes.fromhex(kept.hash))


def _scrypt(pin: str, kept: PinHash) -> bytes:
    salt, n = bytes.fromhex(kept.salt), 1 << kept.log2_n
    room = kept.memory_bytes + 1024 * 1024  # OpenSSL counts some of its own.
    return hashlib.scrypt(pin.encode(), salt=salt, n=n, r=kept.r, p=kept.p, maxmem=room, dklen=HASH_BYTES)
