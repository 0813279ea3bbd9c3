"""The certificates that were issued and the codes that were given out, in the administration's database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection, Row, insert, select, update

from onebook_collector.certificates.authority import Profile, Wish, pem
from onebook_collector.certificates.requests import key_sha256
from onebook_collector.certificates.tables import certificate, enrolment_code
from onebook_collector.clock import utc

ACTIVE, SUPERSEDED, REVOKED = "active", "superseded", "revoked"


class IssuedCertificate(NamedTuple):
    serial: str
    subject: str
    profile: Profile
    state: str
    pem: str
    key_sha256: str
    not_before_ms: int
    not_after_ms: int
    issued_at_ms: int
    revoked_at_ms: int | None
    revoked_because: str | None


def keep_issued(connection: Connection, wish: Wish, issued: x509.Certificate, now_ms: int) -> IssuedCertificate:
    """Write down what was signed. An edge has one active certificate: those before it are superseded, and end by themselves."""
    if wish.profile is Profile.EDGE:
        connection.execute(
            update(certificate)
            .where(
                certificate.c.subject == wish.subject,
                certificate.c.profile == Profile.EDGE,
                certificate.c.state == ACTIVE,
            )
            .values(state=SUPERSEDED)
        )
    kept = IssuedCertificate(
        f"{issued.serial_number:x}",
        wish.subject,
        wish.profile,
        ACTIVE,
        pem(issued).decode("ascii"),
        key_sha256(wish.key),
        _ms(issued.not_valid_before_utc),
        _ms(issued.not_valid_after_utc),
        now_ms,
        None,
        None,
    )
    connection.execute(insert(certificate).values(kept._asdict()))
    return kept


def certificate_of_serial(connection: Connection, serial: str) -> IssuedCertificate | None:
    return _one(connection, certificate.c.serial == serial)


def certificate_of_key(
    connection: Connection, subject: str, key: ec.EllipticCurvePublicKey
) -> IssuedCertificate | None:
    """The certificate that this key got, if it got one."""
    return _one(connection, certificate.c.subject == subject, certificate.c.key_sha256 == key_sha256(key))


def certificates(connection: Connection, *conditions: Any) -> list[IssuedCertificate]:
    rows = connection.execute(
        select(certificate).where(*conditions).order_by(certificate.c.subject, certificate.c.issued_at_ms)
    )
    return [_issued(row) for row in rows]


def revoke(connection: Connection, condition: Any, reason: str, now_ms: int) -> list[IssuedCertificate]:
    """Revoke what is not revoked yet and has not ended; gives what was revoked."""
    hit = certificates(connection, condition, certificate.c.state != REVOKED, certificate.c.not_after_ms > now_ms)
    connection.execute(
        update(certificate)
        .where(certificate.c.serial.in_([one.serial for one in hit]))
        .values(state=REVOKED, revoked_at_ms=now_ms, revoked_because=reason)
    )
    return hit


def revoked_serials(connection: Connection) -> list[tuple[int, datetime]]:
    return [
        (int(one.serial, 16), utc(one.revoked_at_ms))
        for one in certificates(connection, certificate.c.state == REVOKED)
        if one.revoked_at_ms is not None
    ]


def keep_code(
    connection: Connection, edge_id: str, site_id: str, code_sha256: str, now_ms: int, expires_at_ms: int
) -> None:
    connection.execute(
        insert(enrolment_code).values(
            edge_id=edge_id, site_id=site_id, code_sha256=code_sha256, made_at_ms=now_ms, expires_at_ms=expires_at_ms
        )
    )


def codes(connection: Connection) -> Sequence[Row[Any]]:
    """The newest first."""
    return connection.execute(select(enrolment_code).order_by(enrolment_code.c.code_id.desc())).all()


def codes_of(connection: Connection, edge_id: str) -> Sequence[Row[Any]]:
    return connection.execute(select(enrolment_code).where(enrolment_code.c.edge_id == edge_id)).all()


def use_code(connection: Connection, code_id: int, used_for: str, now_ms: int) -> None:
    connection.execute(
        update(enrolment_code)
        .where(enrolment_code.c.code_id == code_id)
        .values(used_at_ms=now_ms, used_for_key_sha256=used_for)
    )


def withdraw_code(connection: Connection, code_id: int, now_ms: int) -> bool:
    """End a code that nobody has used; False: there is no such open code."""
    is_open = (enrolment_code.c.used_at_ms.is_(None), enrolment_code.c.expires_at_ms > now_ms)
    ending = update(enrolment_code).where(enrolment_code.c.code_id == code_id, *is_open).values(expires_at_ms=now_ms)
    return bool(connection.execute(ending).rowcount)


def drop_open_codes(connection: Connection, edge_id: str, now_ms: int) -> int:
    """End the codes of an edge that nobody has used; gives how many."""
    done = connection.execute(
        update(enrolment_code)
        .where(
            enrolment_code.c.edge_id == edge_id,
            enrolment_code.c.used_at_ms.is_(None),
            enrolment_code.c.expires_at_ms > now_ms,
        )
        .values(expires_at_ms=now_ms)
    )
    return int(done.rowcount)


def _one(connection: Connection, *conditions: Any) -> IssuedCertificate | None:
    row = connection.execute(select(certificate).where(*conditions)).first()
    return None if row is None else _issued(row)


def _issued(row: Row[Any]) -> IssuedCertificate:
    return IssuedCertificate(**{**row._asdict(), "profile": Profile(row.profile)})


def _ms(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
