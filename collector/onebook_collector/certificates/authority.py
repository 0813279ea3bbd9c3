"""The certificate authority: who signs, and what for. Another one takes its place by offering the same three things."""

from __future__ import annotations

import enum
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from onebook_collector.errors import ConfigurationError, RefusedError

AUTHORITY_YEARS = 20
_DIGEST = hashes.SHA256()


class Profile(enum.StrEnum):
    """What a certificate is good for."""

    EDGE = "edge"
    COLLECTOR = "collector"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be certified. `names` are host names and addresses of a server."""

    subject: str
    profile: Profile
    key: ec.EllipticCurvePublicKey
    not_before: datetime
    not_after: datetime
    names: tuple[str, ...] = ()


class Authority(Protocol):
    """Signs. Knows nothing of codes, edges and databases."""

    @property
    def certificate(self) -> x509.Certificate: ...

    def sign(self, wish: Wish) -> x509.Certificate: ...

    def revocation_list(self, revoked: Iterable[tuple[int, datetime]], now: datetime) -> bytes:
        """PEM. Holds until the authority itself ends: an expired list would lock every edge out of the broker."""
        ...


class FileAuthority:
    """An authority whose key lies in a file, encrypted with a passphrase. ECDSA P-256."""

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        self.certificate = certificate
        self._key = key

    @classmethod
    def create(cls, folder: Path, name: str, passphrase: bytes, now: datetime) -> Self:
        """Make key and certificate. Raises RefusedError when there are some: every certificate would lose its issuer."""
        if (folder / "ca.key").exists():
            raise RefusedError("exists", f"{folder}/ca.key 已存在 / is there already; it is not replaced")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(
                subject,
                subject,
                key.public_key(),
                now - timedelta(hours=1),
                now + timedelta(days=365 * AUTHORITY_YEARS),
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(key, _DIGEST)
        )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        encryption = serialization.BestAvailableEncryption(passphrase)
        write_file(folder / "ca.key", _private_pem(key, encryption), mode=0o600)
        write_file(folder / "ca.crt", pem(certificate), mode=0o644)
        return cls(certificate, key)

    @classmethod
    def open(cls, folder: Path, passphrase: bytes) -> Self:
        """Raises ConfigurationError when there is none, or when the passphrase is another one."""
        try:
            certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
            key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), passphrase)
        except OSError as error:
            raise ConfigurationError(
                [f"{error.filename}: {error.strerror}. 先运行 / run first: onebook ca init"]
            ) from error
        except ValueError as error:
            raise ConfigurationError(
                [f"{folder}/ca.key: 口令不对或文件损坏 / wrong passphrase, or damaged file"]
            ) from error
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return cls(certificate, key)

    def sign(self, wish: Wish) -> x509.Certificate:
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if wish.profile is Profile.SERVER else ExtendedKeyUsageOID.CLIENT_AUTH
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, wish.subject)])
        builder = (
            _builder(subject, self.certificate.subject, wish.key, wish.not_before, wish.not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if wish.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(map(_general_name, wish.names)), critical=False)
        return builder.sign(self._key, _DIGEST)

    def revocation_list(self, revoked: Iterable[tuple[int, datetime]], now: datetime) -> bytes:
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject,
            last_update=now - timedelta(hours=1),
            next_update=self.certificate.not_valid_after_utc,
        )
        for serial, at in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder(serial_number=serial, revocation_date=at).build()
            )
        return builder.sign(self._key, _DIGEST).public_bytes(serialization.Encoding.PEM)


def new_key() -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """A key for a server or a collector: the public half, and the private one as PEM, not encrypted."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.public_key(), _private_pem(key, serialization.NoEncryption())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """Put a file in place, whole, with its mode from the first byte on."""
    waiting = path.with_name(path.name + ".new")
    waiting.unlink(missing_ok=True)
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    waiting.rename(path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number(), begins, ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )  # fmt: skip


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private_pem(key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
