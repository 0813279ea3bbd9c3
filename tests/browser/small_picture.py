"""A screenshot with few colours: a page has some dozens, and the shades between letters and paper are more than anybody sees.

Reads the PNG that Chromium writes (8 bits, RGB or RGBA, not interlaced), and writes one with a palette (W3C PNG, sections 7, 9).
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

COLOURS_MAX = 64
_ALIKE = 12**2  # Square of a distance between two colours.
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}


def with_few_colours(png: bytes, colours_max: int = COLOURS_MAX) -> bytes:
    """The most frequent colours that one can tell apart stay, the others become the nearest of these. Transparency is dropped."""
    chunks = list(_chunks(png))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    assert depth == 8, "as Chromium writes it"
    assert not interlaced, "as Chromium writes it"
    channels = _CHANNELS[kind]
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    rows = [
        [row[at : at + 3] for at in range(0, width * channels, channels)]
        for row in _rows(data, width, height, channels)
    ]
    counts = Counter(pixel for row in rows for pixel in row)
    palette: list[bytes] = []
    for colour, _ in counts.most_common():
        if len(palette) < colours_max and all(_apart(colour, one) > _ALIKE for one in palette):
            palette.append(colour)
    place = {colour: min(range(len(palette)), key=lambda n: _apart(colour, palette[n])) for colour in counts}
    body = b"".join(b"\0" + bytes(place[pixel] for pixel in row) for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    written = ((b"IHDR", head), (b"PLTE", b"".join(palette)), (b"IDAT", zlib.compress(body, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(name, content) for name, content in written)


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert png.startswith(_SIGNATURE)
    at = len(_SIGNATURE)
    while at < len(png):
        size, name = struct.unpack_from(">I4s", png, at)
        yield name, png[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _rows(data: bytes, width: int, height: int, channels: int) -> Iterator[bytes]:
    """Each row was written as its difference from what lies left and above, in one of five ways."""
    size = width * channels
    above = bytearray(size)
    for at in range(0, height * (size + 1), size + 1):
        row = bytearray(data[at + 1 : at + 1 + size])
        _restore(data[at], row, above, channels)
        yield bytes(row)
        above = row


def _restore(way: int, row: bytearray, above: bytearray, channels: int) -> None:
    for n in range(len(row)):
        left = row[n - channels] if n >= channels else 0
        corner = above[n - channels] if n >= channels else 0
        guess = (0, left, above[n], (left + above[n]) // 2, _paeth(left, above[n], corner) if way == 4 else 0)[way]
        row[n] = (row[n] + guess) & 0xFF


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))


def _apart(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
