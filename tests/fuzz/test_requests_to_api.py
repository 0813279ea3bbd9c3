"""Goal: bytes on the API's port that are no proper request are answered or hung up on, and nobody else notices. 250 of them.

Method: a real server with real databases; each spoiled request goes over a connection of its own, and a proper one follows.
(What is well-formed but cannot be answered, `tests/integration/test_api.py` sends: another 250.)
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.integration.running_centre import running_centre, serving

INPUTS = 250
SEED = 20261123
AT_ONCE = 10
WAITS_S = 0.3
_PROPER = b"GET /api/v1/movements?limit=5 HTTP/1.1\r\nHost: centre\r\nConnection: close\r\n\r\n"
_POST = b"POST /api/v1/quarantine/edge-1/0123456789abcdef/journal/1/reject HTTP/1.1\r\nHost: centre\r\nConnection: close\r\n"

Spoiler = Callable[[random.Random], bytes]


def _noise(dice: random.Random) -> bytes:
    return dice.randbytes(dice.randrange(1, 400)) + b"\r\n\r\n"


def _flipped(dice: random.Random) -> bytes:
    """One bit of the method, the version, or a header's name."""
    at = dice.choice((*range(3), *range(31, 40)))
    return _PROPER[:at] + bytes([_PROPER[at] ^ 1 << 7]) + _PROPER[at + 1 :]


def _cut(dice: random.Random) -> bytes:
    return _PROPER[: dice.randrange(1, len(_PROPER) - 4)]


_LINES = (b"GET\r\n", b"BREW /pot HTTP/1.1\r\n", b" / HTTP/1.1\r\n", b"GET /\0 HTTP/1.1\r\n")
_PATHS = (
    b"/%ff%fe",
    b"/api/v1/../../etc/passwd",
    b"/" + b"a" * 70_000,
    b"/api/v1/edges/%00",
    b"//",
    b"/api/v1/feed?after=%zz",
)
_HEADERS = (
    b"no colon",
    b": no name",
    b"X: \0",
    b"X: " + b"y" * 200_000,
    b"Content-Length: many",
    b"Content-Length: -1",
)
_BODIES = (b"[" * 5_000, b"", b'{"actor": NaN}', b"null", b"\xff\xfe", b'{"actor": "P1", "rea')


def _wrong_line(dice: random.Random) -> bytes:
    return dice.choice(_LINES) + b"Host: centre\r\nConnection: close\r\n\r\n"


def _wrong_path(dice: random.Random) -> bytes:
    return b"GET " + dice.choice(_PATHS) + b" HTTP/1.1\r\nHost: centre\r\nConnection: close\r\n\r\n"


def _wrong_header(dice: random.Random) -> bytes:
    line = b"GET /api/v1/sites/none HTTP/1.1\r\nHost: centre\r\nConnection: close\r\n"
    return line + dice.choice(_HEADERS) + b"\r\n\r\n"


def _wrong_body(dice: random.Random) -> bytes:
    body = dice.choice(_BODIES)
    return _POST + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def _wrong_chunks(dice: random.Random) -> bytes:
    chunks = dice.choice((b"zz\r\nhello\r\n", b"5\r\nhi\r\n0\r\n\r\n", b"-1\r\n\r\n", b"fffffffffffffffff\r\n"))
    return _POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks


_SPOILERS: tuple[Spoiler, ...] = (
    _noise, _flipped, _cut, _wrong_line, _wrong_path, _wrong_header, _wrong_body, _wrong_chunks,
)  # fmt: skip


async def test_a_spoiled_request_is_refused_or_hung_up_on_and_the_next_one_is_answered(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    statuses: Counter[str] = Counter()
    async with running_centre(tmp_path) as running:
        await running.register()
        key = (await running.token())["Authorization"].encode()
        proper = _PROPER.replace(b"Connection", b"Authorization: %b\r\nConnection" % key)
        async with serving(running) as address:
            host, port = address.removeprefix("http://").split(":")
            for first in range(0, INPUTS, AT_ONCE):
                sent = [_SPOILERS[number % len(_SPOILERS)](dice) for number in range(first, first + AT_ONCE)]
                answers = await asyncio.gather(*(_send(host, int(port), one) for one in sent))
                statuses.update(map(_judge, sent, answers))
                assert (await _send(host, int(port), proper)).startswith(b"HTTP/1.1 200")
            async with httpx.AsyncClient(base_url=address) as client:
                assert (await client.get("/health/ready")).status_code in (200, 503)  # 503: there is no broker here.
    print(dict(statuses))


def _judge(sent: bytes, answer: bytes) -> str:
    """The status, or "hung up". A refusal has a reason."""
    if not answer:
        return "hung up"
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head[9:12].decode("ascii")
    assert status[0] == "4", f"{sent[:120]!r} was answered {answer[:300]!r}"
    assert body, f"{sent[:120]!r} was refused without a word"
    return status


async def _send(host: str, port: int, sent: bytes) -> bytes:
    """What comes back until the server hangs up. If it waits for more, it hears that there is none."""
    reader, writer = await asyncio.open_connection(host, port)
    reading = asyncio.ensure_future(reader.read())
    try:
        writer.write(sent)
        await writer.drain()
        await asyncio.wait({reading}, timeout=WAITS_S)
        if not reading.done():
            writer.write_eof()
        return await reading
    except ConnectionError:
        return b""
    finally:
        writer.close()
