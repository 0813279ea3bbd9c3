"""An archive opens as it was written, or not at all."""

from __future__ import annotations

import io
import random

import pytest

from onebook_collector.backup import sealing
from onebook_collector.backup.sealing import BackupKey, DamagedError, Sealing, WrongKeyError, unsealed

KEY = BackupKey.new()
CHUNK = 1_000


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "CHUNK_BYTES", CHUNK)


def sealed(plain: bytes, key: BackupKey = KEY) -> bytes:
    target = io.BytesIO()
    sealing_ = Sealing(target, key)
    for at in range(0, len(plain), 333):
        sealing_.write(plain[at : at + 333])
    sealing_.finish()
    return target.getvalue()


def opened(archive: bytes, *keys: BackupKey) -> bytes:
    return b"".join(unsealed(io.BytesIO(archive), keys or (KEY,)))


PLAIN = random.Random(1).randbytes(5 * CHUNK + 17)


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, len(PLAIN)])
def test_what_was_sealed_comes_back(length: int) -> None:
    assert opened(sealed(PLAIN[:length])) == PLAIN[:length]


def test_an_altered_byte_is_refused_wherever_it_is() -> None:
    archive = sealed(PLAIN)
    for at in (*range(200), *range(200, len(archive), 7)):
        altered = bytearray(archive)
        altered[at] ^= 1
        with pytest.raises((DamagedError, WrongKeyError)):
            opened(bytes(altered))


def test_an_archive_that_was_cut_off_is_refused_wherever_it_ends() -> None:
    archive = sealed(PLAIN)
    body = len(archive) - len(PLAIN) - 6 * 16
    ends = {*range(0, len(archive), 13), *(body + n * (CHUNK + 16) for n in range(6)), len(archive) - 1}
    for end in ends:
        with pytest.raises(DamagedError):
            opened(archive[:end])


def test_chunks_that_were_swapped_doubled_or_left_out_are_refused() -> None:
    archive = sealed(PLAIN)
    start, step = len(archive) - len(PLAIN) - 6 * 16, CHUNK + 16
    chunks = [archive[start + n * step : start + (n + 1) * step] for n in range(6)]
    for order in ((1, 0, 2, 3, 4, 5), (0, 0, 1, 2, 3, 4, 5), (0, 2, 3, 4, 5), (0, 1, 2, 3, 4, 5, 5)):
        with pytest.raises(DamagedError):
            opened(archive[:start] + b"".join(chunks[n] for n in order))


def test_a_chunk_of_another_archive_of_the_same_key_is_refused() -> None:
    one, other = sealed(PLAIN), sealed(PLAIN)
    with pytest.raises(DamagedError):
        opened(one[: -(17 + 16)] + other[-(17 + 16) :])


def test_another_key_opens_nothing_and_the_right_one_is_named() -> None:
    archive = sealed(PLAIN)
    with pytest.raises(WrongKeyError, match=KEY.key_id):
        opened(archive, BackupKey.new())
    assert opened(archive, BackupKey.new(), KEY) == PLAIN


def test_a_key_is_read_as_it_was_written_and_nothing_else_is_one() -> None:
    assert BackupKey.from_text(KEY.to_text() + "\n") == KEY
    for text in ("", "AAAA", "not base64!"):
        with pytest.raises(ValueError):
            BackupKey.from_text(text)
