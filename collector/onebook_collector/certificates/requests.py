"""What a box asks to be certified (PKCS #10), and whether it may ask so."""

from __future__ import annotations

import base64
import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from onebook_collector.errors import RefusedError


def key_in_request(request_pem: str, edge_id: str) -> ec.EllipticCurvePublicKey:
    """The key of a request that is made by its owner, for this edge and no other. Raises RefusedError.

    Whatever else the request asks for is not looked at: the authority alone says what a certificate is good for.
    """
    try:
        request = x509.load_pem_x509_csr(request_pem.encode("ascii"))
        names = [one.value for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        key = request.public_key()
        is_owners = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise _unusable("证书请求无法读取 / the certificate request cannot be read") from error
    if not is_owners:
        raise _unusable("证书请求的签名不对 / the request is not signed by its own key")
    if names != [edge_id]:
        raise _unusable(f"证书请求的名称不是 {edge_id} / the request is for another name than {edge_id}")
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise _unusable("密钥须为 ECDSA P-256 / the key must be ECDSA P-256")
    return key


def key_sha256(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def is_signed_by(certificate_pem: str, signature: str, text: str) -> bool:
    """Whether the owner of this certificate has signed the text (ECDSA, SHA-256)."""
    key = x509.load_pem_x509_certificate(certificate_pem.encode("ascii")).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode("ascii"), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def _unusable(detail: str) -> RefusedError:
    return RefusedError("request_unusable", detail, status=422)
