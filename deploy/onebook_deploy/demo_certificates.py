"""Certificates for one run of the demonstration: an authority that is forgotten with it. In this process, within milliseconds."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path

from onebook_collector.certificates.authority import FileAuthority, Profile, Wish, new_key, pem, write_file
from onebook_collector.clock import SystemClock, utc
from onebook_schemas.tls import TlsFiles

LIFE = timedelta(days=7)


class DemoCertificates:
    def __init__(self, folder: Path) -> None:
        self._folder, self._now = folder, utc(SystemClock().now_ms())
        self._authority = FileAuthority.create(folder, "onebook demo", secrets.token_bytes(16), self._now)

    def make(self, subject: str, profile: Profile, *names: str) -> TlsFiles:
        """Key and certificate, as files."""
        key, key_pem = new_key()
        issued = self._authority.sign(
            Wish(subject, profile, key, self._now - timedelta(hours=1), self._now + LIFE, names)
        )
        certificate_file, key_file = self._folder / f"{subject}.crt", self._folder / f"{subject}.key"
        write_file(certificate_file, pem(issued), mode=0o644)
        write_file(key_file, key_pem, mode=0o600)
        return TlsFiles(ca_file=self._folder / "ca.crt", certificate_file=certificate_file, key_file=key_file)


def broker_table(port: int, files: TlsFiles) -> str:
    """The line of a configuration that says where the broker is, and with which certificate."""
    places = ", ".join(f"{name} = {json.dumps(str(file))}" for name, file in files)
    return f'broker = {{host = "127.0.0.1", port = {port}, tls = {{{places}}}}}'
