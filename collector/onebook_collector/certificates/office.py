"""The certificate office: gives out codes, enrols boxes, renews and revokes. Each act stands in the audit log, refusals too."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from onebook_collector.administration.audit import DONE, AuditEntry, write_audit
from onebook_collector.administration.store import AdministrationStore
from onebook_collector.certificates import registry
from onebook_collector.certificates.authority import Authority, Profile, Wish, pem, write_file
from onebook_collector.certificates.rate_limit import RateLimit
from onebook_collector.certificates.registry import IssuedCertificate
from onebook_collector.certificates.requests import is_signed_by, key_in_request, key_sha256
from onebook_collector.certificates.settings import CertificateSettings
from onebook_collector.certificates.tables import certificate
from onebook_collector.clock import Clock, utc
from onebook_collector.errors import ConfigurationError, RefusedError
from onebook_schemas.enrolment import Enrolled, EnrolmentRequest, Invitation, RenewalRequest, fingerprint

log = structlog.get_logger()

T = TypeVar("T")

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
TRIES_MAX, TRIES_WINDOW_MS = 10, 60_000  # From one address.
BACKDATED = timedelta(hours=1)  # A box whose clock is a little behind must not call its certificate not yet valid.


@dataclass(frozen=True, slots=True)
class CertificateOffice:
    store: AdministrationStore
    authority: Authority
    settings: CertificateSettings
    crl_file: Path
    clock: Clock
    tries: RateLimit = field(default_factory=lambda: RateLimit(TRIES_MAX, TRIES_WINDOW_MS))
    broker: tuple[str, int] | None = (
        None  # Where sessions of revoked edges are ended; None: plain text, no certificates.
    )

    @property
    def ca_fingerprint(self) -> str:
        return fingerprint(self.authority.certificate.public_bytes(serialization.Encoding.DER))

    async def invite(
        self, edge_id: str, site_id: str, *, valid_hours: int, actor: str, address: str = ""
    ) -> Invitation:
        """A one-time code for this edge. Only its hash is kept; an earlier one that nobody has used ends."""
        if self.settings.address is None:
            raise ConfigurationError(['certificates.address: 缺少 / missing. Add `address = "centre.example"`.'])
        code = base64.b32encode(secrets.token_bytes(10)).decode()
        invitation = Invitation(self.settings.address, self.settings.enrolment_port, code, self.ca_fingerprint)
        invitation.text()
        now_ms = self.clock.now_ms()

        def work(connection: Connection) -> None:
            registry.drop_open_codes(connection, edge_id, now_ms)
            expires_at_ms = now_ms + valid_hours * HOUR_MS
            registry.keep_code(connection, edge_id, site_id, _sha256(code), now_ms, expires_at_ms)
            detail: dict[str, str | int] = {"site_id": site_id, "valid_hours": valid_hours}
            entry = AuditEntry(actor, "edge.invite", edge_id, DONE, address, detail)
            write_audit(connection, entry, now_ms)

        await self.store.write(work)
        return invitation

    async def withdraw(self, code_id: int, edge_id: str, *, actor: str, address: str = "") -> bool:
        """End a code that nobody has used; False: there is none."""

        def work(connection: Connection) -> bool:
            now_ms = self.clock.now_ms()
            is_withdrawn = registry.withdraw_code(connection, code_id, now_ms)
            if is_withdrawn:
                entry = AuditEntry(actor, "edge.withdraw_code", edge_id, DONE, address, {"code_id": code_id})
                write_audit(connection, entry, now_ms)
            return is_withdrawn

        return await self.store.write(work)

    async def enrol(self, asked: EnrolmentRequest, address: str) -> Enrolled:
        """The first certificate of a box that holds a code. Raises RefusedError."""
        return await self._serve(
            "edge.enrol", asked.edge_id, address, lambda connection: self._enrol(connection, asked)
        )

    async def renew(self, asked: RenewalRequest, address: str) -> Enrolled:
        """The next certificate of an edge that proves to hold the key of its present one. Raises RefusedError."""
        return await self._serve(
            "edge.renew", asked.edge_id, address, lambda connection: self._renew(connection, asked)
        )

    async def issue(self, subject: str, profile: Profile, key: ec.EllipticCurvePublicKey, *, names: tuple[str, ...] = (),
                    days: int, actor: str) -> IssuedCertificate:  # fmt: skip
        """A certificate for the centre itself: its servers, its collectors."""

        def work(connection: Connection) -> IssuedCertificate:
            issued = self._sign(connection, subject, profile, key, names=names, days=days)
            entry = AuditEntry(
                actor, "certificate.issue", subject, detail={"serial": issued.serial, "profile": profile}
            )
            write_audit(connection, entry, self.clock.now_ms())
            return issued

        return await self.store.write(work)

    async def revoke(
        self, *, subject: str | None = None, serial: str | None = None, reason: str, actor: str, address: str = ""
    ) -> list[IssuedCertificate]:
        """Revoke every certificate of a name, or one; codes of that name end too. Writes the revocation list anew."""
        condition = certificate.c.subject == subject if serial is None else certificate.c.serial == serial

        def work(connection: Connection) -> list[IssuedCertificate]:
            now_ms = self.clock.now_ms()
            revoked = registry.revoke(connection, condition, reason, now_ms)
            for name in {one.subject for one in revoked} | ({subject} if subject else set()):
                registry.drop_open_codes(connection, name, now_ms)
            for one in revoked:
                detail = {"serial": one.serial, "reason": reason}
                entry = AuditEntry(actor, "certificate.revoke", one.subject, DONE, address, detail)
                write_audit(connection, entry, now_ms)
            return revoked

        revoked = await self.store.write(work)
        await self.write_revocation_list()
        return revoked

    async def write_revocation_list(self) -> None:
        revoked = await self.store.read(registry.revoked_serials)
        content = self.authority.revocation_list(revoked, utc(self.clock.now_ms()))
        write_file(self.crl_file, content, mode=0o644)

    # Deciding ---------------------------------------------------------------------------------------------------

    def _enrol(self, connection: Connection, asked: EnrolmentRequest) -> IssuedCertificate:
        key = key_in_request(asked.request_pem, asked.edge_id)
        now_ms = self.clock.now_ms()
        codes = [one for one in registry.codes_of(connection, asked.edge_id)
                 if hmac.compare_digest(one.code_sha256, _sha256(asked.code))]  # fmt: skip
        if not codes:
            raise _refused(
                "code_unknown", "登记码不对，或属于另一台 / no such code for this edge; check edge_id and code"
            )
        (code,) = codes
        if code.used_at_ms is not None:
            again = registry.certificate_of_key(connection, asked.edge_id, key)
            if again is not None and again.state == registry.ACTIVE and code.used_for_key_sha256 == again.key_sha256:
                return again  # The answer was lost on the way: the same key gets the same certificate.
            raise _refused("code_used", "登记码已用过，请领新码 / this code was used; ask the centre for a new one")
        if code.expires_at_ms <= now_ms:
            raise _refused(
                "code_expired", "登记码已过期，请领新码 / this code has expired; ask the centre for a new one"
            )
        registry.use_code(connection, code.code_id, key_sha256(key), now_ms)
        return self._sign(connection, asked.edge_id, Profile.EDGE, key, days=self.settings.edge_days)

    def _renew(self, connection: Connection, asked: RenewalRequest) -> IssuedCertificate:
        key = key_in_request(asked.request_pem, asked.edge_id)
        present = registry.certificate_of_serial(connection, asked.serial)
        if present is None or present.subject != asked.edge_id or present.profile is not Profile.EDGE:
            raise _refused("certificate_unknown", "不是本中心签发的证书 / not a certificate of this edge; enrol again")
        if not is_signed_by(present.pem, asked.signature, asked.request_pem):
            raise _refused("signature_wrong", "签名不是现有密钥所签 / not signed by the key of that certificate")
        if present.state == registry.REVOKED:
            raise _refused("certificate_revoked", "证书已吊销 / the certificate is revoked; ask the centre")
        known = registry.certificate_of_key(connection, asked.edge_id, key)
        if known is not None and known.serial != present.serial and known.state == registry.ACTIVE:
            return known  # The answer was lost on the way.
        if known is not None:
            raise _refused("key_not_new", "请用新密钥 / make a new key for a new certificate")
        if present.state == registry.SUPERSEDED:
            raise _refused(
                "certificate_superseded",
                "已换发过，可能有两台同名设备 / replaced already: are there two boxes of this name?",
            )
        if present.not_after_ms + self.settings.renewal_grace_days * DAY_MS <= self.clock.now_ms():
            raise _refused("certificate_too_old", "证书过期太久，请重新登记 / expired for too long; enrol again")
        return self._sign(connection, asked.edge_id, Profile.EDGE, key, days=self.settings.edge_days)

    def _sign(self, connection: Connection, subject: str, profile: Profile, key: ec.EllipticCurvePublicKey, *,
              names: tuple[str, ...] = (), days: int) -> IssuedCertificate:  # fmt: skip
        now_ms = self.clock.now_ms()
        now = utc(now_ms)
        wish = Wish(subject, profile, key, now - BACKDATED, now + timedelta(days=days), names)
        return registry.keep_issued(connection, wish, self.authority.sign(wish), now_ms)

    async def _serve(
        self, action: str, edge_id: str, address: str, decide: Callable[[Connection], IssuedCertificate]
    ) -> Enrolled:
        """Decide and write it down, in one transaction; a refusal is written down on its own."""

        def work(connection: Connection) -> IssuedCertificate:
            issued = decide(connection)
            write_audit(connection, entry(DONE, {"serial": issued.serial}), self.clock.now_ms())
            return issued

        def entry(outcome: str, detail: Mapping[str, str]) -> AuditEntry:
            return AuditEntry(f"edge:{edge_id}", action, edge_id, outcome, address, detail)

        try:
            issued = await self.store.write(work)
        except RefusedError as error:
            log.warning("certificate_refused", action=action, edge_id=edge_id, address=address, reason=error.reason)
            refusal = entry(error.reason, {})
            await self.store.write(lambda connection: write_audit(connection, refusal, self.clock.now_ms()))
            raise
        log.info("certificate_issued", action=action, edge_id=edge_id, address=address, serial=issued.serial)
        return self._enrolled(issued)

    def _enrolled(self, issued: IssuedCertificate) -> Enrolled:
        assert self.settings.address is not None, "an office that gives out codes has an address"
        return Enrolled(
            edge_id=issued.subject,
            serial=issued.serial,
            certificate_pem=issued.pem,
            ca_pem=pem(self.authority.certificate).decode("ascii"),
            not_before_ms=issued.not_before_ms,
            not_after_ms=issued.not_after_ms,
            broker_host=self.settings.address,
            broker_port=self.settings.broker_port,
        )


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode("ascii")).hexdigest()


def _refused(reason: str, detail: str) -> RefusedError:
    return RefusedError(reason, detail, status=403)
