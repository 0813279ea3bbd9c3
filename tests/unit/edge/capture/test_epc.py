from __future__ import annotations

import random
import warnings
from typing import Any

import pytest

from onebook_edge.capture.epc import decode
from tests.unit.edge.drivers.vectors import vectors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Of its own source: "invalid escape sequence" when it is first compiled.
    from epcpy import hex_to_tag_encodable


@pytest.mark.parametrize("vector", vectors("epc.json"))
def test_an_epc_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    epc = decode(vector["hex"])
    expect = {"error": None, **vector["expect"]}
    assert {key: getattr(epc, key) for key in expect} == expect
    if expect["error"]:
        assert (epc.tag_uri, epc.element_string, epc.gtin14, epc.sscc18, epc.gln13) == (None,) * 5


@pytest.mark.parametrize("header", [0x30, 0x31, 0x32, 0x33, 0x34])
def test_random_epcs_agree_with_an_independent_decoder(header: int) -> None:
    """Every field random, all partitions. What is out of range is not compared, since epcpy does not check it."""
    rng = random.Random(header)
    compared = 0
    for _ in range(600):
        bits = header << 88 | rng.getrandbits(3) << 85 | rng.randrange(7) << 82
        # Half of the time fewer bits, so that a good part is in range.
        bits |= rng.getrandbits(82) & (rng.getrandbits(82) if rng.random() < 0.5 else (1 << 82) - 1)
        if header == 0x31:
            bits &= ~0xFFFFFF
        ours = decode(f"{bits:024X}")
        if ours.error:
            assert ours.error == "value-out-of-range"
            continue
        theirs = hex_to_tag_encodable(ours.hex)
        assert ours.pure_identity_uri == theirs.epc_uri
        assert ours.element_string == theirs.gs1_element_string()
        compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    ("epc", "error"),
    [
        ("", "too-short"),
        ("3", "too-short"),
        ("3074257BF7194E40", "too-short"),
        ("307C257BF7194E4000001A85", "bad-partition"),
        ("30100000000000000000000" + "1", None),
        (f"{0x30 << 88 | 10**12 << 42:024X}", "value-out-of-range"),
        (f"{0x33 << 88 | 1 << 38:024X}", "value-out-of-range"),  # Partition 0 of a GRAI has no digit for the type.
        ("3074257BF7194E4000001A85" + "0000", None),
        ("3074257BF7194E4000001A85" + "0001", "bad-length"),
        ("2C74257BF7194E4000001A85", "not-gs1"),
        ("F774257BF7194E4000001A85", "not-gs1"),
    ],
)
def test_what_cannot_be_a_key_stays_a_raw_epc(epc: str, error: str | None) -> None:
    decoded = decode(epc)
    assert (decoded.error, decoded.hex) == (error, epc)


def test_a_place_without_extension_has_no_serial() -> None:
    epc = decode(f"{0x3276451FD46072 << 40:024X}")
    assert (epc.gln13, epc.serial, epc.element_string) == ("9521141123454", None, "(414)9521141123454")
