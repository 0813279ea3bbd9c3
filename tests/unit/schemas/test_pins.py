"""PINs: hashed with their own salt, and bounded in what a check may cost a small box."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from onebook_schemas.pins import hash_pin, is_pin, pin_matches
from onebook_schemas.reference import PinHash

SALT = bytes(range(16))
KEPT = "2d428995ded426cdcd9be3fbe3361c078d9b5f22b7ae996faee473568571fcc3"


def test_a_pin_matches_what_was_made_of_it_and_no_other_does() -> None:
    kept = hash_pin("246810", SALT)
    assert pin_matches("246810", kept)
    assert not pin_matches("246811", kept)
    assert hash_pin("246810", bytes(16)).hash != kept.hash
    assert "246810" not in kept.model_dump_json()


def test_a_hash_that_was_kept_once_matches_for_ever() -> None:
    kept = PinHash(salt=SALT.hex(), log2_n=14, r=8, p=1, hash=KEPT)
    assert pin_matches("246810", kept)
    assert kept.memory_bytes == 128 * 8 * (16384 + 1)


@pytest.mark.parametrize("text", ["12345", "1234567890123", "12345a", "", "１２３４５６", "123456\n"])
def test_what_is_no_pin_is_refused(text: str) -> None:
    assert not is_pin(text)
    with pytest.raises(ValueError, match="six to twelve digits"):
        hash_pin(text, SALT)


def test_costs_that_would_fill_a_small_box_are_refused() -> None:
    with pytest.raises(ValidationError, match="bytes of memory"):
        PinHash(salt=SALT.hex(), log2_n=18, r=16, p=1, hash="0" * 64)
