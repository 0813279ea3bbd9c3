"""Spoils bytes and JSON so that what comes out is still nearly right: the nearer, the deeper it gets."""

from __future__ import annotations

import copy
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

GROWN_BYTES_MAX = 20_000
_ODD_BYTES = (b"\0", b"\xff", b"\x7f", b"\x80", b"\r", b"\n", b"\x1d", b"\x02", b"\x03", b"\xbb", b"\x7e", b"%", b"]")
_ODD_WORDS = (b"\x00\x00", b"\x00\x01", b"\x7f\xff", b"\x80\x00", b"\xff\xff", b"\xff\xfe")

ODD_TEXTS = (
    "", " ", "\0", "\n", "\r\n", "\u2028", "\u202e", "é" * 40, "帐" * 201, "a" * 70_000, "٣", "²", "𝟘", "\ud800", "\ufeff",
    "NaN", "1E+30", "1e-40", "-0", "0x10", "9" * 40, "9" * 5_000, "1_000", "=1+1", "@SUM(1)", "<script>alert(1)</script>",
    "../../etc/passwd", "%2e%2e%2f", "'; DROP TABLE movement; --", "${jndi:ldap://x}", "{{7*7}}", "\x1b[31m",
)  # fmt: skip
_ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**400, 0.1, -0.0, 1e308, float("inf"),
    float("nan"), [], {}, [[]], {"": ""}, [None] * 300, *ODD_TEXTS,
)  # fmt: skip


def spoiled_bytes(good: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    """One to four changes, each at a random place."""
    body = good
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
        body = dice.choice(_CHANGES)(body, others, dice)
    return body


def _flip(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + bytes((body[at] ^ 1 << dice.randrange(8),)) + body[at + 1 :] if body else b"\0"


def _put(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + dice.choice(_ODD_BYTES + _ODD_WORDS) + body[at + dice.randrange(3) :]


def _random(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + dice.randbytes(dice.randrange(1, 9)) + body[at + dice.randrange(9) :]


def _cut_out(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + body[at + dice.randrange(1, 12) :]


def _cut_off(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    return body[: _place(body, dice)]


def _say_twice(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    begin, end = sorted((_place(body, dice), _place(body, dice)))
    times = dice.choice((1, 1, 1, 2, 50)) if (end - begin) * 50 + len(body) < GROWN_BYTES_MAX else 0
    return body[:end] + body[begin:end] * times + body[end:]


def _splice(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    other = dice.choice(others)
    return body[: _place(body, dice)] + other[_place(other, dice) :]


def _lengthen(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    """Rarely, something endless."""
    return body + dice.choice(_ODD_BYTES) * (dice.randrange(GROWN_BYTES_MAX) if dice.random() < 0.02 else 3)


def _count(body: bytes, others: Sequence[bytes], dice: Random) -> bytes:
    """A length field off by a little."""
    at = _place(body, dice)
    return (
        body[:at] + bytes(((body[at] + dice.choice((-2, -1, 1, 2, 16, 127))) & 0xFF,)) + body[at + 1 :] if body else b""
    )


_CHANGES: tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...] = (
    _flip, _flip, _put, _random, _cut_out, _cut_off, _say_twice, _splice, _lengthen, _count,
)  # fmt: skip


def _place(body: bytes, dice: Random) -> int:
    return dice.randrange(len(body)) if body else 0


def packed(text: bytes, dice: Random) -> bytes:
    """A message as it goes over the wire; now and then not packed, or spoiled behind the packing."""
    if dice.random() < 0.03:
        return text
    body = zlib.compress(text, 1)
    return spoiled_bytes(body, [body], dice) if dice.random() < 0.05 else body


# JSON ---------------------------------------------------------------------------------------------------------------


def spoiled_json(good: Any, dice: Random) -> bytes:
    """The text of a value in which one to three places are not what they were."""
    value = copy.deepcopy(good)
    for _ in range(dice.choice((1, 1, 2, 3))):
        value = _spoil_one(value, dice)
    text = json.dumps(value, ensure_ascii=dice.random() < 0.5).encode(errors="surrogatepass")
    return _nested(text, dice) if dice.random() < 0.005 else text


def _spoil_one(value: Any, dice: Random) -> Any:
    places = list(_places(value))
    if not places:
        return _odd_value(dice)
    holder, key = dice.choice(places)
    match dice.randrange(8):
        case 0:
            del holder[key]
        case 1:
            _insert(holder, dice.choice(("x", "v", "type", "__proto__")), _odd_value(dice))
        case 2:
            _insert(holder, key, copy.deepcopy(dice.choice(places)[0]))
        case 3 if isinstance(holder[key], int):
            holder[key] += dice.choice((-1, 1, 2**31, 2**62))
        case 4 if isinstance(holder[key], str):
            holder[key] = "".join(dice.sample(holder[key], len(holder[key])))
        case 5 if isinstance(holder[key], str):
            holder[key] += dice.choice(ODD_TEXTS)
        case _:
            holder[key] = _odd_value(dice)
    return value


def _odd_value(dice: Random) -> Any:
    return copy.copy(dice.choice(_ODD_VALUES))  # Lists among them are written into later.


def _insert(holder: Any, key: Any, value: Any) -> None:
    if isinstance(holder, list):
        holder.append(value)
    else:
        holder[key] = value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _nested(text: bytes, dice: Random) -> bytes:
    depth = dice.randrange(10, 20_000)
    return text[:-1] + b',"x":' + b"[" * depth + b"]" * depth + b"}"
