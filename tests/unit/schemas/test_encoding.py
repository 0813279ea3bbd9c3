from __future__ import annotations

import contextlib
import json
import random
import zlib
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.encoding import (
    EVENT_BYTES_MAX,
    UPLOAD_BYTES_MAX,
    UndecodableError,
    decode,
    decode_upload,
    encode,
    encode_upload,
)
from onebook_schemas.uplink import Ack, EdgeState, Live, Stream, Upload, UploadHeader

EPOCH = "00112233445566aa"
ACK = Ack(epoch=EPOCH, stream=Stream.JOURNAL, first_sequence=1, accepted_through=10, pace_ms=250)
STATE = EdgeState(
    edge_id="edge-1", online=True, software_version="1", epochs={Stream.JOURNAL: EPOCH}, clock_synchronised=True
)


def header(*, first: int = 1, last: int = 2, stream: Stream = Stream.JOURNAL) -> UploadHeader:
    return UploadHeader(
        edge_id="edge-1", epoch=EPOCH, stream=stream, first_sequence=first, last_sequence=last, waiting=0
    )


@given(st.lists(st.binary(min_size=1, max_size=300).filter(lambda line: b"\n" not in line), min_size=1, max_size=20))
def test_event_lines_come_back_byte_for_byte(lines: list[bytes]) -> None:
    upload = Upload(header(last=len(lines)), tuple(lines))
    assert decode_upload(encode_upload(upload)) == upload


def test_the_same_upload_gives_the_same_bytes() -> None:
    upload = Upload(header(), (b"x" * 900, b"y"))
    assert encode_upload(upload) == encode_upload(upload)


@pytest.mark.parametrize("message", [ACK, STATE])
def test_a_message_with_one_bit_changed_is_never_taken_for_another(message: BaseModel) -> None:
    whole = encode(message)
    taken = [one for one in map(partial(_decoded, type(message)), _one_bit_changed(whole)) if one is not None]
    assert all(one == message for one in taken)
    assert len(taken) < 8, "only the bits that fill up the last byte before the checksum say nothing"


def test_an_upload_with_one_bit_changed_is_never_taken_for_another() -> None:
    for upload in (
        Upload(header(last=0), ()),
        Upload(header(stream=Stream.TELEMETRY), (b'{"value":21}', b'{"value":22}')),
    ):
        for changed in _one_bit_changed(encode_upload(upload)):
            with contextlib.suppress(UndecodableError):
                assert decode_upload(changed) == upload


def test_the_algorithm_stands_in_the_header_only_where_it_is_not_the_usual_one() -> None:
    """A collector that does not know of it yet reads what it always did."""
    usual, other = header(last=0), header(last=0).model_copy(update={"hash_algorithm": HashAlgorithm.SM3})
    assert b"hash_algorithm" not in zlib.decompress(encode_upload(Upload(usual)))
    assert b'"hash_algorithm":"sm3"' in zlib.decompress(encode_upload(Upload(other)))
    for one in (usual, other):
        assert decode_upload(encode_upload(Upload(one))).header == one


def test_an_algorithm_that_is_not_ours_is_refused() -> None:
    for word in ("md5", "SM3", "sha256 ", None):
        head = json.loads(zlib.decompress(encode_upload(Upload(header(last=0))))) | {"hash_algorithm": word}
        with pytest.raises(UndecodableError, match="header: hash_algorithm"):
            decode_upload(json.dumps(head).encode())


def test_plain_text_is_taken_too() -> None:
    upload = Upload(header(), (b"{}", b"{}"))
    assert decode_upload(zlib.decompress(encode_upload(upload))) == upload
    assert decode(Ack, zlib.decompress(encode(ACK))) == ACK


def test_what_stands_behind_a_compressed_message_is_refused() -> None:
    with pytest.raises(UndecodableError, match="behind"):
        decode(Ack, encode(ACK) + b"{}")


def _one_bit_changed(whole: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def _decoded(kind: type[BaseModel], body: bytes) -> BaseModel | None:
    with contextlib.suppress(UndecodableError):
        return decode(kind, body)
    return None


def test_a_compression_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = zlib.compress(b"{" + b"0" * (UPLOAD_BYTES_MAX * 4), 9)
    assert len(bomb) < 100_000
    with pytest.raises(UndecodableError, match="larger than"):
        decode_upload(bomb)


def test_a_cut_off_message_is_refused() -> None:
    whole = encode_upload(Upload(header(), (b"a" * 900, b"b")))
    with pytest.raises(UndecodableError, match="cut off"):
        decode_upload(whole[:-5])


@pytest.mark.parametrize(
    ("first", "last", "lines", "reason"),
    [
        (1, 3, (b"a", b"b"), "one line per sequence"),
        (1, 0, (b"a",), "do not agree"),
        (5, 3, (), "do not agree"),
        (1, 1, (), "do not agree"),
        (1, 1, (b"a" * (EVENT_BYTES_MAX + 1),), "an event is larger"),
    ],
)
def test_an_extent_that_does_not_agree_with_the_events_is_refused(
    first: int, last: int, lines: tuple[bytes, ...], reason: str
) -> None:
    with pytest.raises(UndecodableError, match=reason):
        decode_upload(encode_upload(Upload(header(first=first, last=last), lines)))


def test_a_thousand_seeded_garbled_messages_end_in_an_explained_refusal_or_in_an_upload() -> None:
    dice = random.Random(20261123)
    whole = encode_upload(Upload(header(), (b'{"a":1}' * 80, b"{}")))
    refused = 0
    for _ in range(1_000):
        garbled = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            garbled[dice.randrange(len(garbled))] = dice.randrange(256)
        try:
            decode_upload(bytes(garbled))
        except UndecodableError as error:
            refused += 1
            assert 10 < len(str(error)) < 250
    assert refused > 900


def test_a_message_of_a_later_version_is_refused_in_words() -> None:
    with pytest.raises(UndecodableError, match="v:"):
        decode(Ack, b'{"v":2,"epoch":"00112233445566aa","stream":"journal","first_sequence":1,"accepted_through":0}')


@pytest.mark.parametrize("value", ["Infinity", "NaN", "1e999", "1" + "0" * 400])
def test_a_live_value_that_json_cannot_carry_on_is_refused(value: str) -> None:
    reading = f'{{"device":"probe-1","quantity":"temperature_c","unit":"CEL","value":{value}}}'
    text = f'{{"v":1,"edge_id":"edge-1","wall_ms":1,"clock_synchronised":true,"readings":[{reading}]}}'
    with pytest.raises(UndecodableError, match="readings"):
        decode(Live, zlib.compress(text.encode()))
