"""Goal: neither an address, nor a body, nor a message that comes twice gets at more than it should.

Method: raw bytes to a real server, since clients tidy addresses up before they send them; uploads as the broker hands them on.
"""

from __future__ import annotations

import asyncio
import gzip
import itertools
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from onebook_collector.administration.rights import Role
from onebook_collector.api.body_limit import BODY_BYTES_MAX
from onebook_collector.ingest.book_uploads import ReceivedUpload, book_journal_upload
from onebook_collector.ingest.decide import Outcome, Pace
from onebook_collector.ledger import tables as t
from onebook_schemas.encoding import decode_upload, encode_upload
from tests.contract.ledger_events import LOT, body, line, log_of, moved, upload
from tests.integration.running_centre import RunningCentre, running_centre, serving

UPWARDS = [
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "%252e%252e%252f",
    "..;/",
    "%c0%ae%c0%ae/",
    ".%00./",
]
STARTS = ["/static/", "/static//", "/", "/api/v1/sites/", "/api/v1/exports/", "/overview/"]
TARGETS = ["etc/passwd", "app.py", "rendering.py", "templates/overview.html", "administration.db", "pyproject.toml"]
NO_SECRETS = [b"root:x:", b"from __future__", b"{% ", b"SQLite format 3", b"[project]"]


async def raw(address: str, head: str, body: bytes = b"") -> bytes:
    host, port = urlsplit(address).hostname, urlsplit(address).port
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"{head}\r\nHost: centre\r\nConnection: close\r\n".encode("latin-1"))
        writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def test_no_address_leads_to_a_file_that_is_not_for_the_pages(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as running, serving(running) as address:
        key = (await running.token(role=Role.ADMINISTRATOR))["Authorization"]
        served = await raw(address, "GET /static/overview.css HTTP/1.1")
        assert served.startswith(b"HTTP/1.1 200")  # Or nothing below would mean anything.
        for start, up, target in itertools.product(STARTS, UPWARDS, TARGETS):
            for steps in (1, 6):
                path = start + up * steps + target
                answer = await raw(address, f"GET {path} HTTP/1.1\r\nAuthorization: {key}")
                assert answer[9:12] in (b"400", b"404", b"405", b"422"), (path, answer[:200])
                assert not any(secret in answer for secret in NO_SECRETS), path
        for path in (f"/static/{tmp_path}/ledger.db", f"/static//{tmp_path}/ledger.db", "file:///etc/passwd"):
            answer = await raw(address, f"GET {path} HTTP/1.1")
            assert answer[9:12] in (b"400", b"401", b"404"), (path, answer[:200])


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
async def test_a_compressed_body_is_not_unpacked(tmp_path: Path, encoding: str) -> None:
    """A gigabyte of zeros is a megabyte of gzip. Nobody here has a use for compressed requests."""
    bomb = gzip.compress(b'{"reason": "' + b"0" * (64 * BODY_BYTES_MAX) + b'"}')
    assert len(bomb) < BODY_BYTES_MAX
    async with running_centre(tmp_path) as running, serving(running) as address:
        key = await running.token(role=Role.PROVINCIAL_OPS)
        headers = key | {"Content-Encoding": encoding, "Content-Type": "application/json"}
        async with httpx.AsyncClient(base_url=address) as client:
            answer = await client.post(_REJECT, content=bomb, headers=headers)
            assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")


async def test_an_oversized_body_is_refused_also_when_it_does_not_say_so(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as running, serving(running) as address:
        key = await running.token(role=Role.PROVINCIAL_OPS)

        async def endless() -> Any:
            for _ in range(BODY_BYTES_MAX // 65_536 + 2):
                yield b"0" * 65_536

        async with httpx.AsyncClient(base_url=address, headers=key) as client:
            assert (await client.post(_REJECT, content=b"0" * (BODY_BYTES_MAX + 1))).status_code == 413
            assert (await client.post(_REJECT, content=endless())).status_code == 413


async def test_an_upload_that_is_replayed_books_nothing(tmp_path: Path) -> None:
    """Somebody kept the bytes of an edge's upload and sends them again: at once, after others, and changed to look new."""
    async with running_centre(tmp_path) as running:
        await running.register()
        key, start = log_of("edge-1"), (await running.centre.ledger.cursors([log_of("edge-1")]))[log_of("edge-1")].head
        first = body(1, moved(1, "receipt", line(LOT, 40, to_bin="A-01")), running.clock.at_ms)
        kept = encode_upload(upload(key, 1, start, [first]))
        assert await send(running, kept) is Outcome.FRESH
        booked = await entries(running)
        for _ in range(3):
            await send(running, kept)
        await running.book("edge-1", moved(2, "receipt", line(LOT, 1, to_bin="A-01")))
        await send(running, kept)
        assert await entries(running) == booked + 1
        cursor = (await running.centre.ledger.cursors([key]))[key]
        again = body(3, moved(1, "receipt", line(LOT, 40, to_bin="A-01")), running.clock.at_ms)
        await send(
            running, encode_upload(upload(key, 3, cursor.head, [again]))
        )  # The same movement under a new number.
        assert await entries(running) == booked + 1


async def send(running: RunningCentre, content: bytes) -> Outcome:
    received = ReceivedUpload(decode_upload(content), content, running.clock.at_ms)
    return (await running.centre.ledger.write(lambda book: book_journal_upload(book, received, Pace()))).outcome


async def entries(running: RunningCentre) -> int:
    return await running.centre.ledger.read(
        lambda c: c.execute(select(func.count()).select_from(t.movement)).scalar_one()
    )


_REJECT = "/api/v1/quarantine/edge-1/0123456789abcdef/journal/1/reject"
