"""Certificate requests come from strangers, and are read before the code is: what makes no sense is refused."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onebook_collector.certificates.requests import key_in_request
from onebook_collector.errors import RefusedError

EDGE = "edge-1"
_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, EDGE)])
_KEY = ec.generate_private_key(ec.SECP256R1())
_ASKED = x509.CertificateSigningRequestBuilder().subject_name(_NAME).sign(_KEY, hashes.SHA256())
DER = _ASKED.public_bytes(serialization.Encoding.DER)
EC_KEY, VERSION = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("020100")


def request_of(der: bytes) -> str:
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{base64.encodebytes(der).decode()}-----END CERTIFICATE REQUEST-----\n"


def test_a_request_for_the_edge_by_the_owner_of_the_key_is_read() -> None:
    assert key_in_request(request_of(DER), EDGE)


@pytest.mark.parametrize(
    "der",
    [
        DER.replace(EC_KEY, EC_KEY[:-1] + b"\7", 1),  # A kind of key that nobody has heard of.
        DER.replace(VERSION, b"\2\1\x7f", 1),
        DER[:-1] + bytes((DER[-1] ^ 1,)),
        DER[:20],
        b"",
    ],
    ids=["key of no kind", "version 127", "last bit turned", "cut off", "empty"],
)
def test_a_request_that_makes_no_sense_is_refused(der: bytes) -> None:
    with pytest.raises(RefusedError):
        key_in_request(request_of(der), EDGE)
