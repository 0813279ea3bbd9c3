"""Bytes <-> messages: framing, compression, size limits.

An upload is lines: the header as JSON, then each event exactly as the edge stored it (JSON without line breaks); every other
message is one JSON object. The whole is a zlib stream (RFC 1950): its checksum tells one that was changed on the way,
however small. A decoder takes plain text too (sent below 512 bytes once) and tells it by its first byte (JSON begins "{").
"""

from __future__ import annotations

import zlib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from onebook_schemas.uplink import Stream, Upload, UploadHeader

EVENT_BYTES_MAX = 64 * 1024
UPLOAD_LINES_MAX = 10_000
UPLOAD_BYTES_MAX = 4 * 1024 * 1024
"""Plain size of an upload; a decoder stops inflating there (a "bomb" of zeros would otherwise fill the memory)."""

_MessageT = TypeVar("_MessageT", bound=BaseModel)


class UndecodableError(ValueError):
    """These bytes are no message of this version. The text says why, without repeating the bytes."""


def encode_upload(upload: Upload) -> bytes:
    """The bytes of one MQTT message. Deterministic: the same upload gives the same bytes."""
    plain = b"\n".join((upload.header.model_dump_json(exclude_defaults=False).encode(), *upload.lines))
    return zlib.compress(plain, 6)


def decode_upload(body: bytes) -> Upload:
    """The upload in a message. Raises UndecodableError; the event lines themselves are not judged here."""
    head, *lines = _inflate(body).split(b"\n")
    try:
        header = UploadHeader.model_validate_json(head)
    except ValidationError as error:
        raise UndecodableError(f"header: {explain(error)}") from error
    _check_extent(header, lines)
    return Upload(header, tuple(lines))


def encode(message: BaseModel) -> bytes:
    """The bytes of one MQTT message."""
    return zlib.compress(message.model_dump_json().encode(), 6)


def decode(kind: type[_MessageT], body: bytes) -> _MessageT:
    """A message of this kind. Raises UndecodableError."""
    try:
        return kind.model_validate_json(_inflate(body))
    except ValidationError as error:
        raise UndecodableError(explain(error)) from error


def explain(error: ValidationError) -> str:
    """The first problems of a validation, by place, without the offending input."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    text = "; ".join(f"{'.'.join(str(part) for part in one['loc']) or 'body'}: {one['msg']}" for one in found[:3])
    return text[:180]


def _inflate(body: bytes) -> bytes:
    if body[:1] == b"{":
        if len(body) > UPLOAD_BYTES_MAX:
            raise UndecodableError(f"message is larger than {UPLOAD_BYTES_MAX} bytes")
        return body
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(body, UPLOAD_BYTES_MAX)
    except zlib.error as error:
        raise UndecodableError(f"neither JSON nor zlib: {error}") from error
    if inflater.unconsumed_tail or not inflater.eof:
        raise UndecodableError(f"compressed message is cut off, or larger than {UPLOAD_BYTES_MAX} bytes when inflated")
    if inflater.unused_data:
        raise UndecodableError("something stands behind the compressed message")
    return plain


def _check_extent(header: UploadHeader, lines: list[bytes]) -> None:
    covered = header.last_sequence - header.first_sequence + 1
    if covered < 0 or (covered == 0) != (not lines):
        raise UndecodableError("first_sequence, last_sequence and the number of events do not agree")
    if header.stream is Stream.JOURNAL and covered != len(lines):
        raise UndecodableError("a journal upload has one line per sequence")
    if len(lines) > min(UPLOAD_LINES_MAX, covered):
        raise UndecodableError("more events than sequences, or more than one upload may carry")
    if any(len(line) > EVENT_BYTES_MAX for line in lines):
        raise UndecodableError(f"an event is larger than {EVENT_BYTES_MAX} bytes")
